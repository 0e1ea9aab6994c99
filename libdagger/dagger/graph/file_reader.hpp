// From a document to a spec. Internal to the loader.
#pragma once

#include <dagger/graph/file.hpp>
#include <dagger/graph/findings.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dagger::graph {

/// Reads a job file whose unknown keys are gone. What the schema refuses it passes over: the
/// schema check has reported it.
class file_reader {
public:
  file_reader(json& file, const load_options& options, findings& found);

  /// The spec, which is right only if nothing was found.
  spec read();

private:
  /// A task while it is read; what is needed to say later where something stands.
  struct origin {
    /// Entries of `after` that the file has; the others are implied by references.
    std::size_t after = 0;
    /// Pointers into the file of the references that imply the others.
    std::vector<std::string> implied;
    bool has_agent = false;
  };

  void read_head();
  void read_limits();
  void read_inputs();
  void read_input(const std::string& name, const json& schema);
  void read_tasks();
  void read_task(std::size_t index, json& from);
  void read_task_inputs(std::size_t index, json& from);
  void read_listed_inputs(std::size_t index, json& from);
  void read_place(std::size_t index, json& from);
  void read_retry(std::size_t index, json& from);
  void read_outputs();
  void bind(std::size_t index);
  void bind_reference(std::size_t index, const std::string& pointer, std::string_view text);
  void use_input(const std::vector<std::string>& path, const std::string& pointer);
  void check_agent(std::size_t index);
  void check_literal_input(std::size_t index, const json& value);
  void check_allowed_agents();
  void check_agent_name(const std::string& pointer, const std::string& name);
  void check_definition();
  void warn_of_unused_inputs();

  std::optional<duration> duration_at(json& from, const char* key, const std::string& pointer);
  std::string unknown_task_hint(std::string_view word);
  std::string pointer_of(const error& problem) const;

  json& file_;
  const load_options& options_;
  findings& found_;
  spec made_;
  std::vector<origin> origins_;
  /// What the task that is being bound comes after.
  std::unordered_set<std::string> bound_after_;
  std::unordered_set<std::string_view> task_set_;
  std::vector<std::string> task_names_;
  std::unordered_map<std::string_view, const known_agent*> agents_;
  std::vector<std::string> agent_names_;
  /// Pointers to agents that were reported already.
  std::unordered_set<std::string> unknown_agents_;
  bool inputs_declared_ = false;
  std::unordered_set<std::string> input_set_;
  std::vector<std::string> input_names_;
  std::unordered_set<std::string> used_inputs_;
  bool all_inputs_used_ = false;
};

} // namespace dagger::graph
