// A value that is not there yet.
#pragma once

#include <dagger/result.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace dagger {

/// The reading end. Copies share the value; `future<void>` only says that something is done. Safe
/// to use from any thread.
template <class T>
class future {
public:
  /// Takes the value or the error.
  using callback = std::function<void(result<T>)>;

private:
  struct state {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<result<T>> value;
    callback then;
  };

public:
  /// The writing end.
  class promise {
  public:
    promise() : shared_(std::make_shared<state>()) {}

    /// Gives the value; only the first call counts. A callback runs here, in this thread.
    void set(result<T> x) const {
      if (auto run = set_silently(std::move(x)))
        run();
    }

    /// The same, but hands the callback, if there is one, to the caller, who runs it.
    std::function<void()> set_silently(result<T> x) const {
      auto then = callback{};
      {
        auto guard = std::lock_guard{shared_->mutex};
        if (shared_->value)
          return {};
        shared_->value.emplace(std::move(x));
        then = std::exchange(shared_->then, nullptr);
        shared_->ready.notify_all();
      }
      if (!then)
        return {};
      return [then = std::move(then), kept = shared_] { then(*kept->value); };
    }

    dagger::future<T> future() const {
      return dagger::future<T>{shared_};
    }

  private:
    std::shared_ptr<state> shared_;
  };

  /// Waits for the value. Throws the `error` if there is none.
  T get() const {
    auto guard = std::unique_lock{shared_->mutex};
    shared_->ready.wait(guard, [&] { return shared_->value.has_value(); });
    if (!*shared_->value)
      throw shared_->value->error();
    if constexpr (!std::is_void_v<T>)
      return **shared_->value;
  }

  /// Waits at most so long; true if the value or the error is there.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> time) const {
    auto guard = std::unique_lock{shared_->mutex};
    return shared_->ready.wait_for(guard, time, [&] { return shared_->value.has_value(); });
  }

  /// Calls `run` with the value or error: at once if it is there, else later in a thread of the
  /// engine, which it must not block. At most one callback.
  void then(callback run) const {
    {
      auto guard = std::lock_guard{shared_->mutex};
      if (!shared_->value) {
        shared_->then = std::move(run);
        return;
      }
    }
    run(*shared_->value);
  }

private:
  explicit future(std::shared_ptr<state> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<state> shared_;
};

} // namespace dagger
