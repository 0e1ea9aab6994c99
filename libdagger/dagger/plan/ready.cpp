// Round robin over jobs, priorities first.
#include <dagger/plan/ready.hpp>

#include <bit>

namespace dagger::plan {

namespace {

constexpr auto tasks_per_word = std::uint32_t{64};

std::uint64_t bit_of(std::uint32_t task) {
  return std::uint64_t{1} << task % tasks_per_word;
}

} // namespace

void ready_queue::push(priority p, std::uint64_t job, std::uint32_t task) {
  auto& at = levels_[p];
  auto [found, is_new] = at.jobs.try_emplace(job);
  if (is_new && !held_.contains(job))
    found->second.at = at.order.insert(at.order.end(), job);
  found->second.tasks[task / tasks_per_word] |= bit_of(task);
}

void ready_queue::erase(priority p, std::uint64_t job, std::uint32_t task) {
  auto at = levels_.find(p);
  if (at == levels_.end())
    return;
  auto found = at->second.jobs.find(job);
  if (found == at->second.jobs.end())
    return;
  auto& tasks = found->second.tasks;
  if (auto word = tasks.find(task / tasks_per_word); word != tasks.end())
    if ((word->second &= ~bit_of(task)) == 0)
      tasks.erase(word);
  if (!tasks.empty())
    return;
  if (found->second.at)
    at->second.order.erase(*found->second.at);
  at->second.jobs.erase(found);
  if (at->second.jobs.empty())
    levels_.erase(at);
}

std::optional<ready_queue::entry> ready_queue::pop() {
  for (auto& [p, at] : levels_) {
    if (at.order.empty())
      continue; // all are held
    auto job = at.order.front();
    auto& [number, word] = *at.jobs.at(job).tasks.begin();
    auto task = number * tasks_per_word + static_cast<std::uint32_t>(std::countr_zero(word));
    at.order.splice(at.order.end(), at.order, at.order.begin());
    erase(p, job, task);
    return entry{job, task};
  }
  return std::nullopt;
}

void ready_queue::hold(std::uint64_t job) {
  if (!held_.insert(job).second)
    return;
  for (auto& [p, at] : levels_)
    if (auto found = at.jobs.find(job); found != at.jobs.end() && found->second.at) {
      at.order.erase(*found->second.at);
      found->second.at.reset();
    }
}

void ready_queue::release(std::uint64_t job) {
  held_.erase(job);
  for (auto& [p, at] : levels_)
    if (auto found = at.jobs.find(job); found != at.jobs.end() && !found->second.at)
      found->second.at = at.order.insert(at.order.end(), job);
}

} // namespace dagger::plan
