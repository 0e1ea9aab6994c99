// The inside of the planner, for its own sources: planner.cpp (events, time, rows),
// submit.cpp (jobs come in), outcome.cpp (reports), settle.cpp (what follows from an end),
// dispatch.cpp (who runs next).
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
  /// Its time is over; only its slot is still taken.
  bool lingering = false;
};

/// A point in time that matters to a job in memory. Out of date if the task has moved on.
struct alarm {
  enum class kind : std::uint8_t { backoff, attempt, total };

  timestamp when;
  std::uint64_t job;
  std::uint32_t task;
  alarm::kind what;

  friend auto operator<=>(const alarm&, const alarm&) = default;
};

/// Alarms that mean nothing any more are swept out when there are so many.
inline constexpr std::size_t least_alarms_before_sweep = 4'096;

struct planner::impl {
  using task_key = std::pair<std::uint64_t, std::uint32_t>;

  // -- state ------------------------------------------------------------------

  std::unordered_map<std::uint64_t, job> jobs;
  std::unordered_map<std::string, std::uint64_t> ids; // of the jobs in memory
  std::uint64_t next_job = 1;
  std::uint64_t next_event = 0;
  std::map<std::string, agent_entry, std::less<>> agents;
  std::map<task_key, start> running;
  /// Interruptions, job, task of the ready tasks that must run alone.
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>> alone;
  bool alone_runs = false;
  scope works_on = scope::every_job;
  std::priority_queue<alarm, std::vector<alarm>, std::greater<>> alarms;
  std::size_t alarms_before_sweep = least_alarms_before_sweep;
  timer_table timers;
  std::unordered_map<std::uint64_t, std::vector<client_id>> clients; // by job
  std::uint64_t batches_given = 0;
  std::uint64_t batches_confirmed = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> touched; // batch, job

  /// A row could not be read in the middle of an event: memory is not to be trusted any more.
  bool dead = false;

  // -- of the event that is being applied ---------------------------------------

  effects out;
  store::view* disk = nullptr;
  timestamp now{};
  std::vector<std::uint64_t> dirty_jobs;

  // -- planner.cpp ----------------------------------------------------------------

  void begin(store::view& v, timestamp at);
  effects end();
  std::uint64_t this_batch() const {
    return batches_given + 1;
  }
  /// The job, loaded if need be; null if the store has none of this number.
  job* find_or_load(std::uint64_t number);
  /// A job that there is, to be looked at only: it is not taken up.
  std::shared_ptr<const job> look_at(std::uint64_t number);
  /// The job with this id, in memory or in the store.
  std::optional<known_job> find(const std::string& id);
  job_state state_of(std::uint64_t number);
  void touch(job& j);
  void touch(job& j, std::uint32_t t);
  void forget_idle();
  void write(job& j);
  void write_specs(job& j);
  void set_alarm(alarm::kind what, timestamp when, const job& j, std::uint32_t t);
  bool is_due(const alarm& x);
  void ring(const alarm& x);
  void ring(const timer_table::timer& x);
  void pass_time();

  // -- submit.cpp -------------------------------------------------------------------

  void take(const job_submitted& x);
  void take(const job_resumed& x);
  void create(const job_submitted& x);
  std::optional<error> refusal_of(const job_spec& spec) const;
  void expect_end(std::uint64_t number, client_id client);
  stored_payload keep(const job& j, std::uint32_t t, store::slot which, const payload& x,
                      const stored_payload& before = {});
  spec_row row_of(const job& j, const task_spec& x, std::uint32_t number);
  void enter_new(job& j);

  // -- outcome.cpp ------------------------------------------------------------------

  void take(const tasks_reported& x);
  void take(const report& r);
  void note_late(job& j, const report& r);
  void fail_attempt(job& j, std::uint32_t t, const failure& why, const payload& feedback = {});
  void interrupt(job& j, std::uint32_t t);
  void give_back(job& j, std::uint32_t t);
  std::optional<error> add_all(job& j, std::uint32_t t, const report& r,
                               std::vector<clause>& conditions);
  void complete(job& j, std::uint32_t t, const completed& x);
  void suspend(job& j, std::uint32_t t, const suspended& x, std::vector<clause> conditions);

  // -- settle.cpp -------------------------------------------------------------------

  /// Moves a task along an arrow; records it.
  void move(job& j, std::uint32_t t, task_state to, std::string code = {},
            std::string message = {});
  void make_ready(job& j, std::uint32_t t);
  /// A waiting task whose dependencies may all be settled already.
  void look_at_dependencies(job& j, std::uint32_t t);
  void skip_after(job& j, std::uint32_t t, std::uint32_t upstream);
  /// After the task was moved to an end: everything that follows.
  void settle(job& j, std::uint32_t t);
  void wake(job& j, std::uint32_t t, bool deadline_passed = false);
  bool holds(const task& t, std::size_t which) const;
  bool any_holds(const task& t) const;
  void leave_wait(job& j, std::uint32_t t);
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
  void enqueue(job& j, std::uint32_t t);
  void dequeue(job& j, std::uint32_t t);
  void dispatch();
  bool dispatch_alone();
  void assign_to(agent_entry& a, job& j, std::uint32_t t, bool by_itself);
};

} // namespace dagger::plan
