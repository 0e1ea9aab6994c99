// What the final failure of a task means for the others of its job: nothing, an end, a pause.
#include <dagger/plan/planner_impl.hpp>

namespace dagger::plan {

on_failure planner::impl::policy_of(const job& j, std::uint32_t t) const {
  auto& spec = j.tasks[t].spec;
  if (undoes(j, t))
    return on_failure::carry_on;
  return spec.rare().on_failure.value_or(spec.optional ? on_failure::carry_on
                                                       : j.definition.on_failure);
}

/// Goes on in a job that a failure has stopped: it, or who has added it, runs after failures, or
/// undoes.
bool planner::impl::outlives_stop(const job& j, std::uint32_t t) const {
  for (auto up = std::optional{t}; up; up = j.tasks[*up].spec.parent) {
    auto& rare = j.tasks[*up].spec.rare();
    if (rare.run_if == run_if::all_done || rare.run_if == run_if::one_failed || rare.compensates)
      return true;
  }
  return false;
}

/// What it comes to does not matter any more, only that it ends.
bool planner::impl::is_ending(const job& j, std::uint32_t t) const {
  if (j.row.state == job_state::cancelling && j.row.undoing != undoing::begun)
    return true;
  return j.row.stopping && !outlives_stop(j, t);
}

void planner::impl::become_failed(job& j, std::uint32_t t, std::string_view code,
                                  const std::string& why) {
  if (j.tasks[t].spec.rare().compensates)
    move(j, t, task_state::failed, std::string{code::compensation_failed},
         std::string{code} + ": " + why);
  else
    move(j, t, task_state::failed, std::string{code}, why);
}

void planner::impl::fail_task(job& j, std::uint32_t t, std::string_view code,
                              const std::string& why) {
  give_up_wait(j, t);
  become_failed(j, t, code, why);
  switch (policy_of(j, t)) {
  case on_failure::carry_on:
    settle(j, t);
    break;
  case on_failure::stop:
    stop_job(j, t);
    break;
  case on_failure::pause:
    // Nothing follows from it yet: it may begin anew.
    j.tasks[t].row.rarely().open = true;
    ++j.unsettled;
    if (j.row.state == job_state::running)
      change_state(j, job_state::paused);
    break;
  }
}

/// The failure counts as any other.
void planner::impl::close_failure(job& j, std::uint32_t t) {
  j.tasks[t].row.rarely().open = false;
  --j.unsettled;
  touch(j, t);
}

/// `first` has failed: all that has not begun is skipped, what runs is to end.
void planner::impl::stop_job(job& j, std::uint32_t first) {
  j.row.stopping = true;
  auto ended = std::vector<std::uint32_t>{first};
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& row = j.tasks[t].row;
    if (settled(row) || outlives_stop(j, t))
      continue;
    if (row.state == task_state::running) {
      if (auto s = running.find({j.number, t}); s != running.end())
        stop_attempt(s->second);
      continue;
    }
    if (row.rare().open)
      close_failure(j, t);
    else if (!row.started)
      skip_stopped(j, t);
    else
      cancel_stopped(j, t);
    ended.push_back(t);
  }
  settle(j, std::move(ended));
}

void planner::impl::skip_stopped(job& j, std::uint32_t t) {
  j.tasks[t].row.failed_upstream = true;
  move(j, t, task_state::skipped, {}, "stopped");
}

void planner::impl::cancel_stopped(job& j, std::uint32_t t) {
  give_up_wait(j, t);
  move(j, t, task_state::cancelled, std::string{code::cancelled}, "a failure stopped the job");
}

/// What has failed while it was to pause the job begins anew.
void planner::impl::reopen(job& j) {
  auto which = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t)
    if (j.tasks[t].row.rare().open)
      which.push_back(t);
  for (auto t : which) {
    close_failure(j, t);
    begin_anew(j, t, false);
  }
  look_at_retried(j, which);
}

} // namespace dagger::plan
