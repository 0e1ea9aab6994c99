// One thread waits here until others say that it may go on. Knows no actors.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

namespace dagger::actors {

/// Opens when `open` has been called `count` times.
class gate {
public:
  explicit gate(std::size_t count = 1) : count_(count) {}

  void open() {
    auto guard = std::lock_guard{mutex_};
    if (count_ > 0 && --count_ == 0)
      opened_.notify_all();
  }

  bool is_open() const {
    auto guard = std::lock_guard{mutex_};
    return count_ == 0;
  }

  /// Waits. Where nothing runs by itself (virtual time), `pump` makes it run; else it is empty.
  void wait(const std::function<bool()>& pump = {}) {
    while (pump && !is_open() && pump()) {}
    auto guard = std::unique_lock{mutex_};
    opened_.wait(guard, [&] { return count_ == 0; });
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  std::size_t count_;
};

} // namespace dagger::actors
