// The timers of suspended tasks: all of them are rows, the earliest are in memory.
#pragma once

#include <dagger/store/store.hpp>

#include <deque>
#include <optional>
#include <set>

namespace dagger::plan {

/// A mirror of the head of the table `timers`, including what batches on their way to the
/// disk change.
class timer_table {
public:
  using timer = store::key::timer_parts;

  /// Reads the earliest timers of a store. Without this call the table holds only what is added or
  /// followed.
  result<void> restore(store::view& disk);

  /// Takes in a timer that stands on disk.
  void follow(const timer& x) {
    insert(x);
  }

  /// Adds or removes a timer, in memory and in the batch, which will have number `batch`.
  void add(const timer& x, store::batch& writes, std::uint64_t batch);
  /// Adds one of a job that is not worked on: in the batch only.
  static void only_write(const timer& x, store::batch& writes);
  void remove(const timer& x, store::batch& writes, std::uint64_t batch);

  /// All batches up to this number are on disk.
  void confirm(std::uint64_t batch);

  /// Reads on when memory has run out. `disk` holds at least what is confirmed.
  result<void> refill(store::view& disk);

  /// The earliest; nothing if there is none. True after `refill`.
  std::optional<timer> first() const;

private:
  /// A change that the disk may not show yet.
  struct change {
    std::uint64_t batch;
    timer what;
    bool added;
  };

  void insert(const timer& x);

  std::set<timer> earliest_;
  /// Whether the table on disk is ours as a whole; else only what was added or followed counts.
  bool mirrors_ = false;
  /// Timers behind this one are on disk only; nothing: all are in memory.
  std::optional<timer> horizon_;
  std::deque<change> unconfirmed_;
};

} // namespace dagger::plan
