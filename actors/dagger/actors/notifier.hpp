// Runs callbacks of futures, one after the other, in a thread of its own: whoever
// fulfils a future must not wait for a user's code.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace dagger::actors {

class stderr_log;

/// A thread that begins with the first callback.
class notifier {
public:
  /// `logger` hears of exceptions that leave a callback; may be null.
  explicit notifier(std::shared_ptr<const stderr_log> logger = nullptr);
  ~notifier();

  /// Runs `callback` soon. After `stop`, here and now.
  void post(std::function<void()> callback);

  /// Runs what waits, then ends the thread.
  void stop();

private:
  void run();
  void call(const std::function<void()>& callback) const;

  std::shared_ptr<const stderr_log> logger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;
  bool stopped_ = false;
  std::thread thread_;
};

/// While one of these lives in a thread, submits from it never wait: it is a thread that the
/// engine needs to go on.
class engine_owned {
public:
  engine_owned();
  ~engine_owned();
  engine_owned(const engine_owned&) = delete;
  engine_owned& operator=(const engine_owned&) = delete;

  static bool thread();

  /// The current thread is one, for good.
  static void mark_thread();

private:
  bool before_;
};

} // namespace dagger::actors
