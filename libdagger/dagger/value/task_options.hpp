// What a user says about a task when adding it, to a job or from inside an agent.
#pragma once

#include <dagger/limits.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/retry.hpp>

#include <compare>
#include <cstdint>
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
};

/// When a condition holds.
enum class wait_mode : std::uint8_t {
  all,            // all tasks are settled, however they ended
  all_or_failure, // all are settled, or one has failed
  any,            // one is completed, or none can complete any more
  time,           // a point in time has passed
};

/// What must happen before a suspended task goes on. Made by the functions below.
struct condition {
  wait_mode mode = wait_mode::all_or_failure;
  std::vector<task_ref> tasks = {};
  timestamp until{};
  /// Instead of `until`: this long after the outcome is recorded.
  std::optional<duration> delay = {};

  static condition all(std::vector<task_ref> tasks) {
    return {wait_mode::all, std::move(tasks), {}, {}};
  }

  static condition all_or_failure(std::vector<task_ref> tasks) {
    return {wait_mode::all_or_failure, std::move(tasks), {}, {}};
  }

  static condition any(std::vector<task_ref> tasks) {
    return {wait_mode::any, std::move(tasks), {}, {}};
  }

  static condition time(timestamp until) {
    return {wait_mode::time, {}, until, {}};
  }

  static condition time(duration delay) {
    return {wait_mode::time, {}, {}, delay};
  }
};

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
