// The order of a job's tasks and of those that a visit adds to it, as it grows edge by edge.
// Reads no store, throws no errors.
#pragma once

#include <dagger/plan/definition.hpp>
#include <dagger/plan/query.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dagger::actors {

/// Stored tasks have the numbers that they have in the job, added ones follow.
class order {
public:
  /// `stored`: the tasks of the job, or nothing while no one has named any of them.
  explicit order(std::optional<std::vector<plan::task_status>> stored);

  /// The next one of the added tasks.
  void add(const plan::task_spec& x);

  /// Lets `later` come after `earlier`.
  void put(std::uint32_t later, std::uint32_t earlier);

  /// The tasks, each after the one before it, that would be a cycle if `later` came after
  /// `earlier`; nothing if there is none. Goes through the smaller of the two sides.
  std::vector<std::uint32_t> cycle(std::uint32_t later, std::uint32_t earlier);

  std::optional<std::uint32_t> number_of(const task_ref& x) const;

  /// Null if it is an added one.
  const plan::task_status* stored(std::uint32_t number) const;

  bool has_stored() const {
    return has_stored_;
  }

  std::size_t first_added() const {
    return stored_.size();
  }

  std::size_t added() const {
    return nodes_.size() - stored_.size();
  }

private:
  struct node {
    std::vector<std::uint32_t> before;
    std::vector<std::uint32_t> after;
    std::uint64_t seen = 0; // by the search of this number
  };

  struct search;
  bool connected(std::uint32_t from, std::uint32_t to);
  std::vector<std::uint32_t> path(std::uint32_t from, std::uint32_t to);

  bool has_stored_;
  std::vector<plan::task_status> stored_;
  std::vector<node> nodes_;
  std::unordered_map<std::string, std::uint32_t> names_;
  // Names that an added task comes after and that nobody has yet.
  std::unordered_multimap<std::string, std::uint32_t> awaited_;
  std::uint64_t searches_ = 0;
};

} // namespace dagger::actors
