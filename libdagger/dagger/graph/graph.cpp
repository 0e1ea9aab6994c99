// Turns the lists of what comes before around, by counting.
#include <dagger/graph/graph.hpp>

#include <dagger/check.hpp>

#include <algorithm>

namespace dagger::graph {

graph::graph(std::vector<std::uint32_t> ends, std::vector<std::uint32_t> before,
             std::vector<node_rule> rules)
  : ends_(std::move(ends)),
    before_(std::move(before)),
    starts_(ends_.size() + 1),
    after_(before_.size()),
    rules_(std::move(rules)) {
  check(rules_.empty() || rules_.size() == ends_.size(), "a rule for each node or none");
  for (auto x : before_)
    ++starts_[x + 1];
  for (auto i = std::size_t{1}; i < starts_.size(); ++i)
    starts_[i] += starts_[i - 1];
  // Each list is filled from its start, which moves to its end, where the next one starts.
  auto at = std::uint32_t{0};
  for (auto node = std::uint32_t{0}; node < size(); ++node) {
    if (ends_[node] == at)
      sources_.push_back(node);
    for (; at < ends_[node]; ++at)
      after_[starts_[before_[at]]++] = node;
  }
  for (auto i = starts_.size() - 1; i > 0; --i)
    starts_[i] = starts_[i - 1];
  starts_[0] = 0;
  waits_for_failures_ =
    std::ranges::any_of(rules_, [](const node_rule& x) { return x.run_if == run_if::one_failed; });
}

} // namespace dagger::graph
