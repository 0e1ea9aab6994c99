// Walks a planner and its model through every history over a small alphabet, or
// through one long random one.
#pragma once

#include <support/planner_world.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dagger::test {

/// Something that may happen at any point of a history.
struct symbol {
  std::string name;
  /// Returns false if it cannot happen now; the history then ends before it.
  std::function<bool(planner_world&)> happen;
};

/// What a set of histories is made of.
struct alphabet {
  std::string name;
  /// Agents join; called again after each crash.
  std::function<void(planner_world&)> join;
  /// Before the first step.
  std::function<void(planner_world&)> begin = {};
  std::vector<symbol> symbols;
  world_options options = {};
};

enum class disk {
  at_once,    // every batch is on disk before the next step
  any_prefix, // every number of the batches in flight, at every step
};

struct walk_result {
  std::uint64_t histories = 0;
  std::uint64_t steps = 0;
  /// The first difference, with the history that led to it; empty if there was none.
  std::string problem;
};

/// All histories of up to `length` steps. Prefixes that were walked before must give the same
/// batches again; new ones are checked after every step. At the end of every `rest_every`-th the
/// engine comes to rest, and of some of those all jobs must be able to end.
walk_result walk(const alphabet& a, std::uint32_t length, disk mode, std::uint32_t rest_every = 5);

/// A crash; the agents of `a` come back.
symbol crash_of(std::function<void(planner_world&)> join);

/// One long history from a seed: several jobs and agents, all events, crashes that keep any
/// prefix of what is in flight.
walk_result wander(std::uint64_t seed, std::uint32_t steps, world_options options = {});

/// Numbers from a seed, the same on every machine.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  /// Below `bound`.
  std::uint32_t operator()(std::uint32_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<std::uint32_t>((z ^ (z >> 31)) % bound);
  }

  /// True once in `n`.
  bool once_in(std::uint32_t n) {
    return (*this)(n) == 0;
  }

private:
  std::uint64_t state_;
};

// -- words for specs ------------------------------------------------------------

plan::job_spec job_of(std::string id, std::vector<plan::task_spec> tasks);
payload text_payload(std::string json_text);

} // namespace dagger::test
