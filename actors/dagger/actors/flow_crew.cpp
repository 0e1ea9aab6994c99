// Plain threads around one queue. Each holds the crew, so nothing goes away under it.
#include <dagger/actors/flow_crew.hpp>

#include <dagger/actors/notifier.hpp>

#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

namespace dagger::actors {

namespace {

constexpr auto between_looks = std::chrono::milliseconds{10};

} // namespace

bool flow_crew::start(std::function<void()> work) {
  auto guard = std::lock_guard{mutex_};
  if (closed_)
    return false;
  if (idle_ <= waiting_.size()) {
    auto me = threads_.emplace(threads_.end());
    try {
      me->handle = std::thread{[self = shared_from_this(), me] { self->run(me); }};
      ++idle_; // as good as
      ++present_;
    } catch (const std::system_error&) {
      threads_.erase(me);
      if (present_ == 0)
        return false;
    }
  }
  waiting_.push_back(std::move(work));
  changed_.notify_one();
  return true;
}

void flow_crew::run(threads::iterator me) {
  auto owner = engine_owned{};
  auto guard = std::unique_lock{mutex_};
  while (true) {
    changed_.wait(guard, [&] { return closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty())
      break;
    {
      auto work = std::move(waiting_.front());
      waiting_.pop_front();
      guard.unlock();
      work();
    } // what it holds goes while nothing is locked
    guard.lock();
    if (me->left_behind) {
      threads_.erase(me);
      return;
    }
    ++idle_;
  }
  --present_;
  ended_.notify_all();
}

void flow_crew::leave_behind(std::thread::id who) {
  auto guard = std::lock_guard{mutex_};
  for (auto& x : threads_)
    if (!x.left_behind && x.handle.get_id() == who) {
      x.left_behind = true;
      x.handle.detach();
      --present_;
      ended_.notify_all();
      return;
    }
}

void flow_crew::close(const std::function<void()>& again) {
  auto guard = std::unique_lock{mutex_};
  closed_ = true;
  changed_.notify_all();
  // The last reference to an engine can be that of a function that it runs.
  for (auto& x : threads_)
    if (!x.left_behind && x.handle.get_id() == std::this_thread::get_id()) {
      x.left_behind = true;
      x.handle.detach();
      --present_;
    }
  while (!ended_.wait_for(guard, between_looks, [&] { return present_ == 0; })) {
    guard.unlock();
    again();
    guard.lock();
  }
  auto ended = std::vector<std::thread>{};
  for (auto i = threads_.begin(); i != threads_.end();) {
    if (i->left_behind) {
      ++i;
      continue;
    }
    ended.push_back(std::move(i->handle));
    i = threads_.erase(i);
  }
  guard.unlock();
  for (auto& x : ended)
    x.join();
}

} // namespace dagger::actors
