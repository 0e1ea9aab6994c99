// What users ask of jobs in the slow model: pause, cancel, purge.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

void planner::refuse(plan::client_id client, std::string_view why) {
  if (client != 0)
    result_.commands.push_back(plan::refuse{client, error{std::string{why}, ""}});
}

void planner::done(plan::client_id client) {
  if (client != 0)
    result_.commands.push_back(plan::done{client});
}

// -- pause ------------------------------------------------------------------------

void planner::on(const plan::job_paused& x) {
  auto* j = by_id(x.id);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  if (finished(j->state) || j->state == job_state::cancelling)
    return refuse(x.client, code::conflict);
  if (j->state == job_state::running) {
    j->state = job_state::paused;
    record(*j).state = j->state;
    keep_rings(*j);
  }
  done(x.client);
}

/// Clients of paused jobs of which nothing runs any more.
void planner::tell_paused() {
  for (auto& j : jobs_) {
    if (j.state != job_state::paused || std::ranges::count(j.tasks, running, &task::state) > 0)
      continue;
    for (auto client : j.clients)
      result_.commands.push_back(plan::answer{client, j.number, j.state});
    j.clients.clear();
  }
}

// -- cancel -----------------------------------------------------------------------

void planner::on(const plan::job_cancelled& x) {
  auto* j = by_id(x.id);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  if (finished(j->state))
    return refuse(x.client, code::conflict);
  cancel(*j, j->state == job_state::cancelling || j->undo == job::undoing::begun);
  done(x.client);
}

/// `again`: who is cancelling already, or undoes what it did, is cut off.
void planner::cancel(job& j, bool again) {
  const auto second = j.state == job_state::cancelling || j.undo == job::undoing::begun;
  if (finished(j.state) || (second && !again))
    return;
  if (j.undo == job::undoing::begun)
    j.undo = job::undoing::given_up;
  if (j.state != job_state::cancelling) {
    j.state = job_state::cancelling;
    record(j).state = j.state;
  }
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    if (std::exchange(j.tasks[i].open, false))
      continue;
    if (j.tasks[i].state == running && !second && j.taken)
      stop(j, i);
    else if (!settled(j.tasks[i].state)) {
      if (j.taken) // else it is one of an engine that has ended
        cut_off(j, i);
      cancel_task(j, i);
    }
  }
  const auto number = j.number;
  settle(j);
  for (auto& child : jobs_)
    if (child.parent == number && !child.purged && child.on_parent_end == on_parent_end::cancel)
      cancel(child, again);
}

void planner::cancel_task(job& j, std::uint32_t number) {
  j.tasks[number].why = error{code::cancelled, ""};
  go(j, number, cancelled, "cancelled");
}

// -- purge ------------------------------------------------------------------------

void planner::on(const plan::job_purged& x) {
  auto* j = by_id(x.id);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  if (!finished(j->state) || is_waited_for(*j))
    return refuse(x.client, code::conflict);
  purge(*j);
  done(x.client);
}

bool planner::is_waited_for(const job& j) const {
  for (const auto& other : jobs_)
    for (const auto& t : other.tasks)
      for (const auto& c : t.conditions)
        if (std::ranges::count(c.jobs, j.number) > 0)
          return true;
  return false;
}

void planner::purge(job& j) {
  j.purged = true;
  j.tasks.clear();
  j.history.clear();
  doomed_.insert(j.number);
  result_.beside.insert(j.number);
  ask_for_sweep();
}

/// Nobody is asked a second time before he has begun.
void planner::ask_for_sweep() {
  if (!sweep_asked_for_)
    result_.commands.push_back(plan::sweep{});
  sweep_asked_for_ = true;
}

/// One job at once; it never has more rows than `rows_per_sweep` in these tests.
void planner::on(const plan::sweep_due&) {
  sweep_asked_for_ = false;
  const auto first =
    std::ranges::find_if(doomed_, [&](auto n) { return purged_on_disk.contains(n); });
  if (first != doomed_.end()) {
    result_.sweeps = true;
    doomed_.erase(first);
  }
  if (!doomed_.empty())
    ask_for_sweep();
}

} // namespace dagger::model
