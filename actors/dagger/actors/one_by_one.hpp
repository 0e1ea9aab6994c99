// Requests that must not overlap: each begins when the one before is done.
#pragma once

#include <dagger/future.hpp>

#include <deque>
#include <functional>
#include <mutex>

namespace dagger::actors {

/// Safe to use from any thread.
class one_by_one {
public:
  using request = std::function<future<void>()>;

  /// `call` runs callbacks of futures.
  explicit one_by_one(std::function<void(std::function<void()>)> call) : call_(std::move(call)) {}

  /// Calls `what` when its turn has come: here, or in the thread that ends the one before. The
  /// future has its result.
  future<void> add(request what);

private:
  struct entry {
    request what;
    future<void>::promise done;
  };

  void run();
  void settle(const future<void>::promise& to, const result<void>& how) const;

  std::function<void(std::function<void()>)> call_;
  std::mutex mutex_;
  std::deque<entry> waiting_;
  bool busy_ = false;
};

} // namespace dagger::actors
