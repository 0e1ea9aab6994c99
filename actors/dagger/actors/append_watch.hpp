// Who is told that a log has grown. Costs one look at a flag while nobody is.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace dagger::actors {

/// Safe to use from any thread.
class append_watch {
public:
  enum class watcher : std::uint8_t { user, gateway };

  /// `call` is called after each commit that wrote something, in the keeper's thread; null: no
  /// more, and when this has returned it is not running either. It must only send.
  void set(watcher who, std::function<void()> call) {
    auto guard = std::lock_guard{mutex_};
    (who == watcher::user ? of_user_ : of_gateway_) = std::move(call);
    // Before the caller looks at the log: a row is seen there or told of here.
    wanted_ = of_user_ || of_gateway_;
  }

  void tell() {
    if (!wanted_)
      return;
    auto guard = std::lock_guard{mutex_};
    if (of_user_)
      of_user_();
    if (of_gateway_)
      of_gateway_();
  }

private:
  std::atomic<bool> wanted_{false};
  std::mutex mutex_;
  std::function<void()> of_user_;
  std::function<void()> of_gateway_;
};

} // namespace dagger::actors
