// Before a thread runs what may block, it sees to it that another one takes the rest.
#include <dagger/actors/stopper.hpp>

#include <dagger/actors/notifier.hpp>

#include <system_error>
#include <thread>
#include <utility>

namespace dagger::actors {

void stopper::request(std::stop_source x) {
  auto guard = std::unique_lock{mutex_};
  waiting_.push_back(std::move(x));
  try {
    staff();
  } catch (const std::system_error&) {
    // No thread can be had: a callback that blocks is rarer than one that must be called.
    auto last = std::move(waiting_.back());
    waiting_.pop_back();
    guard.unlock();
    last.request_stop();
  }
}

/// With the lock held.
void stopper::staff() {
  if (free_ > 0 || waiting_.empty())
    return;
  std::thread{[self = shared_from_this()] { self->run(); }}.detach();
  ++free_;
}

void stopper::run() {
  auto owner = engine_owned{};
  auto guard = std::unique_lock{mutex_};
  while (!waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    --free_;
    try {
      staff();
    } catch (const std::system_error&) {
      // This one goes on with the rest when it is through.
    }
    guard.unlock();
    next.request_stop();
    guard.lock();
    ++free_;
  }
  --free_;
}

} // namespace dagger::actors
