// What follows when a task moves: its dependants become ready or are skipped,
// waiting parents wake, the job ends.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

/// Long texts of agents are cut where a code point ends.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most)
    return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80)
    --most;
  text.resize(most);
  return text + "...";
}

} // namespace

void planner::impl::move(job& j, std::uint32_t t, task_state to, std::string code,
                         std::string message) {
  auto& row = j.tasks[t].row;
  auto from = row.state;
  check(allowed(from, to), "a task moved along an arrow that there is not");
  if (from == task_state::ready && to != task_state::running)
    dequeue(j, t);
  --j.row.counts[static_cast<std::size_t>(from)];
  ++j.row.counts[static_cast<std::size_t>(to)];
  j.active += active(to);
  j.active -= active(from);
  j.unsettled -= settled(to);
  j.unsettled += settled(from);
  row.state = to;
  touch(j);
  if (from == task_state::running)
    if (auto s = running.find({j.number, t}); s != running.end())
      keep_progress(j, t, s->second);
  if (from == task_state::running || to == task_state::running) {
    if (auto parent = j.tasks[t].spec.parent) {
      auto& above = j.tasks[*parent];
      above.children_running += to == task_state::running;
      above.children_running -= from == task_state::running;
      if (above.spec.rare().max_children > 0)
        refresh_groups(j.number);
    }
    refresh_hold(j);
  }
  if (from == task_state::waiting && to == task_state::ready)
    return; // follows from the dependencies: neither a row nor news
  touch(j, t);
  if (settled(to))
    row.ended = now;
  row.due.reset();
  auto text = cut(std::move(message), limits::error_bytes);
  if (to != task_state::ready && to != task_state::running) {
    row.code = code;
    row.message = text;
  }
  auto& news = j.transitions;
  if (to == task_state::running && !news.empty() && news.back().task == t
      && news.back().to == task_state::ready && news.back().code.empty())
    news.pop_back(); // ready and started in one go
  news.push_back({t, to, row.visit, row.attempt, std::move(code), std::move(text)});
}

void planner::impl::make_ready(job& j, std::uint32_t t) {
  move(j, t, task_state::ready);
  enqueue(j, t);
}

void planner::impl::look_at_dependencies(job& j, std::uint32_t t) {
  if (j.row.stopping && !outlives_stop(j, t)) {
    skip_stopped(j, t);
    return settle(j, t);
  }
  if (auto x = verdict_on(j, t)) {
    follow(j, t, *x);
    if (!x->starts)
      settle(j, t);
  }
}

std::optional<planner::impl::verdict> planner::impl::verdict_on(const job& j,
                                                                std::uint32_t t) const {
  auto x = verdict_on_upstream(j, t);
  if (x && x->starts && j.tasks[t].row.rare().disabled)
    return verdict{false, std::nullopt, "disabled"};
  return x;
}

std::optional<planner::impl::verdict> planner::impl::verdict_on_upstream(const job& j,
                                                                         std::uint32_t t) const {
  auto& x = j.tasks[t];
  if (x.pending > 0)
    return std::nullopt;
  auto any = false;
  auto success = false;
  auto wrong = std::optional<std::uint32_t>{};
  auto other = std::optional<std::uint32_t>{}; // neither completed nor went it wrong
  j.for_each_after(t, [&](std::uint32_t on) {
    auto& row = j.tasks[on].row;
    any = true;
    if (row.state == task_state::completed)
      success = true;
    else if (went_wrong(row))
      wrong = wrong ? wrong : on;
    else
      other = other ? other : on;
  });
  auto because = wrong ? wrong : other;
  switch (any ? x.spec.rare().run_if : run_if::all_done) {
  case run_if::all_success:
    return verdict{!because, because};
  case run_if::all_done:
    return verdict{true};
  case run_if::one_success:
    return verdict{success, because};
  case run_if::one_failed:
    return verdict{wrong.has_value()};
  case run_if::none_failed:
    return verdict{!wrong, wrong};
  }
  return std::nullopt;
}

void planner::impl::follow(job& j, std::uint32_t t, const verdict& x) {
  if (x.starts)
    return make_ready(j, t);
  if (!x.because)
    return move(j, t, task_state::skipped, {}, x.why);
  auto& above = j.tasks[*x.because].row;
  j.tasks[t].row.failed_upstream = went_wrong(above);
  move(j, t, task_state::skipped, {},
       "upstream " + std::string{to_text(above.state)} + ": " + j.task_name(*x.because));
}

