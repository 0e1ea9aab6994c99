// What a task of a flow still has to find out when it runs: its condition, its inputs, what it must
// produce. Stored as the task's input, evaluated in its visit (`evaluation.hpp`).
#pragma once

#include <dagger/graph/spec.hpp>
#include <dagger/plan/definition.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// The agents of what a file says about a node but no agent does: in `actors/`.
inline constexpr std::string_view for_each_agent = "dagger.for_each";
inline constexpr std::string_view repeat_agent = "dagger.repeat";
inline constexpr std::string_view sub_flow_agent = "dagger.flow";

/// A text of a file and where it stands there.
struct placed_text {
  std::string text = {};
  std::string file = {};
  position at = {};
  /// "nodes[2].when".
  std::string path = {};

  friend bool operator==(const placed_text&, const placed_text&) = default;
};

struct program_input {
  std::string name = {};
  input_source source = input_source::value;
  /// A template, with `value`.
  json value = nullptr;
  placed_text text = {};
  /// The value is the path of a file that must exist.
  bool is_file = false;

  friend bool operator==(const program_input&, const program_input&) = default;
};

/// How the task of a part of a node is run: what the node says of attempts.
struct part_policy {
  std::optional<retry_policy> retry = {};
  std::optional<duration> timeout = {};
  std::optional<duration> heartbeat = {};
  std::int32_t priority = 0;
  bool at_most_once = false;
  dagger::resources resources = {};
  /// Of its own parts, at once; 0: any number.
  std::uint32_t max_children = 0;

  friend bool operator==(const part_policy&, const part_policy&) = default;
};

struct node_program {
  /// The id of the node, for people.
  std::string node = {};
  /// Who gets the input: the action, or one of the agents above.
  std::string agent = {};
  bool enabled = true;
  placed_text when = {};
  /// Those of `for_each_agent` are one, `over`; those of `repeat_agent` none.
  std::vector<program_input> inputs = {};
  /// What must be produced; empty: whatever comes.
  std::vector<node_output> outputs = {};
  std::optional<cache_rule> cache = {};
  /// Ids of the nodes that it may read, without `prefix`.
  std::vector<std::string> upstream = {};
  /// Before the ids of its flow, to get the names of tasks: "customers/", empty for the flow that
  /// was submitted.
  std::string prefix = {};
  /// Values of names, an object: `item`, `index`, `previous`, and `inputs` of a sub-flow. Those of
  /// the flow that was submitted are the job's.
  json scope = json::object();
  /// This is the `failure:` of that node: its input is the name `failure` of the scope.
  std::string failure_of = {};

  // Of a node of a sub-flow, whose policy for failures is not that of the run.

  /// Its failure stops the sub-flow: none of those that can be stopped starts any more.
  bool stops_flow = false;
  bool can_be_stopped = false;

  /// `for_each_agent`.
  tolerance tolerate = {};
  std::uint32_t max_parallel = 0;
  /// `repeat_agent`.
  placed_text until = {};
  std::uint32_t max_iterations = 0;
  /// `sub_flow_agent`: a self-contained flow, as `load_value` reads it.
  json flow = nullptr;
  /// What each element or iteration runs.
  std::shared_ptr<const node_program> body = {};
  part_policy policy = {};

  friend bool operator==(const node_program& a, const node_program& b);
};

/// The program as a document. `is_program` of it is true, of no template it is.
json encode(const node_program& x);

bool is_program(const json& document);

/// Reads what `encode` wrote. Refuses (invalid_input) anything else.
result<node_program> decode(const json& document);

/// The name of an element or iteration: "ID[3]".
std::string part_name(std::string_view whole, std::size_t number);

/// What a part of a node has of its own; the program is the body of that of the task that adds it,
/// so that a part costs no more than what it differs in.
struct part {
  /// In which visit of that task it was added.
  std::uint32_t visit = 0;
  /// As `node_program::scope`.
  json scope = json::object();
};

/// The part whose input this document is; nothing if it is not one.
std::optional<part> part_in(const json& document);

/// The task of a part: an element, an iteration. Its failure is for the task that adds it to judge.
plan::task_spec part_of(const node_program& inner, std::string name, const part_policy& policy,
                        const part& own);

/// A task of a node's own beside the node, with a program of its own: `failure:`.
plan::task_spec task_beside(const node_program& program, std::string name,
                            const part_policy& policy);

} // namespace dagger::graph
