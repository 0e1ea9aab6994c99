// A searcher: one query, one folder, the best passages. Reads the folder each time: it may have
// changed, and some megabytes are read in less time than a model thinks.
#include "agents.hpp"
#include "bm25.hpp"

#include <cmath>

namespace deepresearch {

namespace {

using dagger::json;

dagger::outcome search(dagger::task& self, const json& in) {
  const auto read = read_corpus(in["folder"]);
  if (!read)
    return dagger::failure{read.error().code, read.error().message, false};
  auto hits = json::array();
  for (const auto& [where, score] :
       bm25{read->passages}.best(in["query"].get<std::string>(), in["hits"]))
    hits.push_back({{"path", where->path},
                    {"line", where->line},
                    {"section", where->section},
                    {"text", where->text},
                    {"score", std::round(score * 1000) / 1000}});
  self.set_summary(std::to_string(hits.size()) + " of " + std::to_string(read->passages.size())
                   + " passages for: " + in["query"].get<std::string>());
  return json{{"question", in["question"]}, {"hits", hits}, {"unread", read->unread}};
}

} // namespace

dagger::agent searcher() {
  return {
    .name = "searcher",
    .description = "Finds the passages of a folder that answer a query best (BM25)",
    .input = R"({
      "type": "object",
      "required": ["folder", "question", "query", "hits"],
      "properties": {
        "folder": {"type": "string", "minLength": 1},
        "question": {"type": "integer"},
        "query": {"type": "string"},
        "hits": {"type": "integer", "minimum": 1, "maximum": 100}
      }
    })"_json,
    .concurrency = 4,
    .run = search,
  };
}

} // namespace deepresearch
