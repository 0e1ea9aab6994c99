// A thread and its queue.
#include <dagger/actors/notifier.hpp>

#include <dagger/actors/stderr_log.hpp>

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
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

void engine_owned::mark_thread() {
  owned = true;
}

notifier::notifier(std::shared_ptr<const stderr_log> logger) : logger_(std::move(logger)) {}

notifier::~notifier() {
  stop();
}

void notifier::post(std::function<void()> callback) {
  auto guard = std::unique_lock{mutex_};
  if (stopped_) {
    guard.unlock();
    call(callback);
    return;
  }
  waiting_.push_back(std::move(callback));
  try {
    if (!thread_.joinable())
      thread_ = std::thread{[this] { run(); }};
  } catch (const std::system_error&) {
    // Then the next callback starts it, or `stop` calls them all.
  }
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
  for (auto& callback : std::exchange(waiting_, {}))
    call(callback);
}

/// A user's exception ends nothing of ours.
void notifier::call(const std::function<void()>& callback) const {
  auto complain = [&](std::string_view what) {
    if (logger_)
      logger_->write(log_level::error, "a callback of a future has thrown: " + std::string{what});
  };
  try {
    callback();
  } catch (const error& x) {
    complain(to_string(x));
  } catch (const std::exception& x) {
    complain(x.what());
  } catch (...) {
    complain("something that is no std::exception");
  }
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
      call(callback);
    batch.clear();
    guard.lock();
  }
}

} // namespace dagger::actors
