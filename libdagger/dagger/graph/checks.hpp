// What a schema cannot say about a file: references, names, cycles, actions, inputs, resources.
// Internal to the loader.
#pragma once

#include <dagger/graph/binding.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/findings.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dagger::graph {

/// The agents that are registered, by name.
class agent_index {
public:
  explicit agent_index(std::span<const known_agent> agents);

  const known_agent* find(std::string_view name) const;

  std::span<const std::string> names() const {
    return names_;
  }

private:
  std::unordered_map<std::string_view, const known_agent*> by_name_;
  std::vector<std::string> names_;
};

/// Checks one flow, whose sub-flows are known and checked. Adds the inputs that references name to
/// a flow that does not declare any.
class checks {
public:
  /// The last `others` nodes are there to be referred to, not to be checked.
  checks(spec& file, const agent_index& agents, const load_options& options, findings& found,
         bool has_nodes, std::size_t others = 0);

  void run();

private:
  void bind_all();
  void use_inputs(const node_binding& x);
  void use_input(const node_binding::named& x);
  void check_node(std::size_t index, const node_binding& x);
  void check_actions(std::size_t index);
  void check_action(const std::string& pointer, const std::string& name);
  void check_literal_input(std::size_t index);
  void check_cache(std::size_t index);
  void check_placeholders(std::size_t index);
  void check_names_in(std::string_view text, const std::string& pointer, std::size_t index,
                      bool outputs_too);
  void check_loops(std::size_t index);
  void check_sub_flow(std::size_t index);
  void check_outputs();
  void check_allowed_agents();
  void check_definition();
  bool is_of_another(const error& problem) const;
  void check_ids();
  void warn_of_unused_inputs();

  void complain(const std::string& pointer, error why, std::optional<position> at);
  std::string pointer_of(const error& problem) const;
  std::string at(std::string_view rest) const {
    return file_.base + std::string{rest};
  }

  spec& file_;
  const agent_index& agents_;
  const load_options& options_;
  findings& found_;
  binder binder_;
  std::vector<node_binding> bindings_;
  std::vector<std::string> ids_;
  std::vector<std::string> input_names_;
  std::unordered_set<std::string> input_set_;
  std::unordered_set<std::string> used_inputs_;
  bool has_nodes_;
  /// So many nodes are checked.
  std::size_t own_;
  bool all_inputs_used_ = false;
  /// Pointers at which actions were reported already.
  std::unordered_set<std::string> reported_;
};

} // namespace dagger::graph
