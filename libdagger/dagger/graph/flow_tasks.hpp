// The tasks that nodes become on the planner. A node that needs nothing found out becomes a task
// with a literal or a template; all others carry a program.
#pragma once

#include <dagger/graph/binding.hpp>
#include <dagger/graph/node_program.hpp>
#include <dagger/graph/spec.hpp>
#include <dagger/plan/definition.hpp>

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace dagger::graph {

/// Where the tasks of a flow stand.
struct placement {
  /// Before the ids; empty for the flow that is submitted, "NODE/" for the sub-flow of a node.
  std::string prefix = {};
  /// Values of the inputs, an object; they stay references for programs of a flow that is
  /// submitted.
  json inputs = json::object();
  /// Of a sub-flow: the values go into the programs, and the failure of a task is for the agent
  /// that runs the sub-flow to judge.
  bool of_sub_flow = false;
};

/// The tasks of a flow, in the order of its nodes, then those of `failure:`. All problems that show
/// only with the values: references into inputs that lead nowhere.
tl::expected<std::vector<plan::task_spec>, std::vector<error>> flow_tasks(const spec& flow,
                                                                          const placement& where);

/// Those of the first `count` nodes alone.
tl::expected<std::vector<plan::task_spec>, std::vector<error>>
flow_tasks(const spec& flow, std::size_t count, const placement& where);

/// A definition without inputs, to be checked. `bindings` are those of all nodes.
plan::job_spec skeleton_of(const spec& file, std::span<const node_binding> bindings);

/// What the flow says of itself as a whole: no tasks.
plan::job_spec head_of(const spec& file);

/// What a flow returns: names and references. If it does not say, those of all nodes that no other
/// depends on.
std::vector<std::pair<std::string, std::string>> outputs_of(const spec& flow);

/// The names of `outputs_of`.
std::vector<std::string> output_names(const spec& flow);

/// The outputs of a sub-flow that has run.
result<json> sub_flow_output(const spec& flow, const placement& where,
                             const std::function<const json*(std::string_view task)>& output_of);

} // namespace dagger::graph
