// Spreads from disabled nodes to those that need them; linear in nodes and edges.
#include <dagger/graph/reach.hpp>

#include <algorithm>

namespace dagger::graph {

std::vector<std::pair<std::size_t, std::size_t>>
out_of_reach(const spec& flow, std::span<const node_binding> bindings) {
  auto& nodes = flow.nodes;
  auto queue = std::vector<std::size_t>{};
  for (auto i = std::size_t{0}; i < nodes.size(); ++i)
    if (!nodes[i].enabled)
      queue.push_back(i);
  auto made = std::vector<std::pair<std::size_t, std::size_t>>{};
  if (queue.empty())
    return made;
  auto index = node_index{nodes};
  auto dependants = std::vector<std::vector<std::size_t>>(nodes.size());
  auto left = std::vector<std::size_t>(nodes.size());
  for (auto i = std::size_t{0}; i < nodes.size(); ++i)
    for (auto& id : bindings[i].after)
      if (auto before = index.find(id)) {
        dependants[*before].push_back(i);
        ++left[i];
      }
  auto off = std::vector<bool>(nodes.size());
  for (auto i : queue)
    off[i] = true;
  for (auto at = std::size_t{0}; at < queue.size(); ++at)
    for (auto i : dependants[queue[at]]) {
      --left[i];
      auto rule = nodes[i].run_if;
      auto needs_one = rule == run_if::one_success || rule == run_if::one_failed;
      if (off[i] || !(rule == run_if::all_success || (needs_one && left[i] == 0)))
        continue;
      off[i] = true;
      made.emplace_back(i, queue[at]);
      queue.push_back(i);
    }
  return made;
}

} // namespace dagger::graph
