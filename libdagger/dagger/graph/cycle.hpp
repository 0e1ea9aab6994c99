// Finds cycles in time linear in nodes and edges, without recursion. Knows no tasks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dagger::graph {

/// For each node in turn, the nodes that come before it, in one piece of memory.
class predecessors {
public:
  void reserve(std::size_t nodes, std::size_t edges) {
    ends_.reserve(nodes);
    edges_.reserve(edges);
  }

  /// Adds a predecessor of the next node.
  void add(std::uint32_t before) {
    edges_.push_back(before);
  }

  /// Ends the list of the next node.
  void end_node() {
    ends_.push_back(edges_.size());
  }

  std::size_t size() const {
    return ends_.size();
  }

  std::span<const std::uint32_t> of(std::size_t node) const {
    auto begin = node == 0 ? 0 : ends_[node - 1];
    return std::span{edges_}.subspan(begin, ends_[node] - begin);
  }

private:
  std::vector<std::size_t> ends_;
  std::vector<std::uint32_t> edges_;
};

/// Up to `most` cycles: some if there are any, and none that shares its ends with another. Each
/// in order of execution, beginning with its lowest node: {a, b} means that b comes after a and a
/// after b. All predecessors are nodes.
std::vector<std::vector<std::uint32_t>> find_cycles(const predecessors& graph,
                                                    std::size_t most = 10);

} // namespace dagger::graph
