// Agents that grow their job: a research agent asks for what it lacks while it runs, waits
// for it without holding a thread, and goes on. From C++, with a picture if you like, or a command:
//
//   research | research mermaid | research dot
//   research run examples/research/research.yaml --store runs.db --id mine
//   research graph mine --store runs.db --format mermaid
#include <dagger/dagger.hpp>

#include <iostream>
#include <string_view>

using dagger::json;
using namespace std::chrono_literals;

namespace {

void add_agents(dagger::engine& engine) {
  engine.add({
    .name = "data_gatherer",
    .description = "Looks one thing up",
    .input = R"({"type": "object", "required": ["query"],
                 "properties": {"query": {"type": "string"}}})"_json,
    .output = R"({"type": "object", "required": ["data"]})"_json,
    .concurrency = 8,
    .retry = {.max_attempts = 5, .initial = 200ms},
    .timeout = 30s,
    .run = [](dagger::task&, const json& in) -> dagger::outcome {
      return json{{"data", "detailed " + in["query"].get<std::string>()}};
    },
  });

  engine.add({
    .name = "research_agent",
    .description = "Writes down what is known about a topic",
    .run = [](dagger::task& self, const json& in) -> dagger::outcome {
      if (self.first_visit()) { // asks for what it lacks; no thread is held meanwhile
        auto t = self.add_task({.agent = "data_gatherer", .input = {{"query", in["topic"]}}});
        return self.wait(t, {.state = {{"asked", in["topic"]}}});
      }
      json parts = json::array();
      for (auto& d : self.dependencies()) // `after`, then waited for, in the order added
        parts.push_back(d.output["data"]);
      return json{{"report", parts}};
    },
  });

  engine.add({
    .name = "report_writer",
    .description = "Makes a text of the findings of all tasks before it",
    .run = [](dagger::task& self, const json& in) -> dagger::outcome {
      auto text = in["format"].get<std::string>() + ":";
      for (auto& d : self.dependencies())
        for (auto& part : d.output["report"])
          text += "\n- " + part.get<std::string>();
      return json{{"report", text}};
    },
  });
}

int use_from_cpp(std::string_view picture) {
  auto engine = dagger::engine{};
  add_agents(engine);
  auto job = dagger::job{"research-001"};
  auto research =
    job.add({.name = "research", .agent = "research_agent", .input = {{"topic", "advanced AI"}}});
  job.add({.name = "report",
           .agent = "report_writer",
           .after = {research},
           .input = {{"format", "summary"}}});
  auto result = engine.submit(job).get();
  if (!result.completed())
    return 1;
  std::cout << result["report"]["report"].get<std::string>() << "\n";
  if (picture == "dot")
    std::cout << result.dot();
  if (picture == "mermaid")
    std::cout << result.mermaid();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const auto first = std::string_view{argc == 2 ? argv[1] : ""};
  if (argc == 1 || first == "dot" || first == "mermaid")
    return use_from_cpp(first);
  return dagger::cli(argc, argv, add_agents); // your binary gets every `dagger` subcommand
}
