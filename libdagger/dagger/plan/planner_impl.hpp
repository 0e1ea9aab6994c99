// The inside of the planner, for its own sources: planner.cpp (events, rows), time.cpp (what is
// due), submit.cpp (jobs come in), outcome.cpp and additions.cpp (reports), attempt.cpp (signs of
// running attempts), settle.cpp (what follows from an end), failure.cpp (what follows from a
// failure), undo.cpp, answer.cpp (signals and reviews), request.cpp (pause, cancel),
// retry_job.cpp, other_jobs.cpp (waits for jobs, jobs of jobs), stall.cpp, forget.cpp (purge),
// cache.cpp (outputs for equal calls), dispatch.cpp (who runs next), shares.cpp (what running
// takes).
#pragma once

#include <dagger/plan/job.hpp>
#include <dagger/plan/planner.hpp>
#include <dagger/plan/ready.hpp>
#include <dagger/plan/timers.hpp>

#include <deque>
#include <map>
#include <queue>
#include <set>
#include <tuple>

namespace dagger::plan {

/// Thrown inside the planner when a row cannot be read; `apply` turns it into `give_up`.
struct unreadable {
  error why;
};

/// What the planner knows of an agent.
struct agent_entry {
  agent_joined terms;
  bool known = false; // has joined once
  bool here = false;  // and is not lost
  std::uint32_t slots = 0;
  std::int64_t free = 0; // below 0 while more run than there are slots left
  ready_queue ready;
  std::vector<assignment> given; // in this event
};

/// What identifies a job that there is.
struct known_job {
  std::uint64_t number;
  std::string hash;
};

/// A start that has not been reported.
struct start {
  attempt_id attempt;
  std::string agent;
  bool alone = false;
  /// When its time is over; nothing if it has all the time.
  std::optional<timestamp> until = {};
  /// When it must have given a sign of life; nothing if it need not.
  std::optional<timestamp> beat_until = {};
  /// Its agent has been told to stop it.
  bool stopped = false;
  /// Its time is over; only its slot is still taken.
  bool lingering = false;
  /// When its progress was written last, and one that waits to be.
  std::optional<timestamp> progress_written = {};
  payload progress = {};
  /// One past the last position of its task's stream, once it is known.
  std::optional<std::uint64_t> stream_end = {};
  /// If it takes resources.
  std::shared_ptr<const rare_spec> takes = {};
};

/// Ready tasks of which either all or none can have what they need to start.
struct turn_group {
  std::uint64_t job = 0;
  std::uint32_t parent = 0; // with `max_children`, or `no_parent`
  resources wanted;

  friend auto operator<=>(const turn_group&, const turn_group&) = default;
};

inline constexpr auto no_parent = ~std::uint32_t{0};

/// What is known of a group.
struct group_entry {
  ready_queue::group number;
  bool held;
};

/// A point in time that matters to a job in memory. Out of date if the task has moved on.
struct alarm {
  enum class kind : std::uint8_t { backoff, attempt, beat, progress, total };

  timestamp when;
  std::uint64_t job;
  std::uint32_t task;
  alarm::kind what;

  friend auto operator<=>(const alarm&, const alarm&) = default;
};

/// How often a running attempt's progress is written.
inline constexpr std::chrono::seconds progress_pause{1};

/// Alarms that mean nothing any more are swept out when there are so many.
inline constexpr std::size_t least_alarms_before_sweep = 4'096;

/// Ended badly, or because something else did.
inline bool went_wrong(const task_row& row) {
  return row.state == task_state::failed || row.state == task_state::cancelled
      || row.failed_upstream;
}

/// What of `wanted` can never be had.
std::optional<error> lacks(const resources& wanted, const resources& pool, const resources& share);

/// Whether an attempt came to something, not only to its end.
bool is_outcome(const report& r);

struct additions;

struct planner::impl {
  using task_key = std::pair<std::uint64_t, std::uint32_t>;

