// What a user says about a task when adding it, to a job or from inside an agent.
#pragma once

#include <dagger/limits.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/retry.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dagger {

/// Names a task: one that was just added (by what `add` returned), or one of the
/// job by its name.
struct task_ref {
  /// Which of the tasks added to this job builder or in this visit; or `by_name`.
  std::uint32_t added = by_name;
  /// With `by_name`: the task's name in its job.
  std::string name = {};

  static constexpr std::uint32_t by_name = 0xffff'ffff;

  task_ref() = default;
  task_ref(std::string task_name) : name(std::move(task_name)) {}
  task_ref(const char* task_name) : name(task_name) {}

  /// The n-th added task; `add` makes these.
  static task_ref nth(std::uint32_t n) {
    auto made = task_ref{};
    made.added = n;
    return made;
  }

  friend bool operator==(const task_ref&, const task_ref&) = default;
};

/// Where a task stands in a plan; for people and filters, it changes nothing.
enum class task_kind : std::uint8_t { objective, story, task, subtask };

/// When a task starts whose dependencies have all settled; else it is skipped. Failed counts what
/// was cancelled, or skipped because of a failure, as well.
enum class run_if : std::uint8_t {
  all_success, // all are completed; the first that is not decides at once
  all_done,    // however they ended
  one_success, // one is completed
  one_failed,  // one has failed
  none_failed, // they are completed, or their agents skipped them
};

/// What the final failure of a task means for the others of its job.
enum class on_failure : std::uint8_t {
  carry_on, // "continue" in files: what does not depend on it goes on
  stop,     // nothing starts any more but what runs if all_done or one_failed; what runs is stopped
  pause,    // the job is paused; when it is resumed, the task begins anew
};

/// Amounts by name: {"gpu", 1}.
using resources = std::map<std::string, std::uint64_t>;

/// A task to be added. Only `agent` is needed.
struct task_options {
  /// Unique in its job, `[A-Za-z0-9_][A-Za-z0-9_.-]*` and at most 128 bytes; made from
  /// agent and number ("data_gatherer-7") if empty.
  std::string name = {};
  /// Who does it.
  std::string agent = {};
  /// Tasks that must be completed before this one starts.
  std::vector<task_ref> after = {};
  /// What the agent gets; checked against its input schema.
  json input = json::object();
  std::string description = {};
  task_kind kind = task_kind::task;
  /// Among ready tasks, higher first.
  std::int32_t priority = 0;
  /// Its failure does not fail the job.
  bool optional = false;
  /// An interrupted attempt fails instead of running again.
  bool at_most_once = false;
  /// Instead of the agent's own.
  std::optional<retry_policy> retry = {};
  /// Of one attempt; instead of the agent's own.
  std::optional<duration> timeout = {};
  /// From the first start on, over all attempts, waits and visits.
  std::optional<duration> total_timeout = {};
  /// Between two heartbeats of an attempt; instead of the agent's own.
  std::optional<duration> heartbeat = {};
  /// What the ends of `after` must be.
  dagger::run_if run_if = dagger::run_if::all_success;
  /// Instead of the job's, for the failure of this task; that of an optional one is carried on
  /// with.
  std::optional<dagger::on_failure> on_failure = {};
  /// How many of the tasks that it adds may run at once; 0: all.
  std::uint32_t max_children = 0;
  /// What an attempt takes of the pool while it runs; it waits until that is free.
  dagger::resources resources = {};
  /// Who undoes it, should the job not complete: an agent that gets `{"compensates": NAME}`.
  std::string compensate = {};
};

/// When a condition holds.
enum class wait_mode : std::uint8_t {
  all,            // all tasks are settled, however they ended
  all_or_failure, // all are settled, or one has failed
  any,            // one is completed, or none can complete any more
  time,           // a point in time has passed
  signal,         // somebody has sent the signal
  review,         // somebody has accepted or rejected the output; made by `task::review`
};

/// What must happen before a suspended task goes on. Made by the functions below.
struct condition {
  wait_mode mode = wait_mode::all_or_failure;
  std::vector<task_ref> tasks = {};
  timestamp until{};
  /// Instead of `until`: this long after the outcome is recorded.
  std::optional<duration> delay = {};
  /// Ids of other jobs, instead of tasks.
  std::vector<std::string> jobs = {};
  /// Names of tasks that this job may not have yet: others are expected to add them.
  std::vector<std::string> expected = {};
  /// The signal's name, and the JSON Schema of its value.
  std::string signal_name = {};
  json signal_schema = true;
  /// Channels of which a message is waited for, and a Lua expression over it; empty: any message.
  std::string message_pattern = {};
  std::string message_when = {};

