// The planner once more, slow and obvious: vectors, loops over everything after every
// event, nothing remembered that can be computed. Knows no store and no
// planner, and of rows only that of an output that is kept.
#pragma once

#include <model/job_model.hpp>

#include <dagger/plan/rows.hpp>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dagger::model {

/// What one event should lead to.
struct expectation {
  std::vector<plan::command> commands;
  /// Numbers of the jobs of which the batch must hold a row of the log and of the job.
  std::set<std::uint64_t> touched;
  /// Jobs of which it holds other rows alone: steps, chunks, progress; or that it purges.
  std::set<std::uint64_t> beside;
  /// Rows of purged jobs are erased.
  bool sweeps = false;

  bool writes() const {
    return sweeps || !touched.empty() || !beside.empty();
  }
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

  /// By number; also those that were purged.
  const std::deque<job>& jobs() const {
    return jobs_;
  }

  /// Purged jobs of which rows are left.
  const std::set<std::uint64_t>& doomed() const {
    return doomed_;
  }

  /// Outputs that are kept for equal calls, by place.
  const std::map<digest, plan::cached_row>& kept() const {
    return kept_;
  }

  /// The time of the last event.
  timestamp now() const {
    return now_;
  }

  /// Has a task ready, running or in backoff, and is worked on.
  static bool is_active(const job& j);

  /// When `t` is due, as users see it.
  static std::optional<timestamp> due(const task& t);

  /// Arrows are counted here if set; not part of the state.
  coverage* covers = nullptr;

  /// Of the purged jobs, those that the disk knows of; rows of others are still on their way.
  std::set<std::uint64_t> purged_on_disk;

  /// Finished jobs are purged so long after their end; 0: never.
  duration retention{0};

