// Who is next: per agent the ready tasks, by priority, and round robin between jobs.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace dagger::plan {

/// The ready tasks of one agent.
class ready_queue {
public:
  /// A job's priority, then a task's: larger first.
  using priority = std::pair<std::int32_t, std::int32_t>;

  struct entry {
    std::uint64_t job;
    std::uint32_t task;
  };

  /// A job's first task at a priority puts the job at the end of the ring there.
  void push(priority p, std::uint64_t job, std::uint32_t task);

  /// Takes a task out that ends without having run.
  void erase(priority p, std::uint64_t job, std::uint32_t task);

  /// Takes the lowest task of the job whose turn it is; the job goes to the end of its ring.
  std::optional<entry> pop();

  /// Leaves the job out until it is released: then it goes to the end of its rings.
  void hold(std::uint64_t job);
  void release(std::uint64_t job);

private:
  using ring = std::list<std::uint64_t>;

  struct turn {
    std::optional<ring::iterator> at;             // nothing while the job is held
    std::map<std::uint32_t, std::uint64_t> tasks; // 64 of them a word
  };

  struct level {
    ring order;
    std::unordered_map<std::uint64_t, turn> jobs;
  };

  std::map<priority, level, std::greater<>> levels_;
  std::unordered_set<std::uint64_t> held_;
};

} // namespace dagger::plan
