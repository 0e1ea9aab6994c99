// What users change of a job that goes on, in the slow model.
#include <model/planner_model.hpp>

#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

job* planner::changeable(const std::string& id, plan::client_id client) {
  auto* j = by_id(id);
  if (j == nullptr) {
    refuse(client, code::not_found);
    return nullptr;
  }
  if (!finished(j->state) && j->state != job_state::cancelling && !j->stopping
      && j->undo == job::undoing::no)
    return j;
  refuse(client, code::conflict);
  return nullptr;
}

std::optional<std::uint32_t> planner::changeable(const job& j, const std::string& name,
                                                 plan::client_id client) {
  const auto number = find(j, 0, task_ref{name});
  if (!number) {
    refuse(client, code::not_found);
    return std::nullopt;
  }
  const auto& t = j.tasks[*number];
  if ((t.state == waiting || t.state == ready) && !t.first_start)
    return number;
  refuse(client, code::conflict);
  return std::nullopt;
}

void planner::on(const plan::tasks_added& x) {
  auto* j = changeable(x.id, x.client);
  if (j == nullptr)
    return;
  if (x.tasks.empty())
    return refuse(x.client, code::invalid_input);
  // To a copy, which takes the job's place if nothing is wrong with it.
  auto copy = *j;
  auto wrong = add_tasks(copy, std::nullopt, x.tasks);
  place_expected(copy);
  if (!wrong && has_cycle(copy))
    wrong = error{code::wait_cycle, "a cycle"};
  if (wrong)
    return refuse(x.client, wrong->code);
  auto& row = record(*j);
  copy.history = j->history;
  row.first_added = static_cast<std::uint32_t>(j->tasks.size());
  row.added = static_cast<std::uint32_t>(x.tasks.size());
  copy.history = j->history;
  *j = std::move(copy);
  settle(*j);
  done(x.client);
}

void planner::on(const plan::task_removed& x) {
  auto* j = changeable(x.id, x.client);
  if (j == nullptr)
    return;
  auto names = x.along;
  names.push_back(x.task);
  auto gone = std::vector<std::uint32_t>{};
  for (const auto& name : names) {
    const auto number = changeable(*j, name, x.client);
    if (!number)
      return;
    if (std::ranges::count(gone, *number) == 0)
      gone.push_back(*number);
  }
  for (auto i = std::uint32_t{0}; i < j->tasks.size(); ++i)
    for (const auto number : gone)
      if (const auto& t = j->tasks[i];
          !t.replaced && std::ranges::count(gone, i) == 0
          && (std::ranges::count(t.after, number) > 0 || std::ranges::count(t.waited, number) > 0))
        return refuse(x.client, code::conflict);
  for (const auto number : gone) {
    j->tasks[number].why = error{"", "removed"};
    j->tasks[number].replaced = true;
    go(*j, number, skipped);
  }
  settle(*j);
  done(x.client);
}

void planner::on(const plan::task_enabled& x) {
  auto* j = changeable(x.id, x.client);
  if (j == nullptr)
    return;
  const auto same = find(*j, 0, task_ref{x.task});
  if (same && x.input.empty() && j->tasks[*same].disabled != x.enabled)
    return done(x.client);
  const auto number = changeable(*j, x.task, x.client);
  if (!number)
    return;
  if (x.input.bytes().size() > limits::payload_bytes)
    return refuse(x.client, code::too_large);
  auto& t = j->tasks[*number];
  if (!x.input.empty())
    t.input = x.input;
  t.disabled = !x.enabled;
  record(*j).moves.push_back(
    {*number, t.state, t.visit, t.attempt, x.enabled ? "enabled" : "disabled"});
  if (t.disabled && t.state == ready) { // its turn had come
    t.why = error{"", "disabled"};
    go(*j, *number, skipped);
  }
  settle(*j);
  done(x.client);
}

void planner::on(const plan::input_set& x) {
  auto* j = changeable(x.id, x.client);
  const auto number = j == nullptr ? std::nullopt : changeable(*j, x.task, x.client);
  if (!number)
    return;
  if (x.input.bytes().size() > limits::payload_bytes)
    return refuse(x.client, code::too_large);
  auto& t = j->tasks[*number];
  t.input = x.input;
  record(*j).moves.push_back({*number, t.state, t.visit, t.attempt, "input_set"});
  done(x.client);
}

} // namespace dagger::model
