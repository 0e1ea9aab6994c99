// Runs callbacks of futures, one after the other, in a thread of its own: whoever
// fulfils a future must not wait for a user's code.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dagger::actors {

/// A thread that begins with the first callback.
class notifier {
public:
  ~notifier();

  /// Runs `callback` soon. After `stop`, here and now.
  void post(std::function<void()> callback);

  /// Runs what waits, then ends the thread.
  void stop();

private:
  void run();

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

private:
  bool before_;
};

} // namespace dagger::actors
