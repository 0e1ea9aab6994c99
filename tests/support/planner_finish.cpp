// The end of a history: everything that waits is answered until all jobs have ended.
#include <support/planner_world.hpp>

#include <set>

namespace dagger::test {

void planner_world::finish() {
  auto missing = std::set<std::string>{};
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& agent : {t.agent, t.compensate})
        if (!agent.empty())
          missing.insert(agent);
  const auto here = agents_;
  for (const auto& a : here)
    lose(a.agent);
  for (const auto& name : missing)
    join({.agent = name, .slots = 2, .retry = {}, .timeout = {}});
  for (auto turn = 0; ok() && turn < 10'000; ++turn) {
    commit_all();
    if (auto h = holding()) {
      report(*h, plan::completed{payload::from_bytes("1")});
    } else if (is_to_sweep()) {
      sweep();
    } else if (resume_a_paused_job()) {
      continue;
    } else if (!answer_a_wait()) {
      if (const auto when = model_.wake_at())
        time_passes_to(*when);
      else if (!cancel_a_stalled_job() && !take_up_a_job_that_is_waited_for())
        break;
    }
  }
  commit_all();
  check();
  for (const auto& j : model_.jobs())
    if (ok() && j.taken && !j.purged && !finished(j.state))
      fail("job " + j.id + " never ends:" + what_is_left(j));
}

std::string planner_world::what_is_left(const model::job& j) {
  auto text = std::string{};
  for (const auto& t : j.tasks) {
    if (model::is_over(t))
      continue;
    text += "\n  " + t.name + " " + std::string{to_text(t.state)} + ", after";
    for (auto n : t.after)
      text += " " + j.tasks[n].name;
    for (const auto& c : t.conditions) {
      text += ", waits for";
      for (auto n : c.tasks)
        text += " " + j.tasks[n].name;
      for (const auto& name : c.expected)
        text += " the missing " + name;
      text += c.jobs.empty() ? "" : " jobs";
    }
  }
  return text;
}

bool planner_world::resume_a_paused_job() {
  for (const auto& j : model_.jobs())
    if (j.taken && !j.purged && j.state == job_state::paused) {
      resume(j.id);
      return true;
    }
  return false;
}

/// Sends a signal that is waited for, or accepts what is in review.
bool planner_world::answer_a_wait() {
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        if (j.taken && c.mode == wait_mode::signal) {
          apply(plan::signal_received{j.id, c.signal, payload::from_bytes("2"), true, someone()});
          return true;
        } else if (j.taken && c.mode == wait_mode::review) {
          apply(plan::review_decided{.job = j.id, .task = t.name, .client = someone()});
          return true;
        }
  return false;
}

/// One that waits for tasks that nobody adds, of which somebody has been told.
bool planner_world::cancel_a_stalled_job() {
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        if (j.taken && !c.expected.empty()) {
          apply(plan::job_cancelled{j.id, someone()});
          return true;
        }
  return false;
}

/// One that nobody works on, although another job needs its end.
bool planner_world::take_up_a_job_that_is_waited_for() {
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        for (auto number : c.jobs)
          if (const auto& other = model_.jobs()[number - 1];
              j.taken && !other.taken && !finished(other.state)) {
            resume(other.id);
            return true;
          }
  return false;
}

} // namespace dagger::test