  // -- state ------------------------------------------------------------------

  std::unordered_map<std::uint64_t, job> jobs;
  std::unordered_map<std::string, std::uint64_t> ids; // of the jobs in memory
  std::deque<std::uint64_t> unread;                   // active jobs, since the start
  std::uint64_t next_job = 1;
  std::uint64_t next_event = 0;
  std::map<std::string, agent_entry, std::less<>> agents;
  std::map<task_key, start> running;
  /// Interruptions, job, task of the ready tasks that must run alone.
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>> alone;
  bool alone_runs = false;
  std::map<turn_group, group_entry> groups;
  ready_queue::group next_group = 1;
  resources taken; // by attempts that are out
  std::map<std::uint64_t, resources> taken_by;
  planner_options options;
  std::unordered_set<std::uint64_t> ours; // with `scope::named`, the jobs that it works on
  std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms;
  std::size_t alarms_before_sweep = least_alarms_before_sweep;
  timer_table timers;
  std::unordered_map<std::uint64_t, std::vector<client_id>> clients; // by job
  std::uint64_t batches_given = 0;
  std::uint64_t batches_confirmed = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> touched; // batch, job

  /// Outputs that were kept, the batches that have them, and the last one of each: rows that the
  /// disk may not have yet.
  std::deque<std::pair<std::uint64_t, digest>> kept;
  std::map<digest, std::uint64_t> last_kept;

  /// Tasks in memory that wait for a job.
  std::unordered_map<std::uint64_t, std::set<task_key>> watchers;
  std::set<std::uint64_t> doomed; // purged jobs of which rows are left
  bool sweeping = false;          // `sweep` has been given, `sweep_due` has not come
  /// The position in the log from which the next job to be purged is looked for, and when.
  std::uint64_t oldest_event = 0;
  std::optional<timestamp> retention_at;
  struct end_of_job {
    std::uint64_t batch;
    std::uint64_t job;
    timestamp when;
  };
  std::deque<end_of_job> recent_ends;         // not on disk yet
  std::set<std::uint64_t> old_but_waited_for; // to be purged when nobody waits for them

  /// A row could not be read in the middle of an event: memory is not to be trusted any more.
  bool dead = false;

  // -- of the event that is being applied ---------------------------------------

  effects out;
  store::view* disk = nullptr;
  timestamp now{};
  std::vector<std::uint64_t> dirty_jobs;
  std::deque<std::uint64_t> ended_jobs;      // what follows from their end is still to be done
  std::vector<std::uint64_t> submitted_jobs; // by the report that is being applied
  std::vector<std::uint64_t> taken_up;       // may have stalled while nobody worked on them
  std::vector<std::uint64_t> attended_jobs;  // may be paused, which their clients must hear

  // -- planner.cpp ----------------------------------------------------------------

  void begin(store::view& v, timestamp at);
  effects end();
  std::uint64_t this_batch() const {
    return batches_given + 1;
  }
  /// The job, loaded if need be; null if the store has none of this number.
  job* find_or_load(std::uint64_t number);
  /// The same, and from now on this planner works on it (`scope::named`).
  job* take_over(std::uint64_t number);
  void take(const load_due& x);
  bool is_ours(std::uint64_t number) const {
    return options.which == scope::every_job || ours.contains(number);
  }
  void enter(job& j);
  void take_up(job& j);
  void follow_or_write(const timer_table::timer& x);
  /// A job that there is, to be looked at only: it is not taken up.
  std::shared_ptr<const job> look_at(std::uint64_t number);
  /// The job with this id, in memory or in the store.
  std::optional<known_job> find(const std::string& id);
  /// The row of a job; nothing if the store has none of this number.
  std::optional<job_row> stored_row(std::uint64_t number);
  job_state state_of(std::uint64_t number);
  /// The job with this id, loaded; null, and a refusal, if there is none.
  job* find_for(const std::string& id, client_id client);
  void refuse_to(client_id client, std::string_view code, std::string message,
                 std::string hint = {});
  void done_for(client_id client);
  void touch(job& j);
  void touch(job& j, std::uint32_t t);
  void forget_idle();
  void write(job& j);
  void write_specs(job& j);

