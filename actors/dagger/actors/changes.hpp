// Changes of a run that goes on, from the words of people to events of the planner. Looks at one
// snapshot; what happens after that the planner sees.
#pragma once

#include <dagger/actors/directory.hpp>
#include <dagger/change.hpp>
#include <dagger/graph/new_nodes.hpp>
#include <dagger/graph/node_program.hpp>
#include <dagger/plan/event.hpp>
#include <dagger/plan/query.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::actors {

/// Whether a job has had a task of this name, and that has been removed. Throws `error`.
bool has_been_removed(store::view& view, std::string_view job_id, std::string_view task);

/// A job that is to be changed. What is not there to be changed is an `error` that is thrown
/// (not_found); so is whatever else is wrong, but for what `add_nodes` gives back.
class changes {
public:
  changes(store::view& view, const directory& agents, std::string_view job_id);

  /// What is to be done, if it is not so already.
  template <class Event>
  using perhaps = std::optional<Event>;

  /// Adds nodes as files say them; otherwise all that is wrong with them. Those that are there
  /// already, and are the same, are not added again; others of the same id are an id_conflict.
  tl::expected<perhaps<plan::tasks_added>, std::vector<error>> add_nodes(const json& nodes,
                                                                         const node_options& from);
  perhaps<plan::tasks_added> add_task(plan::task_spec x);
  /// With its `failure:`.
  plan::task_removed remove(const std::string& task);
  plan::task_enabled enable(const std::string& task, bool enabled);
  /// Puts values in place of inputs, by name; the others stay. An input that is no object is
  /// replaced as a whole.
  perhaps<plan::input_set> set_input(const std::string& task, const json& values);

private:
  const plan::task_status* find(std::string_view name) const;
  const plan::task_status& need(const std::string& name) const;
  json input_of(const plan::task_status& task);
  std::optional<graph::node_program> program_of(const plan::task_status& task);
  graph::running_graph outline();
  void describe(graph::node& to);
  json flow_named(std::string_view name);
  bool is_there(const plan::task_spec& x);
  std::string difference(const plan::task_status& there, const plan::task_spec& x);
  perhaps<plan::tasks_added> what_is_new(std::vector<plan::task_spec> tasks);
  json with_values(const plan::task_status& task, const json& values);
  void check_input(const plan::task_status& task, const json& input);

  store::view& view_;
  const directory& agents_;
  plan::job_status job_;
  std::vector<plan::task_status> tasks_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
};

} // namespace dagger::actors
