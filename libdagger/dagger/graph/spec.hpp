// What a flow or job file says: every key of it, nothing that follows from them. Both kinds of
// files say the same things in other words (`words.hpp`). Knows no engine.
#pragma once

#include <dagger/codec/document.hpp>
#include <dagger/error.hpp>
#include <dagger/graph/words.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/task_options.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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

  /// Whether it is the path of a file that must exist: `{type: string, format: path}`.
  bool is_file() const;

  friend bool operator==(const declared_input& a, const declared_input& b) {
    return a.name == b.name && a.schema == b.schema;
  }
};

/// Where an input of a node comes from.
enum class input_source : std::uint8_t {
  value,     // a template: JSON with `${...}` in its strings
  reference, // `inputs.NAME`, `NODE.PATH`, `item`, `index`, `previous.NAME`
  expr,      // a Lua expression
  file,      // the path of a file that must exist, with `${...}`
};

/// An input of a node.
struct node_input {
  std::string name;
  std::string description = {};
  input_source source = input_source::value;
  /// With `value`.
  json value = nullptr;
  /// With the others.
  std::string text = {};

  friend bool operator==(const node_input&, const node_input&) = default;
};

/// An output that a node must produce.
struct node_output {
  std::string name;
  std::string description = {};
  json schema = true;
  /// It is a file of this path, with `{NAME}` for inputs; empty: it is a value.
  std::string file = {};

  friend bool operator==(const node_output&, const node_output&) = default;
};

/// What a file says of retries; what it does not say comes from `config.retry`, then from
/// `retry_policy`.
struct retry_rule {
  std::optional<std::uint32_t> max_attempts = {};
  std::optional<dagger::backoff> backoff = {};
  std::optional<duration> initial = {};
  std::optional<double> multiplier = {};
  std::optional<duration> max = {};
  std::optional<double> jitter = {};
  std::optional<std::vector<std::string>> retry_on = {};
  std::optional<std::vector<std::string>> abort_on = {};

  bool says_nothing() const {
    return *this == retry_rule{};
  }

  friend bool operator==(const retry_rule&, const retry_rule&) = default;
};

/// Again and again until an expression is true.
struct repeat_rule {
  std::string until;
  std::uint32_t max = 1;

  friend bool operator==(const repeat_rule&, const repeat_rule&) = default;
};

/// How many elements of a `for_each` may fail.
struct tolerance {
  double amount = 0;
  bool percent = false;

  friend bool operator==(const tolerance&, const tolerance&) = default;
};

/// When the result of an equal call is taken.
struct cache_rule {
  bool up_to_date = false;
  std::optional<duration> ttl = {};
  /// Files are told apart by their content, not by size and time.
  bool hash_content = false;

  friend bool operator==(const cache_rule&, const cache_rule&) = default;
};

/// A node or task.
struct node {
  std::string id;
  std::string action;
  std::string description = {};
  std::vector<std::string> instructions = {};
  /// As the file names them; references imply more.
  std::vector<std::string> dependencies = {};
  std::vector<node_input> inputs = {};
  std::vector<node_output> outputs = {};
  std::string when = {};
  dagger::run_if run_if = dagger::run_if::all_success;
  /// A reference to a list.
  std::string for_each = {};
  std::optional<std::uint32_t> max_parallel = {};
  /// Tasks that it adds, at once.
  std::optional<std::uint32_t> max_children = {};
  tolerance tolerate = {};
  std::optional<repeat_rule> repeat = {};
  retry_rule retry = {};
  std::optional<duration> timeout = {};
  std::optional<duration> total_timeout = {};
  std::optional<duration> heartbeat = {};
  std::int32_t priority = 0;
  dagger::resources resources = {};
  std::optional<cache_rule> cache = {};
  bool optional = false;
  bool enabled = true;
  bool at_most_once = false;
  task_kind kind = task_kind::task;
  std::optional<dagger::on_failure> on_failure = {};
  std::string failure = {};
  std::string compensate = {};
  /// Its inputs are a list in the file, not a map; says where they stand, nothing else.
  bool inputs_listed = false;

