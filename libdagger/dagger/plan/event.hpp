// What happens to the planner, in the past tense. Events carry every id, time and
// payload that a decision needs.
#pragma once

#include <dagger/codec/hash.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/store/keys.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace dagger::plan {

/// Names one start of a task. A report must name the start that it belongs to.
struct attempt_id {
  std::uint64_t job = 0; // the job's number in this store
  std::uint32_t task = 0;
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;

  friend auto operator<=>(const attempt_id&, const attempt_id&) = default;
};

/// Who waits for an answer; made and understood by the driver only.
using client_id = std::uint64_t;

/// An agent is ready for work, with as many tasks at once as it has slots.
struct agent_joined {
  std::string agent;
  std::uint32_t slots = 1;
  /// For tasks that do not say.
  retry_policy retry;
  /// Of one attempt, for tasks that do not say.
  std::optional<duration> timeout;
  bool at_most_once = false;
  std::uint32_t max_interruptions = limits::interruptions;
  /// Between two heartbeats of an attempt, for tasks that do not say.
  std::optional<duration> heartbeat = {};
};

/// An agent ended; what it ran is interrupted.
struct agent_lost {
  std::string agent;
};

/// Threads were given up (fewer slots) or came back (more).
struct slots_changed {
  std::string agent;
  std::int32_t by = 0;
};

/// Somebody wants a job done. `hash` is `hash_of(*spec)`.
struct job_submitted {
  std::shared_ptr<const job_spec> spec;
  std::string hash;
  client_id client = 0;
};

/// Somebody waits for the end of a job that is in the store; an unfinished one is taken up, a
/// paused one goes on.
struct job_resumed {
  std::string id;
  client_id client = 0;
};

// Of the following, `client` hears `done` when it is on disk, or `refuse`; 0: nobody does.

/// Nothing new of the job is to start.
struct job_paused {
  std::string id;
  client_id client = 0;
};

/// The job is to end early. The second time, running attempts are not waited for any more.
struct job_cancelled {
  std::string id;
  client_id client = 0;
};

/// A finished job is to run again what did not complete.
struct job_retried {
  std::string id;
  /// This task and all that depends on it run again, completed or not; empty: what did not
  /// complete.
  std::string from = {};
  /// Instead of what has not completed; null: as it was. `hash` is `hash_of(*with)`.
  std::shared_ptr<const job_spec> with = {};
  std::string hash = {};
  client_id client = 0;
};

/// A finished job is to be forgotten, with its events.
struct job_purged {
  std::string id;
  client_id client = 0;
};

/// Rows of purged jobs are left: some more are erased.
struct sweep_due {};

/// Somebody outside sent a signal to a job.
struct signal_received {
  std::string job;
  std::string name;
  payload value;
  /// Kept for a later wait if nobody waits now; else refused.
  bool queue = true;
  client_id client = 0;
};

/// Somebody judged the output of a task that is in review.
struct review_decided {
  std::string job;
  std::string task;
  bool accepted = true;
  /// Of a rejection; the next visit's feedback is `{"rejected": reason}`.
  std::string reason = {};
  /// A rejection that fails the task.
  bool final = false;
  client_id client = 0;
};

/// Somebody outside adds tasks to a job that has not ended: all of them or none.
/// `task_ref::nth(n)` names the n-th.
struct tasks_added {
  std::string id;
  std::vector<task_spec> tasks;
  client_id client = 0;
};

/// A task that has not started, and that no other one needs, is to go.
struct task_removed {
  std::string id;
  std::string task;
  client_id client = 0;
  /// These go with it, and may need it.
  std::vector<std::string> along = {};
};

/// A task that has not started is to be skipped when its turn comes, or is not any more.
struct task_enabled {
  std::string id;
  std::string task;
  bool enabled = true;
  client_id client = 0;
  /// Its input from now on, if it is not empty: what a file says of being enabled stands there.
  payload input = {};
};

/// A task that has not started gets this input. It is read as the one before was: that of a
/// templated task is a template, or the program of a node.
struct input_set {
  std::string id;
  std::string task;
  payload input;
  client_id client = 0;
};