  static condition all(std::vector<task_ref> tasks) {
    return {.mode = wait_mode::all, .tasks = std::move(tasks)};
  }

  static condition all_or_failure(std::vector<task_ref> tasks) {
    return {.mode = wait_mode::all_or_failure, .tasks = std::move(tasks)};
  }

  static condition any(std::vector<task_ref> tasks) {
    return {.mode = wait_mode::any, .tasks = std::move(tasks)};
  }

  static condition time(timestamp until) {
    return {.mode = wait_mode::time, .until = until};
  }

  static condition time(duration delay) {
    return {.mode = wait_mode::time, .delay = delay};
  }

  /// Other jobs by id, as tasks are waited for: failed counts what failed or was cancelled.
  static condition of_jobs(std::vector<std::string> ids,
                           wait_mode mode = wait_mode::all_or_failure) {
    return {.mode = mode, .jobs = std::move(ids)};
  }

  /// Tasks by name that others may still have to add. When nothing of the job can move any more and
  /// one is still not there, the job has stalled (`stall_action`).
  static condition of_expected(std::vector<std::string> names,
                               wait_mode mode = wait_mode::all_or_failure) {
    return {.mode = mode, .expected = std::move(names)};
  }

  /// A signal from outside. Those sent before the wait are queued, oldest first; a wait takes one.
  /// Who sends it is refused what breaks `schema`; one queued before anybody waited was not
  /// held against it, so look at what you get.
  static condition signal(std::string name, json schema = true) {
    return {.mode = wait_mode::signal,
            .signal_name = std::move(name),
            .signal_schema = std::move(schema)};
  }

  /// A message of a channel that the pattern matches, on disk after the visit began that waits; the
  /// answer is its CloudEvents JSON, with `channel` and `position`. `when`: a Lua expression over
  /// `message`, which is that JSON: `message.data.total > 100`. Other messages are passed over.
  static condition message(std::string pattern, std::string when = {}) {
    return {.mode = wait_mode::signal,
            .message_pattern = std::move(pattern),
            .message_when = std::move(when)};
  }
};

/// Names of signals that begin so are the engine's own.
inline constexpr std::string_view reserved_signals = "dagger.message.";

/// The first of several conditions that holds: `self.wait(any_of(signal, time))`.
template <class... Conditions>
std::vector<condition> any_of(Conditions... conditions) {
  return {std::move(conditions)...};
}

/// What happens when a wait's deadline passes first.
enum class on_deadline : std::uint8_t {
  fail, // the task fails as `timeout`
  wake, // the agent is visited again, `task::deadline_passed()` is true
};

/// How a task waits.
struct wait_options {
  /// Handed to the next visit as `task::state()`.
  json state = nullptr;
  /// Of the wait, from when the outcome is recorded.
  std::optional<duration> deadline = {};
  dagger::on_deadline on_deadline = dagger::on_deadline::fail;
  /// With a deadline: the next visit begins then and `task::answer()` is this. Null: none.
  json default_answer = nullptr;
};

/// What happens to a job that an agent submitted when the job of that agent ends first.
enum class on_parent_end : std::uint8_t { cancel, leave };

/// What happens when nothing of a job can move any more because tasks wait for others that nobody
/// adds (`condition::of_expected`).
enum class stall_action : std::uint8_t {
  fail_wait,             // the first such wait fails as `wait_unmet`, and so on
  notify_planning_agent, // a task of the job's planning agent, once per situation; then fail_wait
  terminate_job,         // all unfinished tasks fail as `wait_unmet`
  callback,              // `engine_options::on_stall` is called; the job stays as it is
};

/// Bounds of one job; 0: only those of `limits`.
struct job_limits {
  /// Tasks altogether.
  std::uint32_t tasks = 0;
  /// Levels of tasks that add tasks; tasks of the definition are the first.
  std::uint32_t depth = 0;
  /// Attempts at the same time.
  std::uint32_t running = 0;
  /// From submit to end; then what is unfinished fails as `timeout`.
  std::optional<duration> deadline = {};

  friend bool operator==(const job_limits&, const job_limits&) = default;
};

/// An attempt that did not succeed, returned by an agent.
struct failure {
  /// One of `dagger::code`, or the user's own, which contains a dot.
  std::string code = "exception";
  std::string message = {};
  /// False: no further attempt, whatever the policy says.
  bool retryable = true;
  /// The pause before the next attempt is at least this.
  std::optional<duration> retry_after = {};
};

} // namespace dagger
