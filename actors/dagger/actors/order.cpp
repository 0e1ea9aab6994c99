// Edges in both directions, so that a search can go from both ends.
#include <dagger/actors/order.hpp>

#include <algorithm>

namespace dagger::actors {

/// A breadth-first search that takes one edge at a time.
struct order::search {
  std::vector<node>& nodes;
  std::vector<std::uint32_t> node::*edges;
  std::uint32_t goal;
  std::uint64_t number;
  std::vector<std::uint32_t> queue = {};
  std::size_t at = 0;
  std::size_t edge = 0;

  enum class state : std::uint8_t { goes_on, found, exhausted };

  void begin(std::uint32_t from) {
    queue.push_back(from);
    nodes[from].seen = number;
  }

  state step() {
    while (at < queue.size() && edge == (nodes[queue[at]].*edges).size()) {
      ++at;
      edge = 0;
    }
    if (at == queue.size())
      return state::exhausted;
    auto next = (nodes[queue[at]].*edges)[edge++];
    if (next == goal)
      return state::found;
    if (nodes[next].seen != number) {
      nodes[next].seen = number;
      queue.push_back(next);
    }
    return state::goes_on;
  }
};

order::order(std::optional<std::vector<plan::task_status>> stored)
  : has_stored_(stored.has_value()),
    stored_(stored ? std::move(*stored) : std::vector<plan::task_status>{}),
    nodes_(stored_.size()) {
  for (auto& x : stored_) {
    if (!x.replaced)
      names_.emplace(x.name, x.number);
    for (auto on : x.after)
      put(x.number, on);
    if (x.state == task_state::suspended)
      for (auto on : x.waited)
        put(x.number, on);
  }
}

void order::add(const plan::task_spec& x) {
  auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  if (!x.name.empty() && names_.emplace(x.name, number).second) {
    auto [first, last] = awaited_.equal_range(x.name);
    for (auto i = first; i != last; ++i)
      put(i->second, number);
    awaited_.erase(first, last);
  }
  for (auto& on : x.after)
    if (auto found = number_of(on))
      put(number, *found);
    else
      awaited_.emplace(on.name, number);
}

void order::put(std::uint32_t later, std::uint32_t earlier) {
  nodes_[later].before.push_back(earlier);
  nodes_[earlier].after.push_back(later);
}

std::optional<std::uint32_t> order::number_of(const task_ref& x) const {
  if (x.added != task_ref::by_name) {
    auto number = stored_.size() + x.added;
    return number < nodes_.size() ? std::optional{static_cast<std::uint32_t>(number)}
                                  : std::nullopt;
  }
  auto i = names_.find(x.name);
  return i == names_.end() ? std::nullopt : std::optional{i->second};
}

const plan::task_status* order::stored(std::uint32_t number) const {
  return number < stored_.size() ? &stored_[number] : nullptr;
}

/// Whether `from` comes after `to`, in one step or more.
bool order::connected(std::uint32_t from, std::uint32_t to) {
  auto back = search{nodes_, &node::before, to, ++searches_};
  auto forth = search{nodes_, &node::after, from, ++searches_};
  back.begin(from);
  forth.begin(to);
  while (true) {
    for (auto* x : {&back, &forth})
      if (auto state = x->step(); state != search::state::goes_on)
        return state == search::state::found;
  }
}

/// The way back from `from` to `to`, both included.
std::vector<std::uint32_t> order::path(std::uint32_t from, std::uint32_t to) {
  auto reached_from = std::unordered_map<std::uint32_t, std::uint32_t>{{from, from}};
  auto queue = std::vector<std::uint32_t>{from};
  for (auto at = std::size_t{0}; at < queue.size() && !reached_from.contains(to); ++at)
    for (auto next : nodes_[queue[at]].before)
      if (reached_from.emplace(next, queue[at]).second)
        queue.push_back(next);
  auto made = std::vector<std::uint32_t>{to};
  while (made.back() != from)
    made.push_back(reached_from.at(made.back()));
  std::reverse(made.begin(), made.end());
  return made;
}

std::vector<std::uint32_t> order::cycle(std::uint32_t later, std::uint32_t earlier) {
  if (later == earlier)
    return {later};
  if (!connected(earlier, later))
    return {};
  auto found = path(earlier, later);
  std::reverse(found.begin(), found.end());
  std::rotate(found.begin(), std::min_element(found.begin(), found.end()), found.end());
  return found;
}

} // namespace dagger::actors