  // -- time.cpp -----------------------------------------------------------------------

  void set_alarm(alarm::kind what, timestamp when, const job& j, std::uint32_t t);
  bool is_due(const alarm& x);
  void ring(const alarm& x);
  void ring(const timer_table::timer& x);
  void pass_time();
  /// The running attempt's time is over: only its slot is still taken.
  void stop_attempt(start& s);
  void end_of_time(job& j, std::uint32_t t, alarm::kind why);
  void pass_deadline(job& j);

  // -- submit.cpp -------------------------------------------------------------------

  void take(const job_submitted& x);
  void take(const job_resumed& x);
  /// `parent`: the job that submits it, or null.
  job& create(const job_spec& spec, const std::string& hash, const job* parent,
              dagger::on_parent_end at_its_end);
  std::optional<error> refusal_of(const job_spec& spec) const;
  void define(job& j, const job_spec& spec, const std::string& hash);
  void add_defined(job& j, const job_spec& spec, const std::vector<std::uint32_t>& numbers);
  void expect_end(std::uint64_t number, client_id client);
  stored_payload keep(const job& j, std::uint32_t t, store::slot which, const payload& x,
                      const stored_payload& before = {});
  spec_row row_of(const job& j, const task_spec& x, std::uint32_t number);
  void enter_new(job& j);
  void arrive(job& j, std::uint32_t t);

  // -- attempt.cpp ------------------------------------------------------------------

  void take(const heart_beaten& x);
  void take(const step_done& x);
  void take(const chunks_emitted& x);
  /// The start of a running attempt; null if it is over.
  start* running_attempt(const attempt_id& x);
  void wrote(job& j);
  void keep_progress(job& j, std::uint32_t t, start& s);
  void write_progress(job& j, std::uint32_t t, start& s);

  // -- answer.cpp -------------------------------------------------------------------

  void take(const signal_received& x);
  void take(const review_decided& x);
  /// What is wrong with sending it; nothing if it may be taken or queued.
  std::optional<error> refusal_of(const signal_received& x, const job& j) const;
  void accept_review(job& j, std::uint32_t t);
  void reject_review(job& j, std::uint32_t t, const review_decided& x);
  /// The oldest queued signal of the name goes to the task as its answer.
  void take_signal(job& j, std::uint32_t t, const std::string& name);

  // -- request.cpp ------------------------------------------------------------------

  void take(const job_paused& x);
  void take(const job_cancelled& x);
  void cancel(job& j);
  void cancel_tasks(job& j, bool at_once);
  bool has_lingering(const job& j) const;
  /// Nobody hears of it: all that could is to end as well.
  void end_task(job& j, std::uint32_t t, task_state to, std::string_view code,
                const std::string& why);
  void cancel_task(job& j, std::uint32_t t);
  void fail_all(job& j, std::string_view code, const std::string& why);
  void end_cancelled(job& j, const report& r);
  void change_state(job& j, job_state to);
  void refresh_hold(job& j);
  void answer_if_paused(job& j);

  // -- change.cpp -------------------------------------------------------------------

  void take(const tasks_added& x);
  void take(const task_removed& x);
  void take(const task_enabled& x);
  void take(const input_set& x);
  /// The job, if it may be changed; else null, and a refusal.
  job* find_to_change(const std::string& id, client_id client);
  /// The same of a task of it that has not started.
  std::optional<std::uint32_t> find_to_change(const job& j, const std::string& task,
                                              client_id client);
  std::optional<std::vector<std::uint32_t>> find_to_remove(const job& j, const task_removed& x);
  bool give_input(job& j, std::uint32_t t, const payload& input, client_id client);
  void note_change(job& j, std::uint32_t t, std::string what);

