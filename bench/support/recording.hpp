// A store that remembers what it was asked to commit, so that the same can be
// written again without an engine.
#pragma once

#include <dagger/store/store.hpp>

#include <memory>
#include <vector>

namespace dagger::bench {

/// What went into one transaction, in order.
using recorded_commit = store::batch;

/// Everything that an engine handed to its store.
struct recording {
  std::vector<recorded_commit> commits;

  std::size_t rows() const;
  std::size_t bytes() const;
  void clear() {
    commits.clear();
  }
};

/// Hands everything on to `inner` and keeps a copy of the batches in `into`, which
/// outlives it. Read `into` only while nothing commits.
std::unique_ptr<store::store> record(std::unique_ptr<store::store> inner, recording& into);

/// Writes recorded transactions once more with a plain LMDB loop into an environment of its own:
/// same tables, keys and sizes, one synced transaction each. What it is given from round to round
/// is the history of its environment, as it is of the store that was recorded: pages that were
/// freed before are used again in both.
class replayer {
public:
  explicit replayer(const std::filesystem::path& directory);
  ~replayer();

  /// Seconds.
  double operator()(const recording& what);

private:
  class environment;
  std::unique_ptr<environment> to_;
};

} // namespace dagger::bench
