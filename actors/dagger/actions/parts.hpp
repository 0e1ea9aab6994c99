// The agents of nodes that have parts: `dagger.for_each`, `dagger.repeat`, `dagger.flow`. They add
// the tasks of their parts, wait for them, and return what these have returned; the planner knows
// none of them. Their input is a program (`graph/node_program.hpp`).
#pragma once

#include <dagger/agent.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace dagger::actions {

/// A part for each element of a list; the outputs are lists in the order of the elements.
agent for_each();
/// A part after the other until an expression holds for what the last one has returned.
agent repeat();
/// The nodes of another flow.
agent sub_flow();

// What they have in common.

/// An agent for nodes; `run` is not called for anything else.
agent agent_of_parts(std::string name, std::string description,
                     std::function<outcome(task& self, const json& input)> run);

/// Adds the task of the part with this number; `scope` are the values of its own names.
task_ref add_part(task& self, std::size_t number, json scope);

/// Throws `error` (not_found) if there is no such agent.
void check_agent(task& self, const std::string& name);

/// Suspends until these have settled, one has failed with `at_failure`.
outcome wait_for(task& self, std::vector<task_ref> parts, json state, bool at_failure);

/// The failure of a node because of one of its parts; "element 3" is `what`.
failure failure_by(const dependency& part, const std::string& what);

} // namespace dagger::actions