  // -- failure.cpp ------------------------------------------------------------------

  dagger::on_failure policy_of(const job& j, std::uint32_t t) const;
  bool outlives_stop(const job& j, std::uint32_t t) const;
  bool is_ending(const job& j, std::uint32_t t) const;
  void become_failed(job& j, std::uint32_t t, std::string_view code, const std::string& why);
  /// An unsettled task fails for good.
  void fail_task(job& j, std::uint32_t t, std::string_view code, const std::string& why);
  void close_failure(job& j, std::uint32_t t);
  void stop_job(job& j, std::uint32_t first);
  void skip_stopped(job& j, std::uint32_t t);
  void cancel_stopped(job& j, std::uint32_t t);
  void reopen(job& j);

  // -- undo.cpp ---------------------------------------------------------------------

  static bool has_failed(const job& j);
  void note_completion(job& j, std::uint32_t t);
  static std::vector<std::uint32_t> undoable(const job& j);
  bool undo_next(job& j);

  // -- shares.cpp -------------------------------------------------------------------

  bool is_free(const job& j, const resources& wanted) const;
  bool may_start(const turn_group& g) const;
  group_entry group_of(const job& j, std::uint32_t t);
  void refresh_group(const turn_group& g, group_entry& x);
  void refresh_groups(std::uint64_t number);
  void slots_change(std::set<std::uint64_t> of, bool all);
  void take_resources(const start& s);
  bool give_resources(const start& s);
  void forget_groups(std::uint64_t number);

  // -- retry_job.cpp ----------------------------------------------------------------

  void take(const job_retried& x);
  std::optional<error> retry_from(job& j, const std::string& name);
  std::optional<error> retry_unfinished(job& j);
  std::optional<error> retry_with(job& j, const job_spec& spec, const std::string& hash);
  void begin_again(job& j);
  void spare_what_comes_after(job& j, std::uint32_t t);
  void begin_anew(job& j, std::uint32_t t, bool waits_again);
  void begin_from_scratch(job& j, std::uint32_t t);
  void replace(job& j, std::uint32_t t);
  void look_at_retried(job& j, const std::vector<std::uint32_t>& which);

  // -- other_jobs.cpp ---------------------------------------------------------------

  void watch(job& j, std::uint32_t t);
  void unwatch(job& j, std::uint32_t t, bool in_memory_only = false);
  void count_jobs(job& j, std::uint32_t t);
  std::set<task_key> watchers_of(std::uint64_t number);
  void follow_ends();
  void tell_watchers(const job& ended);
  std::optional<error> refusal_of_jobs(const job& j, const report& r);
  std::optional<error> check_waited_jobs(const job& j, const std::vector<std::string>& waited,
                                         const report& r);
  void submit_all(job& j, const report& r);

  // -- stall.cpp --------------------------------------------------------------------

  bool cannot_go_on(const job& j);
  bool has_stalled(const job& j);
  bool has_unseen_stall(const job& j);
  /// False if nothing came of it.
  bool look_at_stall(job& j);
  void look_at_stalls();
  bool notify_planner(job& j, const std::string& situation);

  // -- forget.cpp -------------------------------------------------------------------

  void take(const job_purged& x);
  void take(const sweep_due& x);
  std::optional<error> refusal_to_purge(std::uint64_t number, const job_row& row);
  std::uint64_t parent_of(std::uint64_t number, const job_row& row);
  void doom(std::uint64_t number, const job_row& row);
  void sweep_soon();
  void sweep_rows(std::uint64_t number);
  std::uint64_t sweep_events(std::uint64_t number, std::size_t& left);
  std::optional<std::uint64_t> next_to_sweep();
  void begin_retention();
  void look_for_old_jobs();
  void find_old_jobs(std::set<std::uint64_t>& found);

