// The agent `dagger.repeat`: each visit looks at the last iteration, and adds the next one or ends.
#include <dagger/actions/parts.hpp>

#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/visit.hpp>

namespace dagger::actions {

namespace {

outcome iterate(task& self, std::size_t number, json previous) {
  auto scope = actors::inside::of(self).node->scope();
  scope["previous"] = std::move(previous);
  auto part = add_part(self, number, std::move(scope));
  return wait_for(self, {part}, number, false);
}

outcome run(task& self, const json&) {
  auto& node = *actors::inside::of(self).node;
  auto& whole = node.program();
  if (self.first_visit()) {
    check_agent(self, whole.body->agent);
    return iterate(self, 0, nullptr);
  }
  auto number = self.state().get<std::size_t>();
  auto what = "iteration " + std::to_string(number);
  auto& last = self.dependency_on(graph::part_name(self.name(), number));
  if (!last.completed())
    return failure_by(last, what);
  auto done = node.is_done(last.output);
  if (!done) {
    auto why = actors::to_failure(done.error());
    why.retryable = false;
    return why;
  }
  if (*done)
    return last.output;
  if (number + 1 >= whole.max_iterations)
    return failure{.code = std::string{code::limit},
                   .message = "after " + std::to_string(whole.max_iterations)
                            + " iterations it is still not true that " + whole.until.text,
                   .retryable = false};
  return iterate(self, number + 1, last.output);
}

} // namespace

agent repeat() {
  return agent_of_parts(std::string{graph::repeat_agent},
                        "Runs a node again and again until an expression holds", run);
}

} // namespace dagger::actions
