// Round robin over jobs, priorities first.
#include <dagger/plan/ready.hpp>

namespace dagger::plan {

void ready_queue::push(priority p, std::uint64_t job, std::uint32_t task) {
  auto& at = levels_[p];
  auto [found, is_new] = at.jobs.try_emplace(job);
  if (is_new)
    found->second.at = at.order.insert(at.order.end(), job);
  found->second.tasks.insert(task);
}

void ready_queue::erase(priority p, std::uint64_t job, std::uint32_t task) {
  auto at = levels_.find(p);
  if (at == levels_.end())
    return;
  auto found = at->second.jobs.find(job);
  if (found == at->second.jobs.end())
    return;
  found->second.tasks.erase(task);
  if (!found->second.tasks.empty())
    return;
  at->second.order.erase(found->second.at);
  at->second.jobs.erase(found);
  if (at->second.jobs.empty())
    levels_.erase(at);
}

std::optional<ready_queue::entry> ready_queue::pop() {
  if (levels_.empty())
    return std::nullopt;
  auto& [p, at] = *levels_.begin();
  auto job = at.order.front();
  auto task = *at.jobs.at(job).tasks.begin();
  at.order.splice(at.order.end(), at.order, at.order.begin());
  erase(p, job, task);
  return entry{job, task};
}

} // namespace dagger::plan