/// A running attempt lives.
struct heart_beaten {
  attempt_id attempt;
  /// For the next attempt; empty: none.
  payload progress;
};

/// A named step of a running attempt is done; `client` hears of it.
struct step_done {
  attempt_id attempt;
  std::string name;
  payload value;
  client_id client = 0;
};

/// A running attempt has more for its task's stream.
struct chunks_emitted {
  attempt_id attempt;
  std::vector<payload> chunks;
};

/// The attempt succeeded.
struct completed {
  payload output;
  /// Why it did not have to run: the output is that of an equal call. Empty: it ran.
  std::string cached = {};
  /// Where the output is kept for equal calls; it is forgotten when the task is undone.
  std::optional<digest> place = {};
};

/// The task waits: for one of the conditions, or for its deadline.
struct suspended {
  std::vector<condition> any_of;
  payload state;
  std::optional<duration> deadline;
  dagger::on_deadline on_deadline = dagger::on_deadline::fail;
  /// What the next visit gets as the answer if the deadline passes.
  payload default_answer = {};
};

/// The output waits for somebody's word: `review_decided`.
struct in_review {
  payload output;
  payload state = {};
  std::optional<duration> deadline = {};
  dagger::on_deadline on_deadline = dagger::on_deadline::fail;
};

/// The attempt failed.
struct failed {
  failure why;
  /// For the next attempt's `feedback()`: the violations of an invalid output.
  payload feedback;
};

/// The agent decided that there is nothing to do.
struct skipped {
  std::string reason;
};

/// The engine shuts down: the attempt did not happen.
struct given_back {};

/// The attempt's thread was given up after `grace`; its slot is free again.
struct abandoned {};

/// One dependency added to a task that has not started.
struct new_dependency {
  task_ref task;
  task_ref on;
};

/// A job that an attempt hands in.
struct submitted {
  std::shared_ptr<const job_spec> spec;
  std::string hash;
  dagger::on_parent_end on_parent_end = dagger::on_parent_end::cancel;
};

/// A message that an attempt publishes.
struct published {
  /// Of the channel.
  store::log_id log{};
  /// Empty: it is not looked for twice.
  std::string id = {};
  /// As the channel stores it.
  std::string row = {};
  /// One with this id came so long ago that it counts no more.
  bool anew = false;
};

/// By what a file is told apart from what it was before.
struct file_identity {
  std::string path;
  std::uint64_t size = 0;
  /// When it was changed last, in ns since 1970; 0 if its content says it.
  std::int64_t modified = 0;
  /// Of its content; nothing if nobody has asked for it.
  std::optional<digest> content = {};

  friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// The output of an attempt that completes is kept for equal calls.
struct kept_output {
  /// Which row it is: one for each call, or for each node.
  digest place;
  /// Of all that the output follows from.
  digest call;
  /// For so long.
  duration keep{0};
  /// What it has written.
  std::vector<file_identity> files = {};
};

/// What an attempt came to, with everything that it collected.
struct report {
  attempt_id attempt;
  std::variant<completed, suspended, failed, skipped, given_back, abandoned, in_review> outcome;
  /// `task_ref::nth(n)` names the n-th of these; their parent is the reporting task.
  std::vector<task_spec> added;
  std::vector<new_dependency> dependencies;
  std::optional<std::string> summary;
  std::vector<submitted> jobs;
  std::optional<kept_output> keep = {};
  std::vector<published> messages = {};
};

/// Attempts ended. Several in one event share their rows.
struct tasks_reported {
  std::vector<report> reports;
};

/// `now` has passed `wake_at()`.
struct time_passed {};

/// There is time to read some more of the jobs that `has_unread()` tells of.
struct load_due {};

using event =
  std::variant<agent_joined, agent_lost, slots_changed, job_submitted, job_resumed, tasks_reported,
               time_passed, job_paused, job_cancelled, job_retried, job_purged, sweep_due,
               signal_received, review_decided, heart_beaten, step_done, chunks_emitted,
               tasks_added, task_removed, task_enabled, input_set, load_due>;

} // namespace dagger::plan
