// Ready nodes in the order in which they start where that matters: by priority, then as in the
// flow, among those whose resources are free. Knows no graph.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace dagger::graph {

/// How much of which resource, each once.
struct resource_use {
  std::uint32_t resource = 0;
  std::uint64_t amount = 0;

  friend auto operator<=>(const resource_use&, const resource_use&) = default;
};

using resource_uses = std::vector<resource_use>;

/// Those that wait for a resource let others pass. One thread at a time.
class ready_queue {
public:
  struct entry {
    std::int32_t priority = 0;
    std::uint32_t node = 0;
    /// Of a node that runs once for each element of a list.
    std::uint32_t element = 0;
  };

  /// `free[i]`: how much there is of resource i.
  explicit ready_queue(std::vector<std::uint64_t> free = {}) : free_(std::move(free)) {}

  void push(const entry& x, const resource_uses& uses);

  /// The next one, with its resources taken; nothing if there is none whose resources are free.
  std::optional<entry> pop();

  /// Takes all out for whom this holds, in no order.
  std::vector<entry> take_if(const std::function<bool(const entry&)>& what);

  /// When what `pop` returned has ended.
  void give_back(const resource_uses& uses);

  bool empty() const {
    return waiting_.empty();
  }

  /// Whether `pop` returns one.
  bool has_next() const;

  /// Forgets all that wait.
  void clear() {
    waiting_.clear();
  }

private:
  struct earlier {
    bool operator()(const entry& a, const entry& b) const {
      return std::tuple{-std::int64_t{a.priority}, a.node, a.element}
           < std::tuple{-std::int64_t{b.priority}, b.node, b.element};
    }
  };

  bool are_free(const resource_uses& uses) const;

  std::vector<std::uint64_t> free_;
  /// Those that need the same: if the first of them does not fit, none does.
  std::map<resource_uses, std::set<entry, earlier>> waiting_;
};

} // namespace dagger::graph
