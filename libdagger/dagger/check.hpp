// Assertions that stay on in release builds: a bug of ours stops the process
// before it can write what is wrong.
#pragma once

#include <source_location>

namespace dagger {

/// Prints `text` with the place to stderr and aborts.
[[noreturn]] void bug(const char* text,
                      std::source_location where = std::source_location::current());

/// Stops the process if `condition`, which our own code guarantees, is false.
/// Never for input of users: that gets an error.
inline void check(bool condition, const char* text = "broken invariant",
                  std::source_location where = std::source_location::current()) {
  if (!condition) [[unlikely]]
    bug(text, where);
}

} // namespace dagger