/// In rounds: first all that listens hears of all that has ended, then it is decided what follows
/// from that, then it happens.
void planner::impl::settle(job& j, std::vector<std::uint32_t> ended) {
  auto heard = std::vector<std::uint32_t>{};
  auto verdicts = std::vector<std::pair<std::uint32_t, verdict>>{};
  auto woken = std::vector<std::pair<std::uint32_t, std::uint32_t>>{};
  while (!ended.empty()) {
    heard.clear();
    for (auto t : ended) {
      auto& row = j.tasks[t].row;
      for (auto& l : std::exchange(j.tasks[t].listeners, {})) {
        auto& d = j.tasks[l.task];
        if (l.visit == 0 && d.row.state == task_state::waiting) {
          if (--d.pending == 0)
            heard.push_back(l.task);
        } else if (l.visit == d.row.visit && d.row.state == task_state::suspended) {
          auto& p = d.waiting[l.clause];
          --p.unsettled;
          p.completed |= row.state == task_state::completed;
          p.failed |= went_wrong(row);
          heard.push_back(l.task);
        }
      }
    }
    ended.clear();
    verdicts.clear();
    woken.clear();
    for (auto t : heard)
      if (j.tasks[t].row.state == task_state::suspended) {
        if (may_wake(j, t))
          woken.emplace_back(t, *holding(j, t));
      } else if (auto x = verdict_on(j, t)) {
        verdicts.emplace_back(t, *x);
      }
    for (auto& [t, cause] : woken)
      if (j.tasks[t].row.state == task_state::suspended) // it may have heard of two
        wake(j, t, cause);
    for (auto& [t, x] : verdicts)
      if (j.tasks[t].row.state == task_state::waiting) {
        follow(j, t, x);
        if (!x.starts)
          ended.push_back(t);
      }
  }
  conclude(j);
}

void planner::impl::conclude(job& j) {
  if (j.unsettled == 0 && !finished(j.row.state) && !undo_next(j))
    finish(j);
}

/// A time that has passed is not what wakes it.
bool planner::impl::may_wake(const job& j, std::uint32_t t) const {
  auto& x = j.tasks[t];
  for (auto i = std::size_t{0}; i < x.waiting.size(); ++i)
    if (x.row.wait->any_of[i].mode != wait_mode::time && holds(j, x, i))
      return true;
  return false;
}

bool planner::impl::holds(const job& j, const task& t, std::size_t which) const {
  auto& p = t.waiting[which];
  auto& c = t.row.wait->any_of[which];
  switch (c.mode) {
  case wait_mode::all:
    return p.unsettled == 0;
  case wait_mode::all_or_failure:
    return p.unsettled == 0 || p.failed;
  case wait_mode::any:
    return p.unsettled == 0 || p.completed;
  case wait_mode::time:
    return c.until <= now;
  case wait_mode::signal:
    return j.signals.contains(c.signal);
  case wait_mode::review:
    return false; // somebody decides
  }
  return false;
}

std::optional<std::uint32_t> planner::impl::holding(const job& j, std::uint32_t t) const {
  auto& x = j.tasks[t];
  for (auto i = std::uint32_t{0}; i < x.waiting.size(); ++i)
    if (holds(j, x, i))
      return i;
  return std::nullopt;
}

/// The task has become suspended.
void planner::impl::enter_wait(job& j, std::uint32_t t) {
  listen(j, t);
  watch(j, t);
  if (auto call = next_call(j.tasks[t].row))
    follow_or_write({call->when, j.number, t});
  if (auto cause = holding(j, t))
    wake(j, t, cause);
}

void planner::impl::leave_wait(job& j, std::uint32_t t) {
  auto& x = j.tasks[t];
  if (auto call = next_call(x.row))
    timers.remove({call->when, j.number, t}, out.writes, this_batch());
  unwatch(j, t);
  unlisten(j, t);
  x.row.wait.reset();
  x.waiting.clear();
}

/// The wait comes to nothing, and so does an output that was in review.
void planner::impl::give_up_wait(job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  if (row.state != task_state::suspended)
    return;
  if (is_review(row))
    row.output = keep(j, t, store::slot::output, {}, row.output);
  leave_wait(j, t);
}

void planner::impl::wake(job& j, std::uint32_t t, std::optional<std::uint32_t> cause) {
  auto& row = j.tasks[t].row;
  auto signal = cause && row.wait->any_of[*cause].mode == wait_mode::signal
                ? row.wait->any_of[*cause].signal
                : std::string{};
  give_up_wait(j, t);
  ++row.visit;
  row.attempt = 0;
  row.failures = 0;
  row.deadline_passed = !cause;
  if (cause.value_or(0) > 0 || row.more)
    row.rarely().woken_by = cause.value_or(0);
  if (!signal.empty())
    take_signal(j, t, signal);
  else if (row.more) {
    row.more->signalled = false;
    if (cause) // the default is for the deadline
      row.more->answer = keep(j, t, store::slot::answer, {}, row.more->answer);
  }
  if (row.more)
    row.more->progress = keep(j, t, store::slot::progress, {}, row.more->progress);
  make_ready(j, t);
  if (row.total_deadline)
    set_alarm(alarm::kind::total, *row.total_deadline, j, t);
}

void planner::impl::drop_deadline(job& j) {
  if (!j.row.due)
    return;
  timers.remove({*j.row.due, j.number, store::job_itself}, out.writes, this_batch());
  j.row.due.reset();
}

void planner::impl::finish(job& j) {
  auto to = j.row.state == job_state::cancelling ? job_state::cancelled
          : has_failed(j)                        ? job_state::failed
                                                 : job_state::completed;
  drop_deadline(j);
  j.row.ended = now;
  change_state(j, to);
  ended_jobs.push_back(j.number);
  recent_ends.push_back({this_batch(), j.number, now});
  if (!retention_at && options.retention.count() > 0 && options.which == scope::every_job)
    retention_at = later(now, options.retention);
  if (auto waiting = clients.extract(j.number))
    for (auto client : waiting.mapped())
      out.commands.push_back(answer{client, j.number, j.row.state});
}

} // namespace dagger::plan
