// What users see of jobs, read from one snapshot in the caller's thread; the same
// code in every process. Never asks the planner.
#pragma once

#include <dagger/plan/command.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::plan {

/// One of the conditions that a suspended task waits for.
struct wait_status {
  wait_mode mode = wait_mode::all;
  std::vector<std::uint32_t> tasks;
  /// Of `wait_mode::time`.
  timestamp until{};
  /// Numbers of other jobs.
  std::vector<std::uint64_t> jobs;
  /// Names of tasks that are not there yet.
  std::vector<std::string> expected;
  std::string signal;
  /// Of the signal's value, JSON text; empty: anything.
  std::string schema;
};

/// One task as it stands.
struct task_status {
  std::uint32_t number = 0;
  std::string name;
  std::string agent;
  std::string description;
  task_kind kind = task_kind::task;
  std::optional<std::uint32_t> parent;
  std::vector<std::uint32_t> after;
  std::vector<std::uint32_t> waited;
  task_state state = task_state::waiting;
  std::uint32_t visit = 0;
  /// Starts in this visit.
  std::uint32_t attempt = 0;
  /// Starts over all visits.
  std::uint32_t starts = 0;
  std::uint32_t interruptions = 0;
  bool optional = false;
  timestamp created{};
  std::optional<timestamp> started;
  std::optional<timestamp> ended;
  /// When a backoff, wait or deadline ends.
  std::optional<timestamp> due;
  /// Of the last failed attempt, or why it was skipped.
  std::optional<dagger::error> error;
  /// Why it has completed without having run: its output is that of an equal call. Empty: it ran.
  std::string cached;
  std::string summary;
  stored_payload input;
  /// The input holds references, or is the program of a node.
  bool templated = false;
  stored_payload output;
  stored_payload saved_state;
  stored_payload answer;
  stored_payload progress;
  /// If it is suspended.
  std::vector<wait_status> waits;
  /// A retry has put others in its place, or it has been removed.
  bool replaced = false;
  /// It is skipped when its turn comes.
  bool disabled = false;
  /// `input` is not that of its definition: another one has been set.
  bool has_new_input = false;
};

/// How many tasks are in each state, by `task_state`.
using task_counts = std::array<std::uint32_t, 10>;

/// One job without its tasks.
struct job_status {
  std::uint64_t number = 0;
  std::string id;
  std::string name;
  job_state state = job_state::running;
  timestamp created{};
  std::optional<timestamp> ended;
  /// Neither here nor in `tasks` are those that a retry has replaced.
  task_counts counts{};
  std::uint32_t tasks = 0;
  /// One past the highest number of a task, replaced ones included.
  std::uint32_t task_numbers = 0;
  std::vector<std::string> tags;
  std::int32_t priority = 0;
  stored_payload inputs;
  stored_payload outputs;
  /// Why it failed as a whole: `timeout` if its deadline passed; else empty.
  std::string code;
  /// The job that submitted it; 0: none.
  std::uint64_t parent = 0;
  /// Nothing of it can move any more (`stall_action::callback`).
  bool stalled = false;
  /// As `job_spec` says of them.
  bool is_flow = false;
  std::optional<retry_policy> retry;
  std::string folder;
};

/// One change of a task in the history.
struct transition {
  std::uint32_t task = 0;
  task_state to = task_state::waiting;
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;
  /// Of a failed, interrupted or late attempt, or a skip.
  std::string code;
  std::string message;

  friend bool operator==(const transition&, const transition&) = default;
};

/// One event of a job, as the log `dagger.jobs` holds it: a row each.
struct job_event {
  std::uint64_t position = 0;
  std::uint64_t job = 0;
  std::string id;
  timestamp time{};
  /// The state of the job after it, if it changed.
  std::optional<job_state> state;
  /// Tasks that came into being.
  std::vector<task_range> added;
  std::vector<transition> transitions;
};

/// The job with this id, or nothing.
result<std::optional<job_status>> find_job(store::view& v, std::string_view id);

/// Jobs from the newest to the oldest, not above the number `newest`; the visitor returns false to
/// end.
result<void> list_jobs(store::view& v, const std::function<bool(const job_status&)>& visit,
                       std::uint64_t newest = ~std::uint64_t{0});

/// All tasks of a job, by number.
result<std::vector<task_status>> tasks_of(store::view& v, std::uint64_t job);

/// What a task was defined as; `after` are numbers of tasks of the job, `input` is not there.
result<task_spec> definition_of(store::view& v, std::uint64_t job, std::uint32_t task);

/// Some tasks of a job, in the order of the ranges.
result<std::vector<task_status>> tasks_of(store::view& v, std::uint64_t job,
                                          const std::vector<task_range>& which);

/// The JSON text of a payload: from the row, or from the table `payloads`.
result<payload> load(store::view& v, std::uint64_t job, std::uint32_t task, store::slot which,
                     const stored_payload& from);

/// The same, parsed; null if there is none.
result<json> load_value(store::view& v, std::uint64_t job, std::uint32_t task, store::slot which,
                        const stored_payload& from);

/// The job of this number; the error not_found.
result<job_status> job_of(store::view& v, std::uint64_t number);

/// The jobs that a job has submitted, by number.
result<std::vector<job_status>> children_of(store::view& v, std::uint64_t number);

/// A task that waits for a signal now.
struct signal_wait {
  std::uint32_t task = 0;
  std::string task_name;
  std::string signal;
  /// JSON text; empty: anything.
  std::string schema;
};

/// All waits of a job for signals, by task. The error not_found.
result<std::vector<signal_wait>> signal_waits(store::view& v, std::string_view job_id);

/// One row of a task's stream.
struct stream_entry {
  std::uint64_t position = 0;
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;
  timestamp time{};
  /// No chunk: those before are of another attempt.
  bool restarted = false;
  /// JSON text.
  std::string value;
};

/// One past the last position of a task's stream; what it holds is not read.
result<std::uint64_t> stream_end(store::view& v, std::uint64_t job, std::uint32_t task);

/// A task's stream from `from` on; the visitor returns false to end.
result<void> read_stream(store::view& v, std::uint64_t job, std::uint32_t task, std::uint64_t from,
                         const std::function<bool(const stream_entry&)>& visit);

/// All events of a job, oldest first.
result<std::vector<job_event>> history(store::view& v, std::uint64_t job);

/// The outputs of a finished job as one JSON object (see `job_spec::outputs`).
result<json> outputs_of(store::view& v, const job_status& job);

} // namespace dagger::plan
