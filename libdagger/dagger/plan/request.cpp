// What people ask of a whole job: pause and cancel.
#include <dagger/plan/planner_impl.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

constexpr auto was_cancelled = "the job was cancelled";

} // namespace

job* planner::impl::find_for(const std::string& id, client_id client) {
  auto known = find(id);
  if (!known) {
    refuse_to(client, code::not_found, "there is no job '" + id + "'");
    return nullptr;
  }
  return find_or_load(known->number);
}

void planner::impl::refuse_to(client_id client, std::string_view code, std::string message,
                              std::string hint) {
  if (client != 0)
    out.commands.push_back(refuse{client, error{code, std::move(message), {}, std::move(hint)}});
}

void planner::impl::done_for(client_id client) {
  if (client != 0)
    out.commands.push_back(done{client});
}

void planner::impl::change_state(job& j, job_state to) {
  j.row.state = to;
  j.state_changed = true;
  touch(j);
  refresh_hold(j);
}

/// Of a job that is paused, or has as many attempts out as it may, nothing is assigned; nor of one
/// that undoes what it did while something of it may still run.
void planner::impl::refresh_hold(job& j) {
  auto most = j.definition.limits.running;
  auto hold = j.row.state == job_state::paused || (most > 0 && j.count(task_state::running) >= most)
           || (j.row.undoing == undoing::begun && has_lingering(j));
  if (std::exchange(j.held, hold) == hold)
    return;
  for (auto& [name, a] : agents)
    if (hold)
      a.ready.hold(j.number);
    else
      a.ready.release(j.number);
}

/// Whether an attempt of it is over and has not been reported.
bool planner::impl::has_lingering(const job& j) const {
  for (auto s = running.lower_bound({j.number, 0});
       s != running.end() && s->first.first == j.number; ++s)
    if (s->second.lingering)
      return true;
  return false;
}

void planner::impl::answer_if_paused(job& j) {
  if (j.row.state != job_state::paused || j.count(task_state::running) > 0)
    return;
  if (auto waiting = clients.extract(j.number))
    for (auto client : waiting.mapped())
      out.commands.push_back(answer{client, j.number, job_state::paused});
}

void planner::impl::take(const job_paused& x) {
  auto* j = find_for(x.id, x.client);
  if (!j)
    return;
  if (j->row.state != job_state::running && j->row.state != job_state::paused)
    return refuse_to(x.client, code::conflict,
                     "job '" + x.id + "' is " + std::string{to_text(j->row.state)});
  if (j->row.state == job_state::running)
    change_state(*j, job_state::paused);
  done_for(x.client);
}

void planner::impl::take(const job_cancelled& x) {
  auto* j = find_for(x.id, x.client);
  if (!j)
    return;
  if (finished(j->row.state))
    return refuse_to(x.client, code::conflict,
                     "job '" + x.id + "' has ended: it is " + std::string{to_text(j->row.state)});
  cancel(*j);
  done_for(x.client);
}

/// The job and those below it.
void planner::impl::cancel(job& top) {
  auto is_second = [](const job& j) {
    return j.row.state == job_state::cancelling || j.row.undoing == undoing::begun;
  };
  auto again = is_second(top);
  auto work = std::deque<std::uint64_t>{top.number};
  for (; !work.empty(); work.pop_front()) {
    auto* j = find_or_load(work.front());
    if (!j || finished(j->row.state))
      continue;
    auto at_once = is_second(*j);
    if (at_once && !again)
      continue; // it is being cancelled for itself
    if (j->row.state != job_state::cancelling)
      change_state(*j, job_state::cancelling);
    for (auto& c : j->children)
      if (c.on_parent_end == on_parent_end::cancel)
        work.push_back(c.number);
    cancel_tasks(*j, at_once);
  }
}

void planner::impl::cancel_tasks(job& j, bool at_once) {
  if (j.row.undoing == undoing::begun)
    j.row.undoing = undoing::given_up;
  touch(j);
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& row = j.tasks[t].row;
    if (settled(row))
      continue;
    if (row.rare().open) {
      close_failure(j, t);
      continue;
    }
    auto s = row.state == task_state::running ? running.find({j.number, t}) : running.end();
    if (s != running.end()) { // else it may be one of another engine, which has ended
      stop_attempt(s->second);
      if (!at_once)
        continue;
      s->second.lingering = true;
    }
    end_task(j, t, task_state::cancelled, code::cancelled, was_cancelled);
  }
  conclude(j);
}

void planner::impl::end_task(job& j, std::uint32_t t, task_state to, std::string_view code,
                             const std::string& why) {
  give_up_wait(j, t);
  if (to == task_state::failed)
    become_failed(j, t, code, why);
  else
    move(j, t, to, std::string{code}, why);
  j.tasks[t].listeners.clear();
}

void planner::impl::cancel_task(job& j, std::uint32_t t) {
  if (j.row.state == job_state::cancelling) {
    end_task(j, t, task_state::cancelled, code::cancelled, was_cancelled);
    return conclude(j);
  }
  cancel_stopped(j, t);
  settle(j, t);
}

/// All that is not settled fails; what runs is told to stop.
void planner::impl::fail_all(job& j, std::string_view code, const std::string& why) {
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& row = j.tasks[t].row;
    if (settled(row))
      continue;
    if (row.rare().open) {
      close_failure(j, t);
      continue;
    }
    if (auto s = running.find({j.number, t});
        s != running.end() && row.state == task_state::running) {
      stop_attempt(s->second);
      s->second.lingering = true;
    }
    end_task(j, t, task_state::failed, code, why);
  }
  conclude(j);
}

/// An attempt that is to end: what it has done counts, what it wants does not.
void planner::impl::end_cancelled(job& j, const report& r) {
  auto t = r.attempt.task;
  auto& row = j.tasks[t].row;
  if (is_outcome(r))
    row.interruptions = 0;
  if (auto x = std::get_if<completed>(&r.outcome)) {
    if (r.summary)
      row.summary = *r.summary;
    complete(j, t, r, *x);
  } else if (auto y = std::get_if<skipped>(&r.outcome)) {
    if (r.summary)
      row.summary = *r.summary;
    move(j, t, task_state::skipped, {}, y->reason);
    settle(j, t);
  } else {
    cancel_task(j, t);
  }
}

} // namespace dagger::plan
