// A job that notices that it cannot go on. Its report waits for tasks by name that nobody has added
// yet; when nothing else moves, the job has stalled, and its planning agent gets a task that says
// who misses what. It adds what is missing, and the report goes on.
//
//   planning run examples/planning/planning.yaml
//   planning run examples/planning/planning.yaml -i 'needs=["figures", "unicorns"]'   # wait_unmet
#include <dagger/dagger.hpp>

#include <map>
#include <string>
#include <vector>

using dagger::json;

namespace {

/// What the planner knows how to get.
const std::map<std::string, json> known{
  {"figures", {{"text", "12 machines sold"}}},
  {"prices", {{"text", "400 each"}}},
};

dagger::outcome report(dagger::task& self, const json& in) {
  if (self.first_visit())
    return self.wait(dagger::condition::of_expected(in["needs"].get<std::vector<std::string>>()));
  auto text = std::string{};
  for (const auto& part : self.dependencies())
    text += (text.empty() ? "" : ", ") + part.output["text"].get<std::string>();
  return json{{"report", text}};
}

/// `in` is `{"stalled": [{"task": "report", "expects": ["figures", "prices"]}]}`.
dagger::outcome plan(dagger::task& self, const json& in) {
  auto added = json::array();
  for (const auto& stuck : in["stalled"])
    for (const auto& name : stuck["expects"])
      if (const auto it = known.find(name); it != known.end()) {
        self.add_task({.name = name, .agent = "collector", .input = it->second});
        added.push_back(name);
      }
  // What it has not added is still missing: the next stall in the same situation fails the wait.
  return json{{"added", added}};
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({
      .name = "reporter",
      .description = "Waits for what it needs, by name, and reports",
      .input = R"({"type": "object", "required": ["needs"], "properties": {
        "needs": {"type": "array", "items": {"type": "string"}, "minItems": 1}}})"_json,
      .run = report,
    });
    engine.add({
      .name = "planner",
      .description = "Is told of a stall, and adds what is missing",
      .run = plan,
    });
    engine.add({
      .name = "collector",
      .description = "Collects one thing",
      .run = [](dagger::task&, const json& in) -> dagger::outcome { return in; },
    });
  });
}
