// What a final failure leads to in the slow model: policies, stops, what is undone.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

void planner::just_fail(job& j, std::uint32_t number, std::string why) {
  auto& t = j.tasks[number];
  if (t.compensates)
    why = "compensation_failed";
  t.why.code = why;
  go(j, number, failed, why);
}

void planner::fail(job& j, std::uint32_t number, std::string why) {
  just_fail(j, number, std::move(why));
  auto& t = j.tasks[number];
  auto policy = t.optional ? on_failure::carry_on : j.on_failure;
  if (t.on_failure)
    policy = *t.on_failure;
  if (undoes(j, number) || policy == on_failure::carry_on)
    return;
  if (policy == on_failure::stop) {
    stop_job(j);
    return;
  }
  if (covers)
    ++covers->happened["a failure pauses the job"];
  t.open = true;
  if (j.state == job_state::running) {
    j.state = job_state::paused;
    record(j).state = j.state;
    keep_rings(j);
  }
}

void planner::stop_job(job& j) {
  if (covers)
    ++covers->happened["a failure stops the job"];
  j.stopping = true;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    auto& t = j.tasks[i];
    if (is_over(t) || outlives_stop(j, i))
      continue;
    if (t.state == running) {
      stop(j, i);
    } else if (t.open) {
      t.open = false;
    } else if (!t.first_start) {
      t.why = error{"", "stopped"};
      t.skipped_by_failure = true;
      go(j, i, skipped);
    } else {
      cancel_task(j, i);
    }
  }
}

void planner::reopen(job& j) {
  auto numbers = std::set<std::uint32_t>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].open) {
      numbers.insert(i);
      begin_anew(j, i, false);
    }
  spare(j, numbers);
  settle(j);
}

bool planner::undo_next(job& j) {
  if (j.undo == job::undoing::given_up || (j.undo == job::undoing::no && !has_failed(j)))
    return false;
  auto last = std::optional<std::uint32_t>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    const auto& t = j.tasks[i];
    const auto tried = std::ranges::any_of(
      j.tasks, [&](const task& other) { return !other.replaced && other.compensates == i; });
    if (t.state == completed && t.completion > 0 && !t.replaced && !tried
        && (!last || t.completion > j.tasks[*last].completion))
      last = i;
  }
  if (!last)
    return false;
  if (covers)
    ++covers->happened["something is undone"];
  j.undo = job::undoing::begun;
  if (const auto& place = j.tasks[*last].kept)
    kept_[*place] = {.call = {}, .made = now_, .until = now_, .files = {}, .output = {}};
  j.deadline.reset();
  const auto number = static_cast<std::uint32_t>(j.tasks.size());
  auto t = task{};
  t.name = j.tasks[*last].name + ".compensate";
  while (find(j, 0, t.name))
    t.name += "_";
  t.agent = j.tasks[*last].compensate;
  t.priority = j.tasks[*last].priority;
  t.retry = j.tasks[*last].retry;
  t.input = payload::from(json{{"compensates", j.tasks[*last].name}});
  t.compensates = last;
  t.created = now_;
  j.tasks.push_back(t);
  auto& row = record(j);
  if (row.added == 0)
    row.first_added = number;
  ++row.added;
  place_expected(j);
  return true;
}

} // namespace dagger::model
