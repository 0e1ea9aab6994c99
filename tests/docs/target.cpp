// The program that the contract of jobs shows, and the fragment of README.md. Run without arguments
// it submits the job from C++.
#include <dagger/dagger.hpp>

#include <iostream>

using dagger::json;
using namespace std::chrono_literals;

namespace {

void add_agents(dagger::engine& engine) {
  engine.add({.name = "data_gatherer",
              .description = "Looks one thing up",
              .input = R"({"type": "object", "required": ["query"],
                 "properties": {"query": {"type": "string"}}})"_json,
              .output = R"({"type": "object", "required": ["data"]})"_json,
              .concurrency = 8,
              .retry = {.max_attempts = 5, .initial = 200ms},
              .timeout = 30s,
              .run = [](dagger::task&, const json& in) -> dagger::outcome {
                return json{{"data", "detailed " + in["query"].get<std::string>()}};
              }});
  engine.add(
    {.name = "research_agent", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
       if (self.first_visit()) { // adds a task and waits for it: this visit ends here
         auto data = self.add_task({.agent = "data_gatherer", .input = {{"query", in["topic"]}}});
         return self.wait(data);
       }
       json parts = json::array(); // the second visit: everything waited for is there
       for (auto& d : self.dependencies())
         parts.push_back(d.output["data"]);
       return json{{"report", parts}};
     }});
  engine.add(
    {.name = "report_writer", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
       auto& research = self.dependency_on("research");
       return json{{"report", in["format"].get<std::string>() + ": "
                                + research.output["report"][0].get<std::string>()}};
     }});
}

int submit_from_cpp() {
  dagger::engine engine;
  add_agents(engine);
  dagger::job job{"research-001"};
  auto research =
    job.add({.name = "research", .agent = "research_agent", .input = {{"topic", "advanced AI"}}});
  job.add({.name = "report",
           .agent = "report_writer",
           .after = {research},
           .input = {{"format", "summary"}}});
  dagger::job_result result = engine.submit(job).get();
  std::cout << result["report"]["report"].get<std::string>() << "\n";
  return result.completed() && result.dot().find("research") != std::string::npos ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 1 ? submit_from_cpp() : dagger::cli(argc, argv, add_agents);
}
