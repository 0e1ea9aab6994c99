// What one reading of a file tells.
#pragma once

#include <dagger/dagger.hpp>

#include <cstdint>
#include <string>

namespace census {

struct content {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::uint64_t hash = 0;
};

/// Reads a regular file in an open folder to its end. Files of equal content have equal hashes;
/// equal hashes only make candidates.
dagger::result<content> read_file(int folder, const std::string& name);

} // namespace census
