// A flow's edges, both ways, in one piece of memory each, and the rules of its nodes. Knows no
// names and no actions.
#pragma once

#include <dagger/value/node_rules.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace dagger::graph {

/// What is said about one node beside its edges.
struct node_rule {
  dagger::run_if run_if = dagger::run_if::all_success;
  /// Instead of the flow's.
  std::optional<dagger::on_failure> on_failure = {};
  /// Its failure does not fail the run.
  bool optional = false;

  friend bool operator==(const node_rule&, const node_rule&) = default;
};

/// Never changes; safe to read from any thread. Nodes are numbers from 0 in the order of the flow.
class graph {
public:
  /// The nodes before node i are `before[ends[i - 1]]` up to `before[ends[i]]`, which may name one
  /// more than once. They are nodes, and there is no cycle. `rules` is empty if nothing is said of
  /// any node.
  graph(std::vector<std::uint32_t> ends, std::vector<std::uint32_t> before,
        std::vector<node_rule> rules = {});

  std::uint32_t size() const {
    return static_cast<std::uint32_t>(ends_.size());
  }

  std::span<const std::uint32_t> before(std::uint32_t node) const {
    auto begin = node == 0 ? 0 : ends_[node - 1];
    return {before_.data() + begin, ends_[node] - begin};
  }

  std::span<const std::uint32_t> after(std::uint32_t node) const {
    return {after_.data() + starts_[node], starts_[node + 1] - starts_[node]};
  }

  std::uint32_t in_degree(std::uint32_t node) const {
    return ends_[node] - (node == 0 ? 0 : ends_[node - 1]);
  }

  node_rule rule(std::uint32_t node) const {
    return rules_.empty() ? node_rule{} : rules_[node];
  }

  /// Nodes with nothing before them.
  std::span<const std::uint32_t> sources() const {
    return sources_;
  }

  /// Whether a node that has only completed ones before it may still not run.
  bool waits_for_failures() const {
    return waits_for_failures_;
  }

private:
  std::vector<std::uint32_t> ends_;
  std::vector<std::uint32_t> before_;
  std::vector<std::uint32_t> starts_; // of the lists in `after_`, and the end of the last one
  std::vector<std::uint32_t> after_;
  std::vector<std::uint32_t> sources_;
  std::vector<node_rule> rules_;
  bool waits_for_failures_ = false;
};

} // namespace dagger::graph
