// Jobs and tasks of the slow model, and the small questions about them, each answered
// from scratch.
#pragma once

#include <dagger/plan/command.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace dagger::model {

/// A condition with its tasks and jobs as numbers and its time as a point.
struct wait_for {
  wait_mode mode = wait_mode::all;
  std::vector<std::uint32_t> tasks;
  timestamp until{};
  std::vector<std::uint64_t> jobs;
  /// Names of tasks that are not there yet.
  std::vector<std::string> expected;
  std::string signal;
};

/// One change of a task, as the history shows it.
struct move {
  std::uint32_t task = 0;
  task_state to = task_state::waiting;
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;
  std::string code;

  friend bool operator==(const move&, const move&) = default;
};

/// A row of a task's stream.
struct chunk {
  std::uint32_t visit = 0;
  std::uint32_t attempt = 0;
  /// No chunk: those before are of another attempt.
  bool restarted = false;
  std::string text;

  friend bool operator==(const chunk&, const chunk&) = default;
};

struct task {
  std::string name;
  std::string agent;
  std::int32_t priority = 0;
  bool optional = false;
  bool at_most_once = false;
  std::optional<retry_policy> retry;
  std::optional<duration> timeout;
  std::optional<duration> total_timeout;
  std::optional<duration> heartbeat;
  dagger::run_if run_if = dagger::run_if::all_success;
  std::optional<dagger::on_failure> on_failure;
  std::uint32_t max_children = 0;
  dagger::resources resources;
  std::string compensate;
  /// The task that it undoes.
  std::optional<std::uint32_t> compensates;
  payload input;
  std::optional<std::uint32_t> parent;
  std::vector<std::uint32_t> after;
  std::vector<std::uint32_t> waited;

  task_state state = task_state::waiting;
  std::uint32_t visit = 1;
  /// The one that counts as the first.
  std::uint32_t first_visit = 1;
  std::uint32_t attempt = 0;
  std::uint32_t starts = 0;
  std::uint32_t failures = 0;
  std::uint32_t interruptions = 0;
  /// Of its steps.
  std::uint32_t round = 0;
  plan::wake_cause cause;
  /// Skipped because something upstream failed or was cancelled.
  bool skipped_by_failure = false;
  /// Skipped because of what is upstream, not by its agent.
  bool skipped_by_upstream = false;
  /// A retry has put others in its place.
  bool replaced = false;
  /// Retried: `waiting` also until all of `waited` have settled.
  bool waits_again = false;
  /// Of `waited`, those that would not settle before it does.
  std::vector<std::uint32_t> spared;
  /// Has failed and may begin anew: nothing follows from it yet.
  bool open = false;
  /// To be skipped when its turn comes.
  bool disabled = false;
  /// Its place among the completed tasks of the job that can be undone.
  std::uint64_t completion = 0;
  /// Has not run since it began, or began anew.
  bool fresh = true;
  error why;
  std::string summary;
  /// Why it did not have to run when it completed.
  std::string cached;
  /// Where its output is kept for equal calls.
  std::optional<digest> kept;
  payload output;
  payload saved;
  payload feedback;
  payload answer;
  payload progress;
  timestamp created{};
  std::optional<timestamp> first_start;
  std::optional<timestamp> ended;
  /// While running: its `timeout`, the end of its last `heartbeat`, and how long one is.
  std::optional<timestamp> attempt_ends;
  std::optional<timestamp> beat_ends;
  std::optional<duration> beat;
  /// While running, in memory: progress that is to be written, and when some was last.
  payload new_progress;
  std::optional<timestamp> progress_written;
  /// This start of it has rows in the stream.
  bool emits = false;
  /// While in backoff.
  std::optional<timestamp> retry_at;
  /// The pause is over, the slot of the last attempt is not back; not on disk.
  bool waits_for_slot = false;
  /// As at the last start.
  bool was_at_most_once = false;
  std::uint32_t max_interruptions = limits::interruptions;
  /// While suspended.
  std::vector<wait_for> conditions;
  std::optional<timestamp> deadline;
  dagger::on_deadline on_deadline = dagger::on_deadline::fail;
  payload default_answer;

