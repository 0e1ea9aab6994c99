// What is due: alarms of running attempts and backoffs, timers of suspended tasks,
// deadlines of jobs.
#include <dagger/plan/planner_impl.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

/// How many timers one event may fire, so that no batch grows without bound.
constexpr auto timers_per_event = 1'024;

constexpr auto beyond_total = "not done within its total time-out";
constexpr auto beyond_deadline = "the job's deadline has passed";

} // namespace

void planner::impl::set_alarm(alarm::kind what, timestamp when, const job& j, std::uint32_t t) {
  if (!is_ours(j.number))
    return;
  alarms.push({when, j.number, t, what});
  if (alarms.size() < alarms_before_sweep)
    return;
  auto live = decltype(alarms){};
  for (; !alarms.empty(); alarms.pop())
    if (is_due(alarms.top()))
      live.push(alarms.top());
  alarms = std::move(live);
  alarms_before_sweep = std::max(least_alarms_before_sweep, 2 * alarms.size());
}

/// Whether the alarm still means something.
bool planner::impl::is_due(const alarm& x) {
  auto at = jobs.find(x.job);
  if (at == jobs.end())
    return false;
  auto& row = at->second.tasks[x.task].row;
  auto found = running.find({x.job, x.task});
  auto* s = found == running.end() || found->second.lingering ? nullptr : &found->second;
  switch (x.what) {
  case alarm::kind::backoff:
    return row.state == task_state::backoff && row.due == x.when;
  case alarm::kind::attempt:
    return s && s->until == x.when;
  case alarm::kind::beat:
    return s && s->beat_until == x.when;
  case alarm::kind::progress:
    return s && !s->progress.empty() && s->progress_written
        && *s->progress_written + progress_pause == x.when;
  case alarm::kind::total:
    return active(row.state) && row.total_deadline == x.when;
  }
  return false;
}

void planner::impl::stop_attempt(start& s) {
  if (!std::exchange(s.stopped, true))
    out.commands.push_back(stop{s.agent, s.attempt});
}

/// An attempt has not ended, or not shown life, in time.
void planner::impl::end_of_time(job& j, std::uint32_t t, alarm::kind why) {
  auto& s = running.at({j.number, t});
  stop_attempt(s);
  s.lingering = true;
  if (is_ending(j, t))
    return cancel_task(j, t);
  auto text = why == alarm::kind::beat
              ? "the attempt gave no sign of life for " + to_text(*heartbeat_of(j.tasks[t]))
              : "the attempt took longer than " + to_text(*limit_of(j.tasks[t]));
  fail_attempt(j, t, {std::string{code::timeout}, std::move(text)});
}

void planner::impl::ring(const alarm& x) {
  auto& j = jobs.at(x.job);
  auto s = running.find({x.job, x.task});
  switch (x.what) {
  case alarm::kind::backoff:
    if (s == running.end()) // else it goes on when the slot is back
      make_ready(j, x.task);
    break;
  case alarm::kind::attempt:
  case alarm::kind::beat:
    end_of_time(j, x.task, x.what);
    break;
  case alarm::kind::progress:
    write_progress(j, x.task, s->second);
    break;
  case alarm::kind::total:
    if (j.tasks[x.task].row.state == task_state::running) {
      stop_attempt(s->second);
      s->second.lingering = true;
    }
    if (is_ending(j, x.task))
      cancel_task(j, x.task);
    else
      fail_task(j, x.task, code::timeout, beyond_total);
    break;
  }
}

void planner::impl::ring(const timer_table::timer& x) {
  auto j = find_or_load(x.job);
  if (j && x.task == store::job_itself && j->row.due == x.when && !finished(j->row.state))
    return pass_deadline(*j);
  auto call = std::optional<wake_call>{};
  if (j && x.task < j->tasks.size() && j->tasks[x.task].row.state == task_state::suspended)
    call = next_call(j->tasks[x.task].row);
  if (!call || call->when != x.when)
    throw unreadable{{code::store_corrupt, "the timer of job " + std::to_string(x.job) + ", task "
                                             + std::to_string(x.task)
                                             + " belongs to no task that waits for it"}};
  auto& row = j->tasks[x.task].row;
  switch (call->what) {
  case wake_call::kind::condition:
    wake(*j, x.task, holding(*j, x.task));
    break;
  case wake_call::kind::deadline:
    if (row.wait->on_deadline == on_deadline::wake)
      wake(*j, x.task, std::nullopt);
    else
      fail_task(*j, x.task, code::timeout, "what it waited for did not happen in time");
    break;
  case wake_call::kind::total:
    fail_task(*j, x.task, code::timeout, beyond_total);
    break;
  }
}

/// Nothing of the job goes on.
void planner::impl::pass_deadline(job& j) {
  if (j.row.state == job_state::cancelling) {
    timers.remove({*j.row.due, j.number, store::job_itself}, out.writes, this_batch());
    j.row.due.reset();
    return cancel(j);
  }
  j.row.code = code::timeout;
  fail_all(j, code::timeout, beyond_deadline);
}

void planner::impl::pass_time() {
  for (auto fired = 0; fired < timers_per_event; ++fired) {
    while (!alarms.empty() && !is_due(alarms.top()))
      alarms.pop();
    if (auto filled = timers.refill(*disk); !filled)
      throw unreadable{filled.error()};
    auto timer = timers.first();
    auto alarm_first = !alarms.empty();
    if (alarm_first && timer) {
      auto& x = alarms.top();
      alarm_first = timer_table::timer{x.when, x.job, x.task} < *timer;
    }
    if (alarm_first && alarms.top().when <= now) {
      auto x = alarms.top();
      alarms.pop();
      ring(x);
    } else if (!alarm_first && timer && timer->when <= now) {
      ring(*timer);
    } else {
      break;
    }
  }
  if (retention_at && *retention_at <= now)
    look_for_old_jobs();
}

} // namespace dagger::plan
