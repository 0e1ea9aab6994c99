// Answers from outside and signs of life in the slow model: signals, reviews, beats,
// steps, chunks.
#include <model/planner_model.hpp>

#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger::model {

using namespace std::chrono_literals;
using enum task_state;

void planner::on(const plan::signal_received& x) {
  auto* j = by_id(x.job);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  const auto ending = j->state == job_state::cancelling && j->undo != job::undoing::begun;
  if (finished(j->state) || ending)
    return refuse(x.client, code::conflict);
  if (!plan::valid_name(x.name))
    return refuse(x.client, code::invalid_input);
  if (x.value.bytes().size() > limits::signal_bytes)
    return refuse(x.client, code::too_large);
  const auto waits_for_it = [&](const wait_for& c) {
    return c.mode == wait_mode::signal && c.signal == x.name;
  };
  for (auto i = std::uint32_t{0}; i < j->tasks.size(); ++i) {
    const auto& conditions = j->tasks[i].conditions;
    const auto it = std::ranges::find_if(conditions, waits_for_it);
    if (it == conditions.end())
      continue;
    const auto which = static_cast<std::uint32_t>(it - conditions.begin());
    j->signals.emplace_back(x.name, x.value);
    wake(*j, i, {.condition = which});
    settle(*j);
    return done(x.client);
  }
  if (!x.queue)
    return refuse(x.client, code::not_found);
  if (j->signals.size() >= limits::signals_per_job)
    return refuse(x.client, code::limit);
  j->signals.emplace_back(x.name, x.value);
  record(*j);
  done(x.client);
}

void planner::on(const plan::review_decided& x) {
  auto* j = by_id(x.job);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  const auto number = find(*j, 0, task_ref{x.task});
  if (!number)
    return refuse(x.client, code::not_found);
  if (!in_review(j->tasks[*number]))
    return refuse(x.client, code::conflict);
  auto& t = j->tasks[*number];
  if (x.accepted) {
    t.saved = {};
    go(*j, *number, completed);
  } else {
    ++t.round;
    if (x.final) {
      t.why = error{code::rejected, x.reason};
      fail(*j, *number, "rejected");
    } else {
      wake(*j, *number, {});
      t.feedback = payload::from(json{{"rejected", x.reason}});
    }
  }
  settle(*j);
  done(x.client);
}

/// The task, if this attempt of it runs.
task* planner::live(const plan::attempt_id& id) {
  if (!out_.contains(id) || over_.contains(id))
    return nullptr;
  return &jobs_[id.job - 1].tasks[id.task];
}

void planner::on(const plan::heart_beaten& x) {
  auto* t = live(x.attempt);
  if (t == nullptr)
    return;
  if (t->beat)
    t->beat_ends = now_ + *t->beat;
  if (x.progress.empty())
    return;
  t->new_progress = x.progress;
  if (t->progress_written && now_ < *t->progress_written + 1s)
    return;
  t->progress = std::exchange(t->new_progress, {});
  t->progress_written = now_;
  result_.beside.insert(x.attempt.job);
}

void planner::on(const plan::step_done& x) {
  const auto* t = live(x.attempt);
  if (t == nullptr)
    return refuse(x.client, code::attempt_lost);
  jobs_[x.attempt.job - 1].steps[{x.attempt.task, t->round, x.name}] = x.value.bytes();
  result_.beside.insert(x.attempt.job);
  done(x.client);
}

void planner::on(const plan::chunks_emitted& x) {
  auto* t = live(x.attempt);
  if (t == nullptr || x.chunks.empty())
    return;
  auto& stream = jobs_[x.attempt.job - 1].streams[x.attempt.task];
  const auto [job, task, visit, attempt] = x.attempt;
  if (!t->emits && !stream.empty())
    stream.push_back({visit, attempt, true, {}});
  t->emits = true;
  for (const auto& c : x.chunks)
    stream.push_back({visit, attempt, false, std::string{c.bytes()}});
  result_.beside.insert(job);
}

} // namespace dagger::model
