// A thread and its queue.
#include <dagger/actors/notifier.hpp>

#include <utility>

namespace dagger::actors {

namespace {

thread_local bool owned = false;

} // namespace

engine_owned::engine_owned() : before_(std::exchange(owned, true)) {}

engine_owned::~engine_owned() {
  owned = before_;
}

bool engine_owned::thread() {
  return owned;
}

notifier::~notifier() {
  stop();
}

void notifier::post(std::function<void()> callback) {
  auto guard = std::unique_lock{mutex_};
  if (stopped_) {
    guard.unlock();
    callback();
    return;
  }
  if (!thread_.joinable())
    thread_ = std::thread{[this] { run(); }};
  waiting_.push_back(std::move(callback));
  changed_.notify_one();
}

void notifier::stop() {
  {
    auto guard = std::lock_guard{mutex_};
    stopped_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable())
    thread_.join();
}

void notifier::run() {
  auto owner = engine_owned{};
  auto guard = std::unique_lock{mutex_};
  while (true) {
    changed_.wait(guard, [&] { return stopped_ || !waiting_.empty(); });
    if (waiting_.empty())
      return;
    auto batch = std::exchange(waiting_, {});
    guard.unlock();
    for (auto& callback : batch)
      callback();
    batch.clear();
    guard.lock();
  }
}

} // namespace dagger::actors
