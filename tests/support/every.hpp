// Every sequence of small choices, one after the other, for tests that leave no
// short history out. Knows nothing of what is chosen.
#pragma once

#include <array>
#include <cstdint>

namespace dagger::test {

/// Walks through every sequence of choices a test asks for:
/// `every all; while (all.next()) { ... all.choice(n) ... }`.
class every {
public:
  /// Begins the next sequence; false after the last one.
  bool next() {
    if (!started_)
      return started_ = true;
    while (size_ > 0 && value_[size_ - 1] + 1 == bound_[size_ - 1])
      --size_;
    if (size_ == 0)
      return false;
    ++value_[size_ - 1];
    at_ = 0;
    return true;
  }

  /// Returns a number below `bound`.
  std::uint32_t choice(std::uint32_t bound) {
    if (at_ == size_) {
      value_[size_] = 0;
      bound_[size_++] = bound;
    }
    return value_[at_++];
  }

private:
  bool started_ = false;
  std::uint32_t at_ = 0;
  std::uint32_t size_ = 0;
  std::array<std::uint32_t, 64> value_{};
  std::array<std::uint32_t, 64> bound_{};
};

} // namespace dagger::test