  /// What there is for all jobs; empty: each has what it says.
  dagger::resources pool;

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
    /// Its agent was told to stop it.
    bool stopped = false;
    dagger::resources takes = {};
  };

  /// Something that a clock will do to a task, or to a job (`of_job`). The order is the order in
  /// which they happen.
  struct timer {
    enum class kind { condition, deadline, attempt, retry, progress, total, job_deadline };
    timestamp when;
    std::uint64_t job;
    std::uint32_t task;
    timer::kind what;

    friend auto operator<=>(const timer&, const timer&) = default;
  };

  static constexpr auto of_job = ~std::uint32_t{0};

  // -- planner_model.cpp: agents, submits, states, what follows -------------------

  void on(const plan::agent_joined& x);
  void on(const plan::agent_lost& x);
  void on(const plan::slots_changed& x);
  void on(const plan::job_submitted& x);
  void on(const plan::job_resumed& x);
  void on(const plan::tasks_reported& x);

  job* by_id(const std::string& id);
  job& create(const plan::job_spec& spec, const std::string& hash);
  void take(job& j);
  void attend(job& j, plan::client_id client, bool created);
  std::optional<error> refusal(const plan::job_spec& spec) const;
  bool is_known(const std::string& name) const;
  job_event& record(job& j);
  void go(job& j, std::uint32_t number, task_state to, std::string code = {});
  void wake(job& j, std::uint32_t number, plan::wake_cause cause);
  void settle(job& j);
  bool settle_once(job& j);
  void end(job& j);
  void after_event();

  // -- changes.cpp: what users change of a job that goes on -----------------------

  void on(const plan::tasks_added& x);
  void on(const plan::task_removed& x);
  void on(const plan::task_enabled& x);
  void on(const plan::input_set& x);
  /// The job and the number of the task, if both may be changed; else a refusal.
  job* changeable(const std::string& id, plan::client_id client);
  std::optional<std::uint32_t> changeable(const job& j, const std::string& name,
                                          plan::client_id client);

  // -- failures.cpp: policies, stops, what is undone ------------------------------

  /// For good, with all that is to follow but what follows for each of the others.
  void fail(job& j, std::uint32_t number, std::string code);
  /// The same, whatever a policy says.
  void just_fail(job& j, std::uint32_t number, std::string code);
  void stop_job(job& j);
  void reopen(job& j);
  /// False if nothing is left to be undone.
  bool undo_next(job& j);

  // -- time.cpp -------------------------------------------------------------------

  void on(const plan::time_passed& x);
  void expire(const timer& x);
  void job_deadline(job& j);
  std::vector<timer> timers() const;
  static std::vector<timer> timers_of(const job& j, std::uint32_t number);
  /// The finished job that is to be purged next, and when.
  std::optional<std::pair<timestamp, std::uint64_t>> next_to_forget() const;

  // -- dispatch.cpp ---------------------------------------------------------------

  void assign();
  bool assign_one();
  void start(job& j, std::uint32_t number);
  bool may_start(const job& j, std::uint32_t number) const;
  /// Whether what it takes is free, and its parent may have another child running.
  bool has_room(const job& j, std::uint32_t number) const;
  std::optional<error> lacks(const dagger::resources& wanted, const dagger::resources& share) const;
  void keep_all_rings();
  std::int64_t free_slots(const std::string& name) const;
  void keep_rings(const job& j);
  std::vector<std::uint64_t>& ring_of(const job& j, const task& t);
  bool is_out(const job& j, std::uint32_t number) const;
  void slot_is_back(job& j, std::uint32_t number);
  void stop(job& j, std::uint32_t number);
  /// The running attempt is over, whatever its agent does; it keeps its slot.
  void cut_off(job& j, std::uint32_t number);

  // -- outcomes.cpp ---------------------------------------------------------------

  void report(const plan::report& x);
  void outcome(job& j, std::uint32_t number, const plan::report& x);
  void accept_outcome(job& j, std::uint32_t number, const plan::report& x);
  /// `reporter`: who adds them; nobody, if they come from outside.
  std::optional<error> add_tasks(job& j, std::optional<std::uint32_t> reporter,
                                 const std::vector<plan::task_spec>& added);
  std::optional<error> add_dependencies(job& j, std::uint32_t base, const plan::report& x);
  std::optional<error> suspend(job& j, std::uint32_t number, std::uint32_t base,
                               const plan::suspended& x);
  void fail_attempt(job& j, std::uint32_t number, const failure& why, const payload& feedback);
  void interrupt(job& j, std::uint32_t number);

  // -- answers.cpp: signals, reviews, beats, steps, chunks ------------------------

  void on(const plan::signal_received& x);
  void on(const plan::review_decided& x);
  void on(const plan::heart_beaten& x);
  void on(const plan::step_done& x);
  void on(const plan::chunks_emitted& x);
  task* live(const plan::attempt_id& id);

  // -- requests.cpp: pause, cancel, purge -----------------------------------------

  void on(const plan::job_paused& x);
  void on(const plan::job_cancelled& x);
  void on(const plan::job_purged& x);
  void on(const plan::sweep_due& x);
  void on(const plan::load_due&) {} // it has all jobs before it
  void refuse(plan::client_id client, std::string_view code);
  void done(plan::client_id client);
  void cancel(job& j, bool again);
  void cancel_task(job& j, std::uint32_t number);
  void purge(job& j);
  void ask_for_sweep();
  bool is_waited_for(const job& j) const;

  // -- retries.cpp ----------------------------------------------------------------

  void on(const plan::job_retried& x);
  std::optional<error> retry_all(job& j);
  std::optional<error> retry_from(job& j, const std::string& from);
  std::optional<error> retry_with(job& j, const plan::job_spec& spec, const std::string& hash);
  void begin_anew(job& j, std::uint32_t number, bool from_scratch);

  // -- other_jobs.cpp: waits for them, submits, ends; stalls ----------------------

  bool has_ended(std::uint64_t number) const;
  /// Because of the tasks, jobs and signals that it names.
  bool holds(const job& j, const wait_for& c) const;
  /// The first condition that holds, times that have come included.
  std::optional<std::uint32_t> first_that_holds(const job& j, const task& t) const;
  std::optional<error> check_waits(const job& j, const plan::report& x) const;
  bool leads_to(const job& from, const job& to) const;
  std::optional<error> check_submits(const job& j, const plan::report& x) const;
  std::vector<std::uint64_t> submit_jobs(job& j, const plan::report& x);
  void follow_ends();
  bool cannot_go_on(const job& j) const;
  bool has_stalled(const job& j) const;
  void leave_stalls();
  bool end_a_stall();
  bool act_on_stall(job& j);
  void tell_paused();

  std::deque<job> jobs_; // references stay good when one is added
  std::map<std::string, agent> agents_;
  std::map<plan::attempt_id, held> out_;
  /// Over although they have not been reported; their slot is not back.
  std::set<plan::attempt_id> over_;
  /// Tasks (job, number) of attempts that have just been reported, and still count as out.
  std::set<std::pair<std::uint64_t, std::uint32_t>> returning_;
  /// Whose turn it is: the front is served and goes to the end.
  std::map<level, std::vector<std::uint64_t>> rings_;
  std::set<std::uint64_t> doomed_;
  std::map<digest, plan::cached_row> kept_;
  bool sweep_asked_for_ = false;
  bool every_job_ = true;

  /// Jobs that ended in this event, of which others have not heard.
  std::deque<std::uint64_t> ended_;
  timestamp now_{};
  expectation result_;
};

} // namespace dagger::model
