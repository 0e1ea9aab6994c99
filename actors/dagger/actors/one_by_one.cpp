// A queue with one at work.
#include <dagger/actors/one_by_one.hpp>

#include <dagger/value/time.hpp>

#include <utility>

namespace dagger::actors {

future<void> one_by_one::add(request what) {
  auto made = entry{std::move(what), {}};
  auto end = made.done.future();
  {
    auto guard = std::lock_guard{mutex_};
    waiting_.push_back(std::move(made));
    if (std::exchange(busy_, true))
      return end;
  }
  run();
  return end;
}

/// A loop over what is done at once, so that many refusals need no deep stack.
void one_by_one::run() {
  while (true) {
    auto guard = std::unique_lock{mutex_};
    if (waiting_.empty()) {
      busy_ = false;
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    guard.unlock();
    auto end = next.what();
    if (!end.wait_for(duration{0}))
      return end.then([this, done = next.done](const result<void>& how) {
        settle(done, how);
        run();
      });
    end.then([&](const result<void>& how) { settle(next.done, how); });
  }
}

void one_by_one::settle(const future<void>::promise& to, const result<void>& how) const {
  if (auto callback = to.set_silently(how))
    call_(std::move(callback));
}

} // namespace dagger::actors
