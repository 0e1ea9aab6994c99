// Jobs in which nothing can move any more, because tasks wait for others that nobody
// adds.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/codec/hash.hpp>
#include <dagger/codec/json.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

bool misses_somebody(const task& t) {
  return t.row.wait
      && std::any_of(t.row.wait->any_of.begin(), t.row.wait->any_of.end(),
                     [](auto& c) { return !c.expected.empty(); });
}

/// Which situation somebody was told of last; 0: none.
std::uint64_t mark_of(const std::string& situation) {
  return hash64(situation) | 1;
}

/// `[{"task": "report", "expects": ["figures"]}]`
json situation_of(const job& j) {
  auto all = json::array();
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    if (!misses_somebody(j.tasks[t]))
      continue;
    auto names = std::vector<std::string>{};
    for (auto& c : j.tasks[t].row.wait->any_of)
      for (auto& name : c.expected)
        if (std::ranges::find(names, name) == names.end())
          names.push_back(name);
    all.push_back({{"task", j.task_name(t)}, {"expects", names}});
  }
  return all;
}

} // namespace

/// Nothing that can still come would make it go on.
bool planner::impl::cannot_go_on(const job& j) {
  auto goes_on = j.row.state == job_state::running
              || (j.row.state == job_state::cancelling && j.row.undoing == undoing::begun);
  if (!goes_on || j.active > 0 || j.expected.empty() || j.row.due)
    return false;
  auto can_come = [&](const clause& c) {
    return c.mode == wait_mode::time || c.mode == wait_mode::signal || c.mode == wait_mode::review
        || std::any_of(c.jobs.begin(), c.jobs.end(),
                       [&](auto number) { return !finished(state_of(number)); });
  };
  return std::none_of(j.tasks.begin(), j.tasks.end(), [&](auto& t) {
    auto& row = t.row;
    return row.state == task_state::suspended
        && (row.total_deadline || row.wait->deadline
            || std::any_of(row.wait->any_of.begin(), row.wait->any_of.end(), can_come));
  });
}

bool planner::impl::has_stalled(const job& j) {
  return is_ours(j.number) && cannot_go_on(j);
}

/// Whoever works on it next has to look: nobody does now.
bool planner::impl::has_unseen_stall(const job& j) {
  return !is_ours(j.number) && cannot_go_on(j)
      && (j.definition.stall_action != stall_action::callback
          || j.row.stall != mark_of(to_text(situation_of(j))));
}

void planner::impl::look_at_stalls() {
  for (auto again = true; std::exchange(again, false);) {
    follow_ends();
    auto numbers = dirty_jobs;
    numbers.insert(numbers.end(), taken_up.begin(), taken_up.end());
    std::ranges::sort(numbers);
    for (auto number : numbers)
      if (auto j = jobs.find(number); j != jobs.end() && has_stalled(j->second)) {
        again |= look_at_stall(j->second);
        follow_ends();
      }
  }
  taken_up.clear();
}

bool planner::impl::look_at_stall(job& j) {
  while (has_stalled(j)) {
    auto text = to_text(situation_of(j));
    auto is_new = std::exchange(j.row.stall, mark_of(text)) != mark_of(text);
    if (!is_new && j.definition.stall_action == stall_action::callback)
      return false;
    touch(j);
    switch (j.definition.stall_action) {
    case stall_action::callback:
      out.commands.push_back(stalled{j.number, j.row.id, payload::from_bytes(std::move(text))});
      return false;
    case stall_action::terminate_job:
      fail_all(j, code::wait_unmet, "the job has stalled: " + text);
      break;
    case stall_action::notify_planning_agent:
      if (is_new && notify_planner(j, text))
        return true;
      [[fallthrough]];
    case stall_action::fail_wait:
      auto first = std::find_if(j.tasks.begin(), j.tasks.end(), misses_somebody);
      fail_task(j, static_cast<std::uint32_t>(first - j.tasks.begin()), code::wait_unmet,
                "nobody adds what it waits for: " + text);
      break;
    }
  }
  return true;
}

/// Adds a task that tells the planning agent; false if that cannot be.
bool planner::impl::notify_planner(job& j, const std::string& situation) {
  auto most = j.definition.limits.tasks > 0 ? j.definition.limits.tasks : limits::tasks_per_job;
  if (j.tasks.size() - j.replaced >= most)
    return false;
  auto number = static_cast<std::uint32_t>(j.tasks.size());
  auto spec = task_spec{};
  spec.name = "planning-" + std::to_string(number);
  while (j.find(spec.name))
    spec.name += '_';
  spec.agent = j.definition.planning_agent;
  spec.optional = true;
  spec.input = payload::from_bytes(R"({"stalled":)" + situation + "}");
  j.tasks.emplace_back();
  j.names.emplace(spec.name, number);
  j.tasks[number].spec = row_of(j, spec, number);
  enter_new(j);
  return true;
}

} // namespace dagger::plan
