// What nodes with parts have in common.
#include <dagger/actions/parts.hpp>

#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/visit.hpp>

#include <utility>

namespace dagger::actions {

namespace {

/// They add tasks and go; more threads at once would wait for the same planner.
constexpr std::uint32_t slots = 16;

} // namespace

agent agent_of_parts(std::string name, std::string description,
                     std::function<outcome(task& self, const json& input)> run) {
  auto made = agent{.name = std::move(name), .description = std::move(description), .version = "1"};
  made.concurrency = slots;
  made.run = [run = std::move(run)](task& self, const json& input) -> outcome {
    if (!actors::inside::of(self).node)
      return failure{.code = std::string{code::invalid_input},
                     .message = "this agent is for nodes of flows only",
                     .retryable = false};
    return run(self, input);
  };
  return made;
}

void check_agent(task& self, const std::string& name) {
  if (auto why = actors::inside::of(self).where->agents->refusal(name, nullptr, true))
    throw std::move(*why);
}

task_ref add_part(task& self, std::size_t number, json scope) {
  auto& inside = actors::inside::of(self);
  auto& whole = inside.node->program();
  return inside.add(graph::part_of(*whole.body, graph::part_name(self.name(), number), whole.policy,
                                   {self.visit(), std::move(scope)}));
}

outcome wait_for(task& self, std::vector<task_ref> parts, json state, bool at_failure) {
  auto what =
    at_failure ? condition::all_or_failure(std::move(parts)) : condition::all(std::move(parts));
  return self.wait(std::move(what), {.state = std::move(state)});
}

failure failure_by(const dependency& part, const std::string& what) {
  auto why = part.error.value_or(error{code::exception, std::string{to_text(part.state)}});
  return {.code = why.code, .message = what + ": " + why.message, .retryable = false};
}

} // namespace dagger::actions
