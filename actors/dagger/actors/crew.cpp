// Plain threads around one queue. Whoever runs a user's function holds the crew, so
// nothing that it reaches goes away under it.
#include <dagger/actors/crew.hpp>

#include <dagger/actors/notifier.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace dagger::actors {

void crew::listen(callbacks calls) {
  auto guard = std::lock_guard{mutex_};
  calls_ = std::move(calls);
}

void crew::start(plan::assignment x) {
  auto guard = std::lock_guard{mutex_};
  waiting_.push_back(std::move(x));
  staff();
  changed_.notify_one();
}

/// Sees to it that somebody takes what waits. With the lock held.
void crew::staff() {
  try {
    while (idle_ < waiting_.size())
      add_thread();
  } catch (const std::system_error& why) {
    // One that was left behind takes nothing any more.
    if (std::ranges::all_of(threads_, &thread::left_behind))
      refuse_waiting(why.what());
  }
}

/// With the lock held.
void crew::refuse_waiting(const std::string& why) {
  for (auto& x : std::exchange(waiting_, {})) {
    auto report = plan::report{};
    report.attempt = x.attempt;
    report.outcome = plan::failed{
      {.code = std::string{code::unavailable}, .message = "no thread can be started: " + why}, {}};
    if (calls_.on_report)
      calls_.on_report(std::move(report));
  }
}

/// With the lock held.
void crew::add_thread() {
  auto me = threads_.emplace(threads_.end());
  try {
    me->handle = std::thread{[self = shared_from_this(), me] { self->run(me); }};
    ++idle_; // as good as
  } catch (...) {
    threads_.erase(me);
    throw;
  }
}

void crew::run(threads::iterator me) {
  auto owner = engine_owned{};
  auto guard = std::unique_lock{mutex_};
  for (;; ++idle_) {
    changed_.wait(guard, [&] { return closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty())
      return;
    if (!work(guard, me))
      return;
  }
}

/// One attempt; false if the thread was left behind meanwhile.
bool crew::work(std::unique_lock<std::mutex>& guard, threads::iterator me) {
  auto given = std::move(waiting_.front());
  waiting_.pop_front();
  auto attempt = given.attempt;
  auto control = std::make_shared<attempt_control>();
  running_.insert_or_assign(attempt, running{control, me});
  guard.unlock();
  auto report = [&] {
    auto visit = task::impl{where_, agent_, std::move(given), control};
    return perform(visit);
  }();
  guard.lock();
  if (control->lost.stop_requested()) {
    threads_.erase(me);
    if (calls_.on_return)
      calls_.on_return();
    return false;
  }
  running_.erase(attempt);
  if (calls_.on_report)
    calls_.on_report(std::move(report));
  tell_if_idle();
  return true;
}

/// An attempt that has not begun ends without a trace. With the lock held.
void crew::drop_waiting(const plan::attempt_id& attempt) {
  auto i = std::ranges::find(waiting_, attempt, &plan::assignment::attempt);
  if (i == waiting_.end())
    return;
  waiting_.erase(i);
  auto report = plan::report{};
  report.attempt = attempt;
  report.outcome = plan::abandoned{};
  if (calls_.on_report)
    calls_.on_report(std::move(report));
}

bool crew::stop(const plan::attempt_id& attempt) {
  auto guard = std::unique_lock{mutex_};
  auto i = running_.find(attempt);
  if (i == running_.end()) {
    drop_waiting(attempt);
    return false;
  }
  auto stop = i->second.control->stop;
  guard.unlock();
  stops_->request(std::move(stop));
  return true;
}

/// With the lock held.
void crew::leave_behind(running& x) {
  x.control->lost.request_stop();
  x.thread->left_behind = true;
  x.thread->handle.detach();
}

bool crew::give_up(const plan::attempt_id& attempt) {
  auto guard = std::lock_guard{mutex_};
  auto i = running_.find(attempt);
  if (i == running_.end())
    return false;
  leave_behind(i->second);
  running_.erase(i);
  staff(); // something may have waited for that thread
  tell_if_idle();
  return true;
}

/// With the lock held.
void crew::tell_if_idle() {
  if (when_idle_ && running_.empty() && waiting_.empty())
    std::exchange(when_idle_, nullptr)();
}

std::vector<plan::attempt_id> crew::drain() {
  auto taken = std::vector<plan::attempt_id>{};
  auto stops = std::vector<std::stop_source>{};
  {
    auto guard = std::lock_guard{mutex_};
    for (auto& x : std::exchange(waiting_, {}))
      taken.push_back(x.attempt);
    for (auto& [attempt, x] : running_)
      stops.push_back(x.control->stop);
  }
  for (auto& x : stops)
    stops_->request(std::move(x));
  return taken;
}

void crew::when_idle(std::function<void()> then) {
  auto guard = std::lock_guard{mutex_};
  when_idle_ = std::move(then);
  tell_if_idle();
}

std::vector<plan::attempt_id> crew::give_up_all() {
  auto guard = std::lock_guard{mutex_};
  auto left = std::vector<plan::attempt_id>{};
  for (auto& [attempt, x] : running_) {
    leave_behind(x);
    left.push_back(attempt);
  }
  running_.clear();
  return left;
}

void crew::close() {
  auto ended = std::vector<std::thread>{};
  {
    auto guard = std::lock_guard{mutex_};
    closed_ = true;
    calls_ = {};
    for (auto& x : threads_)
      if (!x.left_behind)
        ended.push_back(std::move(x.handle));
    changed_.notify_all();
  }
  for (auto& x : ended)
    x.join();
}

} // namespace dagger::actors
