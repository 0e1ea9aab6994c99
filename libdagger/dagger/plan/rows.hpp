// The rows of jobs and tasks as values, and their bytes. Decides nothing.
#pragma once

#include <dagger/plan/query.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::plan {

/// What most tasks do not say.
struct rare_spec {
  dagger::run_if run_if = dagger::run_if::all_success;
  std::optional<dagger::on_failure> on_failure;
  std::uint32_t max_children = 0;
  dagger::resources resources;
  std::string compensate;
  /// The task that this one undoes.
  std::optional<std::uint32_t> compensates;

  friend bool operator==(const rare_spec&, const rare_spec&) = default;
};

/// What a task is; never changes.
struct spec_row {
  std::string name; // empty: AGENT-NUMBER
  std::string agent;
  std::string description;
  task_kind kind = task_kind::task;
  std::int32_t priority = 0;
  bool optional = false;
  bool at_most_once = false;
  bool templated = false;
  std::shared_ptr<const retry_policy> retry; // null: the agent's
  std::optional<duration> timeout;
  std::optional<duration> total_timeout;
  std::optional<duration> heartbeat;
  std::optional<std::uint32_t> parent;
  timestamp created{};
  std::vector<task_range> after;
  stored_payload input;
  std::shared_ptr<const rare_spec> more; // null: nothing of it

  const rare_spec& rare() const {
    static const auto none = rare_spec{};
    return more ? *more : none;
  }
};

/// What was submitted; never changes. The tasks stand here if they are few, else in `specs`.
struct definition_row {
  std::uint64_t number = 0;
  std::string hash;
  std::string name;
  std::string description;
  std::int32_t priority = 0;
  std::vector<std::string> tags;
  std::string created_by;
  std::string traceparent;
  timestamp created{};
  stored_payload inputs;
  stored_payload outputs;
  std::vector<std::string> allowed_agents;
  std::vector<spec_row> tasks;
  job_limits limits;
  dagger::stall_action stall_action = dagger::stall_action::fail_wait;
  std::string planning_agent;
  /// The job that submitted this one; 0: none.
  std::uint64_t parent = 0;
  dagger::on_parent_end on_parent_end = dagger::on_parent_end::cancel;
  /// Jobs above it.
  std::uint32_t depth = 0;
  dagger::on_failure on_failure = dagger::on_failure::carry_on;
  dagger::resources resources;
  bool is_flow = false;
  std::optional<retry_policy> retry;
  std::string folder;
};

/// Definitions with more tasks keep them in rows of `specs`.
inline constexpr std::size_t tasks_in_definition = 16;

/// Whether a job that has not completed undoes what it did.
enum class undoing : std::uint8_t { no, begun, given_up };

/// A job as it stands.
struct job_row {
  std::string id;
  job_state state = job_state::running;
  timestamp created{};
  std::optional<timestamp> ended;
  std::uint32_t tasks = 0;
  task_counts counts{};
  /// One past the position of its last event in the log `dagger.jobs`; 0: it has none yet.
  std::uint64_t events_end = 0;
  /// Why it failed as a whole.
  std::string code;
  /// Its deadline.
  std::optional<timestamp> due;
  /// Jobs that it has submitted.
  std::uint32_t submitted = 0;
  /// One past the last number of a queued signal.
  std::uint32_t signals_end = 0;
  /// Suspended tasks that wait for other jobs.
  std::uint32_t waits_for_jobs = 0;
  /// Of the situation of the last stall; 0: there was none.
  std::uint64_t stall = 0;
  /// A failure has stopped it: nothing starts any more but what runs after failures.
  bool stopping = false;
  plan::undoing undoing = plan::undoing::no;
  /// How many tasks that can be undone have completed.
  std::uint64_t completions = 0;
};

/// One of the conditions that a suspended task waits for.
struct clause {
  wait_mode mode = wait_mode::all;
  std::vector<task_range> tasks;
  timestamp until{};
  /// Numbers of jobs, instead of tasks.
  std::vector<std::uint64_t> jobs;
  /// Names of tasks that are not there yet.
  std::vector<std::string> expected;
  std::string signal;
  std::string schema; // of the signal, JSON text; empty: anything
};

/// Why a task is suspended.
struct wait_row {
  std::vector<clause> any_of;
  std::optional<timestamp> deadline;
  dagger::on_deadline on_deadline = dagger::on_deadline::fail;
};

