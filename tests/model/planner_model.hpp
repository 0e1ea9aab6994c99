// The planner once more, slow and obvious: vectors, loops over everything after every
// event, nothing remembered that can be computed. Knows no rows, no store, no planner.
#pragma once

#include <dagger/plan/command.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dagger::model {

/// A condition with its tasks as numbers and its time as a point.
struct wait_for {
  wait_mode mode = wait_mode::all;
  std::vector<std::uint32_t> tasks;
  timestamp until{};
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

struct task {
  std::string name;
  std::string agent;
  std::int32_t priority = 0;
  bool optional = false;
  bool at_most_once = false;
  std::optional<retry_policy> retry;
  std::optional<duration> timeout;
  std::optional<duration> total_timeout;
  payload input;
  std::optional<std::uint32_t> parent;
  std::vector<std::uint32_t> after;
  std::vector<std::uint32_t> waited;

  task_state state = task_state::waiting;
  std::uint32_t visit = 1;
  std::uint32_t attempt = 0;
  std::uint32_t starts = 0;
  std::uint32_t failures = 0;
  std::uint32_t interruptions = 0;
  bool deadline_passed = false;
  /// Skipped because something upstream failed or was cancelled.
  bool skipped_by_failure = false;
  /// Skipped because of what is upstream, not by its agent.
  bool skipped_by_upstream = false;
  error why;
  std::string summary;
  payload output;
  payload saved;
  payload feedback;
  timestamp created{};
  std::optional<timestamp> first_start;
  std::optional<timestamp> ended;
  /// While running.
  std::optional<timestamp> attempt_ends;
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

  bool never_started() const {
    return starts == 0 && (state == task_state::waiting || state == task_state::ready);
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
  job_state state = job_state::running;
  timestamp created{};
  std::optional<timestamp> ended;
  std::vector<task> tasks;
  std::vector<job_event> history;

  /// Not on disk: the engine works on it; who waits for its end.
  bool taken = true;
  std::vector<plan::client_id> clients;
};

// -- small questions, each answered from scratch ---------------------------------

bool allows(const std::vector<std::string>& agents, const std::string& name);
/// Failed or cancelled, or skipped because of such a one upstream.
bool is_failure(const task& t);
/// Because of the tasks that it names.
bool holds(const std::vector<task>& tasks, const wait_for& c);
plan::stored_payload stored(const payload& x);
void once_each(std::vector<std::uint32_t>& list, std::uint32_t n);
task made_of(const plan::task_spec& s, std::uint32_t number);
/// The number of the task that `ref` names; `base` is that of the first added one.
std::optional<std::uint32_t> find(const job& j, std::uint32_t base, const task_ref& ref);

/// What one event should lead to.
struct expectation {
  std::vector<plan::command> commands;
  /// Numbers of the jobs that the batch must mention; empty: no batch.
  std::set<std::uint64_t> touched;
};

/// Arrows that were taken and commands that were given, over a whole run of tests.
struct coverage {
  std::map<std::pair<task_state, task_state>, std::uint64_t> arrows;
  std::map<std::string, std::uint64_t> happened;
};

/// The fold, readable. Copies are snapshots.
class planner {
public:
  /// Takes one event.
  expectation apply(const plan::event& what, timestamp now);

  /// What remains when the engine dies and another one opens the store; `every`: it works on
  /// all active jobs.
  expectation restart(bool every, timestamp now);

  /// The earliest moment at which `time_passed` changes something.
  std::optional<timestamp> wake_at() const;

  /// Attempts that were assigned and not reported.
  std::size_t slots_out() const {
    return out_.size();
  }

  const std::vector<job>& jobs() const {
    return jobs_;
  }

  /// Has a task ready, running or in backoff, and is worked on.
  static bool is_active(const job& j);

  /// When `t` is due, as users see it.
  static std::optional<timestamp> due(const task& t);

  /// Arrows are counted here if set; not part of the state.
  coverage* covers = nullptr;

private:
  struct agent {
    bool here = false;
    bool has_joined = false;
    std::int64_t slots = 0;
    plan::agent_joined settings;
  };

  /// Jobs with ready tasks of one agent and one priority (of the job, of the task) take turns.
  struct level {
    std::string agent;
    std::int32_t of_job;
    std::int32_t of_task;

    friend auto operator<=>(const level&, const level&) = default;
  };

  /// An attempt that holds a slot.
  struct held {
    std::string agent;
    bool alone = false;
  };

  /// Something that a clock will do to a task. The order is the order in which they happen.
  struct timer {
    enum class kind { condition, deadline, attempt, retry, total };
    timestamp when;
    std::uint64_t job;
    std::uint32_t task;
    timer::kind what;

    friend auto operator<=>(const timer&, const timer&) = default;
  };

  void on(const plan::agent_joined& x);
  void on(const plan::agent_lost& x);
  void on(const plan::slots_changed& x);
  void on(const plan::job_submitted& x);
  void on(const plan::job_resumed& x);
  void on(const plan::tasks_reported& x);
  void on(const plan::time_passed& x);

  void take(job& j);
  void attend(job& j, plan::client_id client, bool created);
  std::optional<error> refusal(const plan::job_spec& spec) const;

  void report(const plan::report& x);
  void outcome(job& j, std::uint32_t number, const plan::report& x);
  std::optional<error> add_tasks(job& j, std::uint32_t reporter, const plan::report& x);
  std::optional<error> add_dependencies(job& j, std::uint32_t base, const plan::report& x);
  void suspend(job& j, std::uint32_t number, std::uint32_t base, const plan::suspended& x);
  void fail_attempt(job& j, std::uint32_t number, const failure& why, const payload& feedback);
  void interrupt(job& j, std::uint32_t number);
  void expire(const timer& x);
  std::vector<timer> timers() const;
  static std::vector<timer> timers_of(const job& j, std::uint32_t number);

  void wake(job& j, std::uint32_t number);
  void settle(job& j);
  bool settle_once(job& j);
  void end(job& j);

  void assign();
  bool assign_one();
  void start(job& j, std::uint32_t number);
  bool may_start(const job& j, const task& t, std::uint32_t number) const;
  std::int64_t free_slots(const std::string& name) const;

  void keep_rings(const job& j);
  std::vector<std::uint64_t>& ring_of(const job& j, const task& t);
  bool is_known(const std::string& name) const;
  bool is_out(const job& j, std::uint32_t number) const;
  void slot_is_back(job& j, std::uint32_t number);

  job_event& record(job& j);
  void go(job& j, std::uint32_t number, task_state to, std::string code = {});

  std::vector<job> jobs_;
  std::map<std::string, agent> agents_;
  std::map<plan::attempt_id, held> out_;
  /// Ended by a time-out; their slot is not back.
  std::set<plan::attempt_id> timed_out_;
  /// Whose turn it is: the front is served and goes to the end.
  std::map<level, std::vector<std::uint64_t>> rings_;

  timestamp now_{};
  expectation result_;
};

} // namespace dagger::model
