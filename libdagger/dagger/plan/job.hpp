// A job in memory: its rows, and what follows from them. Loaded whole, saved by what
// changed. Decides nothing.
#pragma once

#include <dagger/plan/rows.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dagger::plan {

/// Somebody who must hear when a task settles. Out of date if the dependant has moved on.
struct listener {
  std::uint32_t task;
  std::uint32_t visit;  // 0: it comes after the task; else the visit that is suspended
  std::uint32_t clause; // of the wait
};

/// How far a condition of a suspended task is.
struct progress {
  std::uint32_t unsettled = 0;
  bool failed = false;
  bool completed = false;
};

/// A task: its rows and its place in the graph.
struct task {
  spec_row spec;
  task_row row;
  bool dirty = false;
  bool is_new = false; // its spec is not in a batch yet
  // derived
  std::uint32_t pending = 0; // of `after`, not settled
  std::vector<listener> listeners;
  std::vector<progress> waiting; // per clause
};

/// A job, whole.
struct job {
  std::uint64_t number = 0;
  job_row row;
  definition_row definition; // without its tasks
  std::vector<task> tasks;
  // derived
  std::unordered_map<std::string, std::uint32_t> names; // only those that were given
  std::uint32_t unsettled = 0;
  std::uint32_t active = 0; // ready, running or in backoff
  bool listed = false;      // stands in the table `active`
  bool dirty = false;
  std::uint64_t last_batch = 0; // the last one with rows of this job
  // of the event that is being applied
  std::vector<transition> transitions;
  std::vector<std::uint32_t> dirty_tasks;
  std::uint32_t first_new_task = 0;
  bool state_changed = false;

  /// The task with this name, also one that was made.
  std::optional<std::uint32_t> find(std::string_view name) const;

  std::string task_name(std::uint32_t t) const {
    return name_of(tasks[t].spec, t);
  }

  /// Calls `visit` with each task that `t` depends on by `after`.
  template <class F>
  void for_each_after(std::uint32_t t, F&& visit) const {
    for_each(tasks[t].spec.after, visit);
    for_each(tasks[t].row.added_after, visit);
  }
};

/// What a suspended task waits for in time.
struct wake_call {
  enum class kind : std::uint8_t { condition, deadline, total };

  timestamp when;
  wake_call::kind what;

  friend auto operator<=>(const wake_call&, const wake_call&) = default;
};

/// The first of them; nothing if only other tasks can wake it.
std::optional<wake_call> next_call(const task_row& row);

/// Reads a job: what is stored, counters and listeners.
result<job> load_job(store::view& disk, std::uint64_t number);

/// Enters `t` in the lists of those that it waits for; counts what is unsettled. For waiting and
/// for suspended tasks.
void listen(job& j, std::uint32_t t);

/// The parts of a definition or spec row that users see of one task.
task_status status_of(const spec_row& spec, const task_row& row, std::uint32_t number);

} // namespace dagger::plan
