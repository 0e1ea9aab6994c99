// The threads that run the functions of flows. They can outlive the engine, with what they still
// hold; knows no flows and no actors.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace dagger::actors {

/// Threads are started when needed, kept when idle, and left behind when they do not return. Safe
/// to use from any thread, its own included.
class flow_crew : public std::enable_shared_from_this<flow_crew> {
public:
  /// Calls `work` in a free thread; false if none can be had.
  bool start(std::function<void()> work);

  /// The thread, which is one of ours and does not return from its work, is nobody's any more.
  void leave_behind(std::thread::id who);

  /// Ends all threads and waits for them; while some do not return, calls `again` now and then,
  /// which leaves behind whom it must not wait for.
  void close(const std::function<void()>& again);

private:
  struct thread {
    std::thread handle;
    bool left_behind = false;
  };
  using threads = std::list<thread>;

  void run(threads::iterator me);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> waiting_;
  threads threads_;
  std::size_t idle_ = 0;
  std::size_t present_ = 0; // that have not returned and were not left behind
  bool closed_ = false;
};

} // namespace dagger::actors
