// Small questions about one job.
#include <model/job_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

bool allows(const std::vector<std::string>& agents, const std::string& name) {
  return agents.empty() || std::ranges::count(agents, name) > 0;
}

bool is_over(const task& t) {
  return settled(t.state) && !t.open;
}

bool is_failure(const task& t) {
  return !t.open && (t.state == failed || t.state == cancelled || t.skipped_by_failure);
}

bool undoes(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  return t.compensates || (t.parent && undoes(j, *t.parent));
}

bool outlives_stop(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  return t.run_if == run_if::all_done || t.run_if == run_if::one_failed || t.compensates
      || (t.parent && outlives_stop(j, *t.parent));
}

bool has_failed(const job& j) {
  return j.state == job_state::cancelling || !j.code.empty() || j.stopping
      || std::ranges::any_of(j.tasks, [](const task& t) {
           return !t.replaced && !t.optional && (t.state == failed || t.state == cancelled);
         });
}

bool is_ending(const job& j, std::uint32_t number) {
  if (j.state == job_state::cancelling)
    return j.undo != job::undoing::begun;
  return j.stopping && !outlives_stop(j, number);
}

bool in_review(const task& t) {
  return t.state == suspended && !t.conditions.empty()
      && t.conditions.front().mode == wait_mode::review;
}

bool is_held(const job& j) {
  const auto run = std::ranges::count(j.tasks, running, &task::state);
  return j.state == job_state::paused || (j.limits.running > 0 && run >= j.limits.running);
}

plan::stored_payload stored(const payload& x) {
  auto made = plan::stored_payload{};
  made.present = !x.empty();
  made.size = x.bytes().size();
  if (made.is_inline())
    made.bytes = x.bytes();
  return made;
}

void once_each(std::vector<std::uint32_t>& list, std::uint32_t n) {
  if (std::ranges::count(list, n) == 0)
    list.push_back(n);
}

task made_of(const plan::task_spec& s, std::uint32_t number) {
  auto t = task{};
  t.name = s.name.empty() ? s.agent + "-" + std::to_string(number) : s.name;
  t.agent = s.agent;
  t.priority = s.priority;
  t.optional = s.optional;
  t.at_most_once = s.at_most_once;
  t.retry = s.retry;
  t.timeout = s.timeout;
  t.total_timeout = s.total_timeout;
  t.heartbeat = s.heartbeat;
  t.run_if = s.run_if;
  t.on_failure = s.on_failure;
  t.max_children = s.max_children;
  t.resources = s.resources;
  t.compensate = s.compensate;
  t.input = s.input;
  return t;
}

std::optional<std::uint32_t> find(const job& j, std::uint32_t base, const task_ref& ref) {
  if (ref.added != task_ref::by_name)
    return base + ref.added;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].name == ref.name && !j.tasks[i].replaced)
      return i;
  return std::nullopt;
}

std::uint32_t level_of(const job& j, std::uint32_t number) {
  const auto parent = j.tasks[number].parent;
  return parent ? level_of(j, *parent) + 1 : 1;
}

std::uint32_t size_of(const job& j) {
  return static_cast<std::uint32_t>(std::ranges::count(j.tasks, false, &task::replaced));
}

void place_expected(job& j) {
  for (auto& t : j.tasks)
    for (auto& c : t.conditions)
      for (const auto& name : std::vector{c.expected})
        if (const auto there = find(j, 0, name)) {
          std::erase(c.expected, name);
          once_each(c.tasks, *there);
          if (std::ranges::count(t.after, *there) == 0)
            once_each(t.waited, *there);
        }
}

namespace {

/// What `number` cannot go on without.
std::vector<std::uint32_t> needs(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto all = t.after;
  for (auto n : t.waited)
    if (t.waits_again && std::ranges::count(t.spared, n) == 0)
      all.push_back(n);
  if (t.state == suspended)
    for (const auto& c : t.conditions)
      all.insert(all.end(), c.tasks.begin(), c.tasks.end());
  std::erase_if(all, [&](auto n) { return is_over(j.tasks[n]); });
  return all;
}

/// Whether a walk along `needs` from `start` comes back to it.
bool in_a_cycle(const job& j, std::uint32_t start) {
  auto seen = std::vector<bool>(j.tasks.size(), false);
  auto next = std::vector<std::uint32_t>{start};
  while (!next.empty()) {
    const auto at = next.back();
    next.pop_back();
    if (is_over(j.tasks[at]))
      continue;
    for (auto n : needs(j, at)) {
      if (n == start)
        return true;
      if (!seen[n])
        next.push_back(n);
      seen[n] = true;
    }
  }
  return false;
}

} // namespace

bool has_cycle(const job& j) {
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (in_a_cycle(j, i))
      return true;
  return false;
}

void spare(job& j, const std::set<std::uint32_t>& numbers) {
  for (auto n : numbers)
    if (j.tasks[n].waits_again)
      j.tasks[n].spared = j.tasks[n].waited;
  for (auto n : numbers)
    for (auto on : std::vector{j.tasks[n].spared}) {
      std::erase(j.tasks[n].spared, on);
      if (in_a_cycle(j, n))
        j.tasks[n].spared.push_back(on);
    }
}

json situation_of(const job& j) {
  auto all = json::array();
  for (const auto& t : j.tasks) {
    if (t.state != suspended)
      continue;
    auto names = std::vector<std::string>{};
    for (const auto& c : t.conditions)
      for (const auto& name : c.expected)
        if (std::ranges::count(names, name) == 0)
          names.push_back(name);
    if (!names.empty())
      all.push_back({{"task", t.name}, {"expects", names}});
  }
  return all;
}

} // namespace dagger::model
