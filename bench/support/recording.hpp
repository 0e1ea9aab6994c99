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

/// Writes the recorded transactions with a plain LMDB loop into a fresh environment in
/// `directory`: same tables, keys and sizes, one synced transaction each. Seconds.
double replay(const recording& what, const std::filesystem::path& directory);

} // namespace dagger::bench
