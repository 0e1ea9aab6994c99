// The writer: the report as Markdown. Whatever wrote the text, each citation in it is checked: a
// source that nobody has found fails the attempt.
#include "agents.hpp"
#include "model.hpp"

#include <regex>
#include <set>
#include <string>
#include <utility>

namespace deepresearch {

namespace {

using dagger::json;

/// A path and a line.
using source = std::pair<std::string, std::size_t>;

/// `[planner.md:17]`
const std::regex citation{R"(\[([^\[\]\n]+):([0-9]{1,9})\])"};

std::string text_of(const source& x) {
  return x.first + ":" + std::to_string(x.second);
}

std::set<source> sources_of(const json& parts) {
  auto all = std::set<source>{};
  for (const auto& part : parts)
    for (const auto& x : part["findings"])
      all.emplace(x["path"], x["line"]);
  return all;
}

std::string list_of(const std::string& title, const json& lines) {
  auto text = std::string{};
  for (const auto& line : lines)
    text += "- " + line.get<std::string>() + "\n";
  return text.empty() ? "" : "## " + title + "\n\n" + text + "\n";
}

dagger::outcome write(dagger::task&, const json& in) {
  const auto& parts = in["parts"];
  const auto answer = ask_model("write", {{"question", in["question"]}, {"parts", parts}});
  const auto sources = sources_of(parts);
  auto text = "# " + in["question"].get<std::string>() + "\n\n";
  auto cited = std::set<source>{};
  for (auto i = std::size_t{0}; i < parts.size(); ++i) {
    const auto written = answer["parts"].at(i).get<std::string>();
    for (auto x = std::sregex_iterator{written.begin(), written.end(), citation};
         x != std::sregex_iterator{}; ++x)
      if (const auto named = source{(*x)[1], std::stoul((*x)[2])}; sources.contains(named))
        cited.insert(named);
      else
        return dagger::failure{"deepresearch.no_such_source", "nobody found " + text_of(named)};
    text += "## " + parts[i]["question"].get<std::string>() + "\n\n" + written;
  }
  auto lines = json::array();
  for (const auto& x : cited)
    lines.push_back(text_of(x));
  text += list_of("Not found", in["open"]) + list_of("Not read", in["unread"])
        + list_of("Sources", lines);
  return json{{"report", text}, {"sources", cited.size()}};
}

} // namespace

dagger::agent writer() {
  return {
    .name = "writer",
    .description = "Writes a report with citations, all of them true",
    .input = R"({"type": "object", "required": ["question", "parts", "open", "unread"]})"_json,
    .concurrency = 4,
    .retry = {.max_attempts = 3},
    .run = write,
  };
}

} // namespace deepresearch