  /// The name of the sub-flow that it runs; empty for an action.
  std::string_view flow() const {
    auto text = std::string_view{action};
    return text.starts_with("flow:") ? text.substr(5) : std::string_view{};
  }

  friend bool operator==(const node& a, const node& b);
};

/// How safe what was done is before the next step.
enum class durability : std::uint8_t { sync, relaxed, none };

/// Of the whole.
struct flow_config {
  std::optional<std::uint32_t> max_parallel = {};
  std::optional<duration> timeout = {};
  std::optional<dagger::on_failure> on_failure = {};
  std::optional<dagger::graph::durability> durability = {};
  /// Its pool; without, nobody's bounds but the engine's.
  dagger::resources resources = {};
  retry_rule retry = {};

  friend bool operator==(const flow_config&, const flow_config&) = default;
};

/// Messages that start the flow, where somebody serves it.
struct trigger_rule {
  /// A pattern.
  std::string channel;
  /// A Lua expression over `message`: the inputs of the flow. Empty: the data of the message.
  std::string input = {};
  /// Who shares the messages; empty: the name of the flow.
  std::string group = {};
  /// Where a new group begins; empty: with what comes from now on.
  std::string from = {};

  friend bool operator==(const trigger_rule&, const trigger_rule&) = default;
};

/// A file.
struct spec {
  file_kind kind = file_kind::flow;
  std::string name;
  std::string description;
  std::string version;
  std::string author;
  std::string signature;
  std::vector<std::string> tags;
  std::vector<std::string> instructions;
  std::vector<declared_input> inputs;
  /// Without the section they are what references name, all required.
  bool inputs_declared = false;
  flow_config config;
  std::vector<node> nodes;
  /// What it returns: name and reference. Empty: all outputs of nodes without dependants.
  std::vector<std::pair<std::string, std::string>> outputs;
  /// Those of its list, then those that were read from files beside it.
  std::vector<std::shared_ptr<const spec>> flows;
  std::vector<std::string> allowed_agents;
  std::int32_t priority = 0;
  job_limits limits;
  dagger::stall_action stall_action = dagger::stall_action::fail_wait;
  std::string planning_agent;
  std::optional<trigger_rule> trigger;

  /// What `flow:NAME` of its nodes means: one of `flows`, or of the file around it.
  std::map<std::string, std::shared_ptr<const spec>, std::less<>> sub_flows;
  /// Where it came from, for errors that show later.
  std::string file;
  std::shared_ptr<const dagger::places> places;
  /// Where it stands in its file.
  std::string base;

  /// The same content, wherever it stands.
  friend bool operator==(const spec& a, const spec& b);
};

/// Whether there is a node with an id, and which; in constant time.
class node_index {
public:
  explicit node_index(const std::vector<node>& nodes);

  bool contains(std::string_view id) const {
    return by_id_.contains(id);
  }

  std::optional<std::size_t> find(std::string_view id) const;

private:
  std::unordered_map<std::string_view, std::size_t> by_id_;
};

/// The JSON pointer, in the file, of a node or of something in it.
std::string node_pointer(const spec& spec, std::size_t index, std::string_view rest = {});

/// The JSON pointer, in the file, of a JSON pointer into the value of an input of a node.
std::string input_pointer(const spec& spec, std::size_t index, std::size_t input,
                          std::string_view rest = {});

/// The place of a JSON pointer into the file: "flow.yaml:14:18".
std::string place_in(const spec& spec, std::string_view pointer);

/// An error at a JSON pointer into the file: "file:14:18" and "tasks[1].after[0]: message".
error error_at(const spec& spec, std::string_view pointer, error what);

/// The same without bounds of time, its sub-flows included: for who goes through it by hand.
spec without_times(const spec& x);

/// A rule that says all of it.
retry_rule rule_of(const retry_policy& x);

/// What is tried again and when, all defaults applied; nothing if the file says nothing of it.
std::optional<retry_policy> retry_of(const spec& spec, const node& node);

} // namespace dagger::graph