  // -- cache.cpp --------------------------------------------------------------------

  /// The output of a task that completes, if it is one to be kept.
  void keep_output(job& j, std::uint32_t t, const report& r, const completed& x);
  /// What it did is not to be relied on any more.
  void forget_output(const job& j, std::uint32_t t);
  void write_output(const digest& place, const cached_row& row);
  void erase_old_outputs(const digest& from);

  // -- outcome.cpp ------------------------------------------------------------------

  void take(const tasks_reported& x);
  void take(const report& r);
  void apply(const report& r);
  void slot_is_back(job* j, std::uint32_t t);
  void publish(const report& r);
  void note_late(job& j, const report& r);
  void fail_attempt(job& j, std::uint32_t t, const failure& why, const payload& feedback = {});
  void interrupt(job& j, std::uint32_t t);
  void give_back(job& j, std::uint32_t t);
  std::optional<error> add_all(job& j, std::uint32_t t, const report& r,
                               std::vector<clause>& conditions);
  void add_tasks(job& j, std::optional<std::uint32_t> parent, const report& r,
                 const additions& made);
  void complete(job& j, std::uint32_t t, const report& r, const completed& x);
  void suspend(job& j, std::uint32_t t, const suspended& x, std::vector<clause> conditions);
  /// The task needs nothing any more of what its visits were told.
  void forget_visit(job& j, std::uint32_t t);
  void await_review(job& j, std::uint32_t t, const in_review& x);

  // -- settle.cpp -------------------------------------------------------------------

  /// Moves a task along an arrow; records it.
  void move(job& j, std::uint32_t t, task_state to, std::string code = {},
            std::string message = {});
  void make_ready(job& j, std::uint32_t t);
  /// A waiting task whose dependencies may all be settled already.
  void look_at_dependencies(job& j, std::uint32_t t);
  /// What follows for a waiting task from how those before it stand.
  struct verdict {
    bool starts = false;
    std::optional<std::uint32_t> because = {}; // who keeps it from that
    const char* why = "no upstream failed";    // or else this
  };
  std::optional<verdict> verdict_on(const job& j, std::uint32_t t) const;
  std::optional<verdict> verdict_on_upstream(const job& j, std::uint32_t t) const;
  void follow(job& j, std::uint32_t t, const verdict& x);
  /// After tasks were moved to an end, together: everything that follows.
  void settle(job& j, std::vector<std::uint32_t> ended);
  void settle(job& j, std::uint32_t t) {
    settle(j, std::vector{t});
  }
  /// Ends the job if all has settled.
  void conclude(job& j);
  /// By the condition `cause`, or, without one, by the deadline.
  void wake(job& j, std::uint32_t t, std::optional<std::uint32_t> cause);
  bool holds(const job& j, const task& t, std::size_t which) const;
  /// The first condition that holds.
  std::optional<std::uint32_t> holding(const job& j, std::uint32_t t) const;
  bool may_wake(const job& j, std::uint32_t t) const;
  void enter_wait(job& j, std::uint32_t t);
  void leave_wait(job& j, std::uint32_t t);
  void give_up_wait(job& j, std::uint32_t t);
  void drop_deadline(job& j);
  void finish(job& j);

  // -- dispatch.cpp -----------------------------------------------------------------

  void take(const agent_joined& x);
  void take(const agent_lost& x);
  void take(const slots_changed& x);
  void take(const time_passed&) {
    pass_time();
  }
  agent_entry& agent(const std::string& name);
  const retry_policy& retry_of(const task& t);
  std::optional<duration> limit_of(const task& t);
  std::optional<duration> heartbeat_of(const task& t);
  void enqueue(job& j, std::uint32_t t);
  void dequeue(job& j, std::uint32_t t);
  void dispatch();
  bool dispatch_alone();
  void assign_to(agent_entry& a, job& j, std::uint32_t t, bool by_itself);
};

} // namespace dagger::plan
