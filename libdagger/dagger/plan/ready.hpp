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
  /// Tasks of one job that can be held together; 0: those that are only held with their job.
  using group = std::uint64_t;

  struct entry {
    std::uint64_t job;
    std::uint32_t task;
  };

  /// A job's first task at a priority puts the job at the end of the ring there.
  void push(priority p, std::uint64_t job, std::uint32_t task, group g = 0);

  /// Takes a task out that ends without having run.
  void erase(priority p, std::uint64_t job, std::uint32_t task, group g = 0);

  /// Takes the lowest task of the job whose turn it is; the job goes to the end of its ring.
  std::optional<entry> pop();

  /// Leaves the job out until it is released: then it goes to the end of its rings.
  void hold(std::uint64_t job);
  void release(std::uint64_t job);

  /// The same for a group of its tasks; a job without others is left out with it.
  void hold(std::uint64_t job, group g);
  void release(std::uint64_t job, group g);

private:
  using ring = std::list<std::uint64_t>;
  using numbers = std::map<std::uint32_t, std::uint64_t>; // 64 of them a word

  struct turn {
    std::optional<ring::iterator> at; // nothing while none of its tasks may start
    numbers tasks;
    std::map<group, numbers> groups;
  };

  struct level {
    ring order;
    std::unordered_map<std::uint64_t, turn> jobs;
  };

  numbers* lowest(turn& x, group& of);
  void keep_place(level& at, std::uint64_t job, turn& x);
  void keep_places(std::uint64_t job);

  std::map<priority, level, std::greater<>> levels_;
  std::unordered_set<std::uint64_t> held_;
  std::unordered_set<group> held_groups_;
};

} // namespace dagger::plan
