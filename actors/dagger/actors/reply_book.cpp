// One alarm for all: it rings for the first one whose time is over.
#include <dagger/actors/reply_book.hpp>

#include <vector>

namespace dagger::actors {

std::pair<std::uint64_t, future<json>> reply_book::open(const std::string& channel,
                                                        timestamp until) {
  auto x = waiting{{}, channel, until};
  auto answer = x.to.future();
  auto guard = std::lock_guard{mutex_};
  auto number = ++last_;
  if (!clock_) {
    x.to.set(dagger::fail(code::interrupted, "the engine ended first"));
    return {number, std::move(answer)};
  }
  if (!alarm_)
    alarm_ = clock_->add([self = weak_from_this()] {
      if (auto here = self.lock())
        here->call_([here] { here->expire(); });
    });
  times_.emplace(until, number);
  open_.emplace(number, std::move(x));
  set_alarm();
  return {number, std::move(answer)};
}

void reply_book::set_alarm() {
  if (clock_ && alarm_)
    clock_->set(*alarm_, times_.empty() ? std::nullopt : std::optional{times_.begin()->first});
}

std::optional<reply_book::waiting> reply_book::take(std::uint64_t number) {
  auto guard = std::lock_guard{mutex_};
  auto found = open_.extract(number);
  if (found.empty())
    return std::nullopt;
  times_.erase({found.mapped().until, number});
  set_alarm();
  return std::move(found.mapped());
}

void reply_book::settle(const waiting& x, result<json> what) const {
  if (auto callback = x.to.set_silently(std::move(what)))
    call_(std::move(callback));
}

void reply_book::answer(std::uint64_t number, payload text) {
  auto x = take(number);
  if (!x)
    return;
  try {
    settle(*x, text.value());
  } catch (error& why) {
    settle(*x, dagger::fail(std::move(why)));
  }
}

void reply_book::fail(std::uint64_t number, error why) {
  if (auto x = take(number))
    settle(*x, dagger::fail(std::move(why)));
}

void reply_book::expire() {
  auto late = std::vector<waiting>{};
  {
    auto guard = std::lock_guard{mutex_};
    while (clock_ && !times_.empty() && times_.begin()->first <= clock_->now()) {
      late.push_back(std::move(open_.extract(times_.begin()->second).mapped()));
      times_.erase(times_.begin());
    }
    set_alarm();
  }
  for (auto& x : late)
    settle(
      x, dagger::fail(code::timeout, "nobody answered on the channel '" + x.channel + "' in time"));
}

std::optional<timestamp> reply_book::now() const {
  auto guard = std::lock_guard{mutex_};
  return clock_ ? std::optional{clock_->now()} : std::nullopt;
}

void reply_book::close(const error& why) {
  auto guard = std::unique_lock{mutex_};
  clock_ = nullptr;
  times_.clear();
  auto left = std::exchange(open_, {});
  guard.unlock();
  for (auto& [number, x] : left)
    settle(x, dagger::fail(why));
}

} // namespace dagger::actors
