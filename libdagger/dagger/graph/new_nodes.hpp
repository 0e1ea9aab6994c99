// Nodes for a flow or job that runs: read and checked like those of a file, beside what there is.
#pragma once

#include <dagger/graph/file.hpp>
#include <dagger/plan/definition.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// A run, as far as nodes that are added to it see it.
struct running_graph {
  /// Its tasks: ids, and what they run.
  std::vector<node> nodes;
  /// Values of its inputs, an object.
  json inputs = json::object();
  /// What its file says of retries, for new nodes that do not say.
  std::optional<retry_policy> retry = {};
  /// Says what outputs a task declares; called for those that new nodes depend on.
  std::function<void(node&)> describe = {};
  /// The flow of this name that some task runs, as `load_value` reads it; null: there is none.
  std::function<json(std::string_view name)> flow_named = {};
};

/// Where the new nodes come from.
struct node_origin {
  /// For errors.
  std::string file = "node";
  /// Where files of sub-flows stand; empty: there are none.
  std::filesystem::path folder = {};
};

/// What new nodes become, or everything that is wrong with them, as in `loaded`.
struct new_nodes {
  /// If there are no problems: as `flow_tasks`; what they come after are names.
  std::vector<plan::task_spec> tasks;
  std::vector<error> problems;
  std::vector<error> warnings;
};

/// Reads one node or a list of them, in the words of flow files or of job files. A JSON string is
/// YAML text (JSON, if the name of the file ends so), any other value what such a text says. A
/// node of the run with the same id is not seen.
new_nodes read_new_nodes(const json& what, const node_origin& from, const running_graph& run,
                         const load_options& options);

} // namespace dagger::graph