  bool never_started() const {
    return fresh && (state == task_state::waiting || state == task_state::ready);
  }
};

/// What one event did to a job.
struct job_event {
  timestamp time{};
  std::optional<job_state> state;
  std::uint32_t first_added = 0;
  std::uint32_t added = 0;
  std::vector<move> moves;
};

struct job {
  std::uint64_t number = 0;
  std::string id;
  std::string hash;
  std::int32_t priority = 0;
  std::vector<std::string> allowed_agents;
  job_limits limits;
  dagger::stall_action stall_action = dagger::stall_action::fail_wait;
  std::string planning_agent;
  dagger::on_failure on_failure = dagger::on_failure::carry_on;
  dagger::resources resources;
  /// A failure has stopped it.
  bool stopping = false;
  enum class undoing { no, begun, given_up };
  undoing undo = undoing::no;
  std::uint64_t completions = 0;
  /// The job that submitted it; 0: none.
  std::uint64_t parent = 0;
  dagger::on_parent_end on_parent_end = dagger::on_parent_end::cancel;
  /// Jobs above it.
  std::uint32_t depth = 0;
  job_state state = job_state::running;
  /// Why it failed as a whole.
  std::string code;
  timestamp created{};
  std::optional<timestamp> ended;
  std::optional<timestamp> deadline;
  std::vector<task> tasks;
  std::vector<job_event> history;
  /// Name and value of those that no task has taken.
  std::vector<std::pair<std::string, payload>> signals;
  /// Of the last stall that somebody was told of.
  std::string situation;
  /// It stalled while the engine did not work on it; the next one that does looks at it.
  bool unseen_stall = false;
  /// Task, round, name.
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::string>, std::string> steps;
  std::map<std::uint32_t, std::vector<chunk>> streams;
  bool purged = false;

  /// Not on disk: the engine works on it; who waits for its end.
  bool taken = true;
  std::vector<plan::client_id> clients;
};

bool allows(const std::vector<std::string>& agents, const std::string& name);

/// Nothing more comes, unless a user wants it.
bool is_over(const task& t);

/// Ended as failed or cancelled, or skipped because of such a one upstream.
bool is_failure(const task& t);

/// It, or who has added it, runs after failures, or undoes: it goes on in a job that was stopped.
bool outlives_stop(const job& j, std::uint32_t number);

/// It undoes something, or was added by what does.
bool undoes(const job& j, std::uint32_t number);

/// The job does not complete.
bool has_failed(const job& j);

/// Is only waited for to end.
bool is_ending(const job& j, std::uint32_t number);

/// Its output waits for somebody's word.
bool in_review(const task& t);

/// Not assigned to anybody just now: it is paused, or as many of its tasks run as may.
bool is_held(const job& j);

plan::stored_payload stored(const payload& x);

void once_each(std::vector<std::uint32_t>& list, std::uint32_t n);

task made_of(const plan::task_spec& s, std::uint32_t number);

/// The number of the task that `ref` names; `base` is that of the first added one.
std::optional<std::uint32_t> find(const job& j, std::uint32_t base, const task_ref& ref);

/// 1 for tasks of the definition.
std::uint32_t level_of(const job& j, std::uint32_t number);

/// How many of the tasks count.
std::uint32_t size_of(const job& j);

/// Tasks that were expected and are there take their places.
void place_expected(job& j);

/// Dependencies and waits lead from a task back to it.
bool has_cycle(const job& j);

/// Which of these tasks need not settle before each other again, though they had waited.
void spare(job& j, const std::set<std::uint32_t>& numbers);

/// Which tasks miss which names: `[{"expects":["x"],"task":"t"}]`.
json situation_of(const job& j);

} // namespace dagger::model
