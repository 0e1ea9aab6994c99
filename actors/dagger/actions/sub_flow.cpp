// The agent `dagger.flow`: adds the nodes of a flow as tasks, and returns what the flow returns.
#include <dagger/actions/parts.hpp>

#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/flow_tasks.hpp>

#include <map>

namespace dagger::actions {

namespace {

/// The first problem, as one.
template <class T>
T value_of(tl::expected<T, std::vector<error>>&& x) {
  if (!x)
    throw std::move(x.error().front());
  return std::move(*x);
}

graph::spec flow_of(const graph::node_program& whole) {
  auto flow =
    graph::load_value(whole.flow, whole.node, {.agents = {}, .allow_unknown_agents = true});
  if (!flow.file)
    throw std::move(flow.problems.front());
  return std::move(*flow.file);
}

outcome begin(task& self, const graph::spec& flow, const graph::placement& where) {
  auto& inside = actors::inside::of(self);
  auto tasks = value_of(graph::flow_tasks(flow, where));
  inside.expect(tasks.size());
  auto added = std::vector<task_ref>{};
  for (auto& x : tasks) {
    check_agent(self, x.agent);
    added.push_back(inside.add(std::move(x)));
  }
  return wait_for(self, std::move(added), nullptr, false);
}

outcome end(task& self, const graph::spec& flow, const graph::placement& where) {
  auto by_name = std::map<std::string_view, const dependency*>{};
  for (auto& x : self.dependencies())
    by_name.emplace(x.name, &x);
  for (auto& x : flow.nodes) {
    auto part = by_name.find(where.prefix + x.id);
    if (part == by_name.end() || x.optional)
      continue;
    auto& ended = *part->second;
    if (ended.state == task_state::failed || ended.state == task_state::cancelled)
      return failure_by(ended, x.id);
  }
  auto made = graph::sub_flow_output(flow, where, [&](std::string_view name) -> const json* {
    auto part = by_name.find(name);
    return part == by_name.end() || !part->second->completed() ? nullptr : &part->second->output;
  });
  if (!made)
    throw std::move(made.error());
  return std::move(*made);
}

outcome run(task& self, const json& input) {
  auto flow = flow_of(actors::inside::of(self).node->program());
  auto where = graph::placement{.prefix = self.name() + "/",
                                .inputs = value_of(graph::input_values(flow, input)),
                                .of_sub_flow = true};
  return self.first_visit() ? begin(self, flow, where) : end(self, flow, where);
}

} // namespace

agent sub_flow() {
  return agent_of_parts(std::string{graph::sub_flow_agent}, "Runs a flow as one node", run);
}

} // namespace dagger::actions
