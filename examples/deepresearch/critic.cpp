// The critic: each of its visits looks at what was found so far, and either passes it on or
// rejects it and asks for more searches. What was found stands in the tasks that it waited for.
#include "agents.hpp"
#include "model.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace deepresearch {

namespace {

using dagger::json;

dagger::task_ref search(dagger::task& self, const json& in, std::size_t question, json query) {
  return self.add_task({
    .agent = "searcher",
    .input = {{"folder", in["folder"]},
              {"question", question},
              {"query", std::move(query)},
              {"hits", in["hits"]}},
    .description = "Question " + std::to_string(question + 1),
  });
}

/// For each question what all of its searches have found, each passage once.
json findings_of(const dagger::task& self, std::size_t questions) {
  auto all = json(std::vector<json>(questions, json::array()));
  for (const auto& done : self.dependencies()) {
    if (done.agent != "searcher")
      continue;
    auto& mine = all[done.output["question"].get<std::size_t>()];
    for (const auto& hit : done.output["hits"])
      if (std::ranges::none_of(mine, [&](const json& x) {
            return x["path"] == hit["path"] && x["line"] == hit["line"];
          }))
        mine.push_back(hit);
  }
  return all;
}

/// Nothing, or why one of the searches failed.
std::optional<dagger::failure> failed_search(const dagger::task& self) {
  for (const auto& done : self.dependencies())
    if (done.error)
      return dagger::failure{done.error->code, done.name + ": " + done.error->message, false};
  return std::nullopt;
}

json unread_of(const dagger::task& self) {
  for (const auto& done : self.dependencies())
    if (done.agent == "searcher")
      return done.output["unread"];
  return json::array();
}

/// State: `{"rounds", "asked": [the last query of each question]}`.
dagger::outcome judge(dagger::task& self, const json& in) {
  const auto& questions = in["questions"];
  auto searches = std::vector<dagger::task_ref>{};
  if (self.first_visit()) {
    for (auto i = std::size_t{0}; i < questions.size(); ++i)
      searches.push_back(search(self, in, i, questions[i]));
    return self.wait(searches, {.state = {{"rounds", 1}, {"asked", questions}}});
  }

  if (auto why = failed_search(self))
    return *why;
  auto state = self.state();
  auto parts = json::array();
  auto open = json::array();
  const auto found = findings_of(self, questions.size());
  for (auto i = std::size_t{0}; i < questions.size(); ++i) {
    parts.push_back({{"question", questions[i]}, {"findings", found[i]}});
    // A step, so that a crash between two questions does not ask the first one again.
    const auto verdict = self.step("judge-" + state["rounds"].dump() + "-" + std::to_string(i),
                                   [&] { return ask_model("judge", parts.back()); });
    if (verdict["good"] == true)
      continue;
    open.push_back(verdict["search"]);
    // The same search again would find the same.
    if (state["rounds"] < in["rounds"] && state["asked"][i] != verdict["search"]) {
      searches.push_back(search(self, in, i, verdict["search"]));
      state["asked"][i] = verdict["search"];
    }
  }
  if (!searches.empty()) {
    self.log("rejected: " + std::to_string(searches.size()) + " more searches");
    state["rounds"] = state["rounds"].get<int>() + 1;
    return self.wait(searches, {.state = state});
  }
  return json{
    {"parts", parts}, {"rounds", state["rounds"]}, {"open", open}, {"unread", unread_of(self)}};
}

} // namespace

dagger::agent critic() {
  return {
    .name = "critic",
    .description = "Has questions searched for until the findings are good enough",
    .input = R"({
      "type": "object",
      "required": ["questions", "folder", "hits", "rounds"],
      "properties": {"rounds": {"type": "integer", "minimum": 1, "maximum": 10}}
    })"_json,
    .concurrency = 4,
    .retry = {.max_attempts = 3},
    .run = judge,
  };
}

} // namespace deepresearch
