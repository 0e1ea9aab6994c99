// What a clock does in the slow model.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using namespace std::chrono_literals;
using enum task_state;

std::vector<planner::timer> planner::timers_of(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto all = std::vector<timer>{};
  auto add = [&](std::optional<timestamp> when, timer::kind what) {
    if (when)
      all.push_back({*when, j.number, number, what});
  };
  if (settled(t.state))
    return all;
  if (t.state == suspended) {
    for (const auto& c : t.conditions)
      if (c.mode == wait_mode::time)
        add(c.until, timer::kind::condition);
    add(t.deadline, timer::kind::deadline);
  }
  if (t.state == running) {
    add(t.attempt_ends, timer::kind::attempt);
    add(t.beat_ends, timer::kind::attempt);
    if (!t.new_progress.empty())
      add(*t.progress_written + 1s, timer::kind::progress);
  }
  if (t.state == backoff && !t.waits_for_slot)
    add(t.retry_at, timer::kind::retry);
  if (t.first_start && t.total_timeout)
    add(*t.first_start + *t.total_timeout, timer::kind::total);
  return all;
}

std::vector<planner::timer> planner::timers() const {
  auto all = std::vector<timer>{};
  for (const auto& j : jobs_) {
    if (!j.taken || finished(j.state))
      continue;
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
      for (const auto& x : timers_of(j, i))
        all.push_back(x);
    if (j.deadline)
      all.push_back({*j.deadline, j.number, of_job, timer::kind::job_deadline});
  }
  return all;
}

std::optional<std::pair<timestamp, std::uint64_t>> planner::next_to_forget() const {
  if (retention <= duration::zero() || !every_job_)
    return std::nullopt;
  auto first = std::optional<std::pair<timestamp, std::uint64_t>>{};
  for (const auto& j : jobs_)
    if (!j.purged && finished(j.state) && !is_waited_for(j)
        && (!first || *j.ended + retention < first->first))
      first = {*j.ended + retention, j.number};
  return first;
}

std::optional<timestamp> planner::wake_at() const {
  auto first = std::optional<timestamp>{};
  for (const auto& x : timers())
    if (!first || x.when < *first)
      first = x.when;
  if (const auto next = next_to_forget(); next && (!first || next->first < *first))
    first = next->first;
  return first;
}

std::optional<timestamp> planner::due(const task& t) {
  auto copy = job{};
  copy.tasks.push_back(t);
  copy.tasks[0].waits_for_slot = false; // is not on disk
  auto all = timers_of(copy, 0);
  std::erase_if(
    all, [&](const timer& x) { return t.state != suspended && x.what != timer::kind::retry; });
  if (all.empty())
    return std::nullopt;
  return std::ranges::min(all).when;
}

void planner::on(const plan::time_passed&) {
  while (true) {
    auto all = timers();
    if (all.empty() || std::ranges::min(all).when > now_)
      break;
    const auto first = std::ranges::min(all);
    expire(first);
    settle(jobs_[first.job - 1]);
  }
  while (const auto next = next_to_forget()) {
    if (next->first > now_)
      break;
    purge(jobs_[next->second - 1]);
  }
}

void planner::expire(const timer& x) {
  auto& j = jobs_[x.job - 1];
  if (x.what == timer::kind::job_deadline)
    return job_deadline(j);
  auto& t = j.tasks[x.task];
  switch (x.what) {
  case timer::kind::condition:
    wake(j, x.task, {.condition = *first_that_holds(j, t)});
    break;
  case timer::kind::deadline:
    if (t.on_deadline == on_deadline::wake || !t.default_answer.empty()) {
      wake(j, x.task, {.deadline_passed = true});
    } else {
      fail(j, x.task, "timeout");
    }
    break;
  case timer::kind::attempt:
    cut_off(j, x.task);
    fail_attempt(j, x.task, {.code = "timeout", .message = ""}, {});
    break;
  case timer::kind::retry:
    if (is_out(j, x.task))
      t.waits_for_slot = true;
    else
      go(j, x.task, ready);
    break;
  case timer::kind::progress:
    t.progress = std::exchange(t.new_progress, {});
    t.progress_written = now_;
    result_.beside.insert(j.number);
    break;
  case timer::kind::total:
    cut_off(j, x.task);
    if (is_ending(j, x.task))
      return cancel_task(j, x.task);
    fail(j, x.task, "timeout");
    break;
  case timer::kind::job_deadline:
    break;
  }
}

void planner::job_deadline(job& j) {
  if (covers)
    ++covers->happened["deadline of a job"];
  if (j.state == job_state::cancelling)
    return cancel(j, true);
  j.code = "timeout";
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    if (is_over(j.tasks[i]))
      continue;
    if (std::exchange(j.tasks[i].open, false))
      continue;
    cut_off(j, i);
    just_fail(j, i, "timeout");
  }
}

} // namespace dagger::model
