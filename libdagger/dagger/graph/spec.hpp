// What a flow or job file says, once it is known to be right. A flow's `nodes`, `id`, `action`,
// `dependencies` and a job's `tasks`, `name`, `agent`, `after` are the same things.
#pragma once

#include <dagger/codec/document.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dagger::graph {

/// An input that the file takes.
struct declared_input {
  std::string name;
  json schema = true;
  schema::validator validator;
  /// `default`; without one, the input is required.
  std::optional<json> fallback;
};

/// An entry of a list of inputs: `{name, value}` or `{name, reference}`.
struct listed_input {
  std::string name;
  bool is_reference = false;
};

/// A node or task.
struct node {
  /// What references its inputs hold, and so when they get their values.
  enum class binding : std::uint8_t { literal, of_inputs, of_nodes };

  /// All but its input, which `literal` nodes have too. `after` names what the file names, then
  /// what its references imply.
  plan::task_spec task;
  /// The input as a template; null for `literal` nodes.
  json inputs;
  node::binding binding = binding::literal;
  /// The inputs in the order of the file if they are a list there.
  std::vector<listed_input> listed;
};

/// A file.
struct spec {
  std::string name;
  std::string description;
  std::string version;
  std::string author;
  std::vector<std::string> tags;
  std::vector<declared_input> inputs;
  std::vector<node> nodes;
  /// What it returns: name and reference. Empty: all outputs of nodes without dependants.
  std::vector<std::pair<std::string, std::string>> outputs;
  std::vector<std::string> allowed_agents;
  std::int32_t priority = 0;
  job_limits limits;
  dagger::stall_action stall_action = dagger::stall_action::fail_wait;
  std::string planning_agent;
  dagger::on_failure on_failure = dagger::on_failure::carry_on;
  dagger::resources resources;
  /// Where it came from, for errors that show later.
  std::string file;
  std::shared_ptr<const dagger::places> places;
};

/// The JSON pointer, in the file, of a JSON pointer into the inputs of `spec.nodes[index]`.
std::string input_pointer(const spec& spec, std::size_t index, std::string_view pointer);

/// An error at a JSON pointer into the file: "file:14:18" and "tasks[1].after[0]: message".
error error_at(const spec& spec, std::string_view pointer, error what);

} // namespace dagger::graph
