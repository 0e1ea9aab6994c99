// Round robin over jobs, priorities first.
#include <dagger/plan/ready.hpp>

#include <bit>

namespace dagger::plan {

namespace {

constexpr auto tasks_per_word = std::uint32_t{64};

std::uint64_t bit_of(std::uint32_t task) {
  return std::uint64_t{1} << task % tasks_per_word;
}

std::uint32_t first_of(const std::map<std::uint32_t, std::uint64_t>& numbers) {
  auto& [number, word] = *numbers.begin();
  return number * tasks_per_word + static_cast<std::uint32_t>(std::countr_zero(word));
}

} // namespace

/// Those among which the lowest task is that may start; null if none may.
ready_queue::numbers* ready_queue::lowest(turn& x, group& of) {
  auto* found = x.tasks.empty() ? nullptr : &x.tasks;
  of = 0;
  for (auto& [g, tasks] : x.groups)
    if (!held_groups_.contains(g) && (!found || first_of(tasks) < first_of(*found))) {
      found = &tasks;
      of = g;
    }
  return found;
}

/// The job stands in the ring if one of its tasks may start.
void ready_queue::keep_place(level& at, std::uint64_t job, turn& x) {
  auto of = group{};
  auto stands = !held_.contains(job) && lowest(x, of);
  if (stands && !x.at) {
    x.at = at.order.insert(at.order.end(), job);
  } else if (!stands && x.at) {
    at.order.erase(*x.at);
    x.at.reset();
  }
}

void ready_queue::keep_places(std::uint64_t job) {
  for (auto& [p, at] : levels_)
    if (auto found = at.jobs.find(job); found != at.jobs.end())
      keep_place(at, job, found->second);
}

void ready_queue::push(priority p, std::uint64_t job, std::uint32_t task, group g) {
  auto& at = levels_[p];
  auto& x = at.jobs[job];
  (g == 0 ? x.tasks : x.groups[g])[task / tasks_per_word] |= bit_of(task);
  if (!x.at)
    keep_place(at, job, x);
}

void ready_queue::erase(priority p, std::uint64_t job, std::uint32_t task, group g) {
  auto at = levels_.find(p);
  if (at == levels_.end())
    return;
  auto found = at->second.jobs.find(job);
  if (found == at->second.jobs.end())
    return;
  auto& x = found->second;
  auto grouped = g == 0 ? x.groups.end() : x.groups.find(g);
  if (g != 0 && grouped == x.groups.end())
    return;
  auto& tasks = g == 0 ? x.tasks : grouped->second;
  if (auto word = tasks.find(task / tasks_per_word); word != tasks.end())
    if ((word->second &= ~bit_of(task)) == 0)
      tasks.erase(word);
  if (!tasks.empty())
    return;
  if (g != 0)
    x.groups.erase(grouped);
  if (!x.tasks.empty() || !x.groups.empty())
    return keep_place(at->second, job, x);
  if (x.at)
    at->second.order.erase(*x.at);
  at->second.jobs.erase(found);
  if (at->second.jobs.empty())
    levels_.erase(at);
}

std::optional<ready_queue::entry> ready_queue::pop() {
  for (auto& [p, at] : levels_) {
    if (at.order.empty())
      continue; // all are held
    auto job = at.order.front();
    auto g = group{};
    auto task = first_of(*lowest(at.jobs.at(job), g));
    at.order.splice(at.order.end(), at.order, at.order.begin());
    erase(p, job, task, g);
    return entry{job, task};
  }
  return std::nullopt;
}

void ready_queue::hold(std::uint64_t job) {
  if (held_.insert(job).second)
    keep_places(job);
}

void ready_queue::release(std::uint64_t job) {
  if (held_.erase(job) > 0)
    keep_places(job);
}

void ready_queue::hold(std::uint64_t job, group g) {
  if (held_groups_.insert(g).second)
    keep_places(job);
}

void ready_queue::release(std::uint64_t job, group g) {
  if (held_groups_.erase(g) > 0)
    keep_places(job);
}

} // namespace dagger::plan
