// Depth-first search with a stack of its own; an edge back into the stack closes a cycle.
#include <dagger/graph/cycle.hpp>

#include <algorithm>

namespace dagger::graph {

namespace {

enum class mark : std::uint8_t { fresh, on_stack, done };

struct visit {
  std::uint32_t node;
  std::size_t next; // the predecessor to look at
};

/// The nodes from `first` to the top of the stack are a cycle; what is above comes before.
std::vector<std::uint32_t> take(const std::vector<visit>& stack, std::uint32_t first) {
  auto cycle = std::vector<std::uint32_t>{};
  for (auto at = stack.size(); cycle.empty() || cycle.back() != first;)
    cycle.push_back(stack[--at].node);
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  return cycle;
}

} // namespace

std::vector<std::vector<std::uint32_t>> find_cycles(const predecessors& graph, std::size_t most) {
  auto found = std::vector<std::vector<std::uint32_t>>{};
  auto marks = std::vector<mark>(graph.size(), mark::fresh);
  auto reported = std::vector<bool>(graph.size());
  auto stack = std::vector<visit>{};
  for (auto root = std::uint32_t{0}; root < graph.size(); ++root) {
    if (marks[root] != mark::fresh)
      continue;
    stack.push_back({root, 0});
    marks[root] = mark::on_stack;
    while (!stack.empty()) {
      auto& [node, next] = stack.back();
      auto before = graph.of(node);
      if (next == before.size()) {
        marks[node] = mark::done;
        stack.pop_back();
        continue;
      }
      auto other = before[next++];
      if (marks[other] == mark::fresh) {
        marks[other] = mark::on_stack;
        stack.push_back({other, 0});
      } else if (marks[other] == mark::on_stack && !reported[other] && !reported[node]) {
        found.push_back(take(stack, other));
        if (found.size() == most)
          return found;
        for (auto member : found.back())
          reported[member] = true;
      }
    }
  }
  return found;
}

} // namespace dagger::graph
