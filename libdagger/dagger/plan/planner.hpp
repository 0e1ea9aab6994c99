// Decides which task runs next and remembers what happened. Performs nothing, asks
// no clock: the same events give the same bytes.
#pragma once

#include <dagger/plan/command.hpp>
#include <dagger/plan/event.hpp>

#include <memory>
#include <optional>

namespace dagger::plan {

/// Which jobs of a store a planner works on.
enum class scope : std::uint8_t {
  every_job, // all active ones, from the start on
  named,     // those that an event names
};

struct planner_options {
  scope which = scope::every_job;
  /// Finished jobs are purged so long after their end; 0: never.
  duration retention{0};
  /// What there is, over all jobs; empty: each job has what it says itself.
  dagger::resources pool = {};
  /// Active jobs are read until they have so many tasks together, then other events have their
  /// turn: a start does not wait for all jobs.
  std::size_t tasks_at_once = 256;

  planner_options(scope x = scope::every_job, duration keep = duration{0},
                  dagger::resources there_is = {})
    : which(x),
      retention(keep),
      pool(std::move(there_is)) {}
};

/// The fold over events. Its state is, up to what `committed` still lacks, a function of
/// the store: `restore(disk) == memory`, which `dump` shows.
class planner {
public:
  /// Reads the first of the active jobs and the next timers; what ran when the last engine ended
  /// counts as interrupted. `first` is to be committed before anything else. The other jobs are
  /// read with `load_due`, or when an event needs them.
  static result<planner> restore(store::view& disk, planner_options options, timestamp now,
                                 effects& first);

  planner(planner&&) noexcept;
  planner& operator=(planner&&) noexcept;
  ~planner();

  /// Takes one event. Total: what cannot be done is a `refuse`. `committed` is a snapshot that
  /// holds at least all batches confirmed by `confirm`. Batches must be committed in the order
  /// in which they were given out.
  effects apply(const event& what, store::view& committed, timestamp now);

  /// The first `n` of the batches that are still unconfirmed are on disk. Only batches that are not
  /// empty count.
  void confirm(std::size_t n = 1);

  /// When `time_passed` is due; nothing if no timer runs.
  std::optional<timestamp> wake_at();

  /// Whether active jobs are still to be read: apply `load_due` when nothing else waits.
  bool has_unread() const;

  /// Attempts that were assigned and not reported.
  std::size_t running() const;

  /// Jobs in memory.
  std::size_t jobs_in_memory() const;

  /// All state that a store must bring back, as text to compare; of the jobs in memory only.
  std::string dump() const;

private:
  struct impl;
  explicit planner(std::unique_ptr<impl> self);
  std::unique_ptr<impl> impl_;
};

} // namespace dagger::plan
