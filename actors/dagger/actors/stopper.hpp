// Requests stop tokens in threads of its own, because that runs the callbacks of users, which may
// block. Knows no attempts and no actors.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>

namespace dagger::actors {

/// As many threads as there are callbacks that block, and one more while there is something to
/// do; none else. They can outlive the engine, but hold nothing of it. Safe to use from any thread.
class stopper : public std::enable_shared_from_this<stopper> {
public:
  /// Requests the stop soon; never waits.
  void request(std::stop_source x);

private:
  void staff();
  void run();

  std::mutex mutex_;
  std::deque<std::stop_source> waiting_;
  std::size_t free_ = 0; // threads that will look for the next one
};

} // namespace dagger::actors
