// A sorted set for each distinct need: a pop looks at the first of each only.
#include <dagger/graph/ready_queue.hpp>

#include <algorithm>

namespace dagger::graph {

void ready_queue::push(const entry& x, const resource_uses& uses) {
  waiting_[uses].insert(x);
}

bool ready_queue::are_free(const resource_uses& uses) const {
  return std::ranges::all_of(uses,
                             [&](const resource_use& x) { return x.amount <= free_[x.resource]; });
}

std::optional<ready_queue::entry> ready_queue::pop() {
  auto best = waiting_.end();
  for (auto i = waiting_.begin(); i != waiting_.end(); ++i)
    if (are_free(i->first)
        && (best == waiting_.end() || earlier{}(*i->second.begin(), *best->second.begin())))
      best = i;
  if (best == waiting_.end())
    return std::nullopt;
  for (auto& x : best->first)
    free_[x.resource] -= x.amount;
  auto found = *best->second.begin();
  best->second.erase(best->second.begin());
  if (best->second.empty())
    waiting_.erase(best);
  return found;
}

void ready_queue::give_back(const resource_uses& uses) {
  for (auto& x : uses)
    free_[x.resource] += x.amount;
}

std::vector<ready_queue::entry>
ready_queue::take_if(const std::function<bool(const entry&)>& what) {
  auto taken = std::vector<entry>{};
  for (auto& [uses, all] : waiting_)
    std::erase_if(all, [&](const entry& x) {
      auto yes = what(x);
      if (yes)
        taken.push_back(x);
      return yes;
    });
  std::erase_if(waiting_, [](auto& x) { return x.second.empty(); });
  return taken;
}

bool ready_queue::has_next() const {
  return std::ranges::any_of(waiting_, [&](auto& x) { return are_free(x.first); });
}

} // namespace dagger::graph
