// A job in memory: its rows, and what follows from them. Loaded whole, saved by what
// changed. Decides nothing.
#pragma once

#include <dagger/plan/rows.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dagger::plan {

/// Somebody who must hear when a task settles. Out of date if the dependant has moved on.
struct listener {
  std::uint32_t task;
  std::uint32_t visit;  // 0: it is waiting; else the visit that is suspended
  std::uint32_t clause; // of the wait

  friend auto operator<=>(const listener&, const listener&) = default;
};

/// A queued signal.
struct queued_signal {
  std::uint32_t number;
  std::string value;
};

/// A job that another one submitted.
struct child_job {
  std::uint64_t number;
  dagger::on_parent_end on_parent_end;
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
  std::uint32_t children_running = 0;
  std::vector<listener> listeners;
  std::uint32_t stale = 0;                 // of them, about
  std::vector<progress> waiting;           // per clause
  std::optional<std::uint64_t> stream_end; // one past its last chunk, once somebody has looked
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
  bool held = false;        // nothing of it is assigned: it is paused, or at its limit
  std::map<std::string, std::deque<queued_signal>, std::less<>> signals;
  std::size_t queued_signals = 0;
  /// Of their values.
  std::size_t queued_bytes = 0;
  std::map<std::string, std::set<std::uint32_t>, std::less<>> signal_waits; // by name, tasks
  std::map<std::string, std::set<listener>, std::less<>> expected; // by name that is missing
  std::vector<child_job> children;
  std::optional<std::vector<std::uint32_t>> to_undo; // the next one last; once it has been asked
  bool dirty = false;
  bool definition_changed = false;
  std::uint32_t replaced = 0;     // tasks
  std::uint32_t inline_specs = 0; // of its first tasks, which stand in the definition
  std::uint64_t last_batch = 0;   // the last one with rows of this job
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

  std::uint32_t count(task_state x) const {
    return row.counts[static_cast<std::size_t>(x)];
  }

  /// Calls `visit` with each task that `t` depends on by `after`.
  template <class F>
  void for_each_after(std::uint32_t t, F&& visit) const {
    auto unless_replaced = [&](std::uint32_t on) {
      if (!tasks[on].row.rare().replaced)
        visit(on);
    };
    for_each(tasks[t].spec.after, unless_replaced);
    for_each(tasks[t].row.added_after, unless_replaced);
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
/// for suspended tasks. What it waits for of other jobs is for the planner.
void listen(job& j, std::uint32_t t);

/// Takes a suspended task out of these lists.
void unlisten(job& j, std::uint32_t t);

/// Whether the task undoes another one, or was added by one that does.
bool undoes(const job& j, std::uint32_t t);

/// Whether the task's output is in review.
bool is_review(const task_row& row);

/// Whether the task waits for other jobs.
bool waits_for_jobs(const task_row& row);

/// The parts of a definition or spec row that users see of one task.
task_status status_of(const spec_row& spec, const task_row& row, std::uint32_t number);

} // namespace dagger::plan