/// What most tasks never have.
struct rare_row {
  /// The visit that counts as the first one.
  std::uint32_t first_visit = 1;
  /// Of its steps.
  std::uint32_t round = 0;
  /// Which condition woke it, and whether that was a signal.
  std::uint32_t woken_by = 0;
  bool signalled = false;
  /// A retry has replaced it: its name is free, the job does not ask for it.
  bool replaced = false;
  /// Retried while it had waited for others: `waiting` until those are settled.
  bool waits_again = false;
  /// It has failed, and the job is paused: it begins anew when that goes on.
  bool open = false;
  /// A user has taken it out: it is skipped when its turn comes.
  bool disabled = false;
  /// Its input is not that of the spec but `input`, which is read in the same way.
  bool has_input = false;
  stored_payload answer;
  stored_payload progress;
  /// When it completed, among the tasks of the job that can be undone; 0: it has not.
  std::uint64_t completion = 0;
  /// Where its output is kept for equal calls, if it can be undone.
  std::optional<digest> kept;
  stored_payload input;
  /// Of what it had waited for, what it does not wait for again: that comes after it.
  std::vector<task_range> spared;

  friend bool operator==(const rare_row&, const rare_row&) = default;
};

/// How a task stands.
struct task_row {
  task_state state = task_state::waiting;
  std::uint32_t visit = 1;
  std::uint32_t attempt = 0;                               // starts in this visit
  std::uint32_t starts = 0;                                // over all visits
  std::uint32_t failures = 0;                              // reported, in this visit
  std::uint32_t interruptions = 0;                         // in a row
  std::uint32_t max_interruptions = limits::interruptions; // of the agent, at the last start
  bool at_most_once = false;                               // the same
  bool deadline_passed = false;                            // why this visit began
  bool failed_upstream = false; // skipped because of a failure or cancellation
  std::vector<task_range> added_after;
  std::vector<task_range> waited;
  std::optional<wait_row> wait;
  std::optional<timestamp> started;
  std::optional<timestamp> ended;
  std::optional<timestamp> due; // of a backoff
  std::optional<timestamp> total_deadline;
  stored_payload output;
  stored_payload saved_state;
  stored_payload feedback;
  std::string code;
  std::string message;
  std::string summary;
  std::unique_ptr<rare_row> more;

  const rare_row& rare() const {
    static const auto none = rare_row{};
    return more ? *more : none;
  }

  rare_row& rarely() {
    if (!more)
      more = std::make_unique<rare_row>();
    return *more;
  }
};

/// No further change without a user, and what follows from it may follow.
inline bool settled(const task_row& x) {
  return settled(x.state) && !x.rare().open;
}

/// A signal that waits for a task to take it.
struct signal_row {
  std::string name;
  timestamp sent{};
  std::string value;
};

/// What is left to erase of a purged job.
struct doomed_row {
  /// One past the position of its last event that is left.
  std::uint64_t events_end = 0;
};

/// A chunk of a task's stream.
struct chunk_row {
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;
  timestamp time{};
  /// No chunk: those before are of another attempt.
  bool restarted = false;
  std::string value;
};

/// The output of a call, for equal ones.
struct cached_row {
  /// Of all that it follows from.
  digest call;
  timestamp made{};
  /// After that it counts no more, and may be erased.
  timestamp until{};
  std::vector<file_identity> files;
  /// JSON text; empty: none.
  std::string output;
};

/// An event and where the job's one before it stands.
struct event_row {
  job_event event; // without its position
  std::optional<std::uint64_t> previous;
};

std::string encode(const definition_row& x);
std::string encode(std::span<const spec_row* const> x);
std::string encode(const job_row& x);
std::string encode(const task_row& x);
std::string encode(const event_row& x);
std::string encode(const signal_row& x);
std::string encode(const doomed_row& x);
std::string encode(const chunk_row& x);
std::string encode(const cached_row& x);

/// Reads what `encode` wrote; skips what a later version has put behind it. The error is
/// store_corrupt.
result<definition_row> decode_definition(std::string_view body);
result<std::vector<spec_row>> decode_specs(std::string_view body);
result<job_row> decode_job(std::string_view body);
result<task_row> decode_task(std::string_view body);
/// Whether the row says that the task is suspended; the rest of it is not read.
bool is_suspended(std::string_view body);
result<event_row> decode_event(std::string_view body);
result<signal_row> decode_signal(std::string_view body);
result<doomed_row> decode_doomed(std::string_view body);
result<chunk_row> decode_chunk(std::string_view body);
result<cached_row> decode_cached(std::string_view body);
/// Until when the row counts; the rest of it is not read.
result<timestamp> end_of_cached(std::string_view body);

/// A task's name: its own, or AGENT-NUMBER.
std::string name_of(const spec_row& spec, std::uint32_t number);

/// Appends `x` to ranges, in order.
void add_to(std::vector<task_range>& ranges, std::uint32_t x);

/// Calls `visit` with each number of the ranges.
template <class F>
void for_each(const std::vector<task_range>& ranges, F&& visit) {
  for (auto& r : ranges)
    for (auto i = std::uint32_t{0}; i < r.count; ++i)
      visit(r.first + i);
}

bool contains(const std::vector<task_range>& ranges, std::uint32_t x);

/// What the task was defined as; `after` are numbers of the job, `input` is not there.
task_spec spec_of(const spec_row& row);

} // namespace dagger::plan
