// What happens at a time: pauses end, attempts are over, and what does not stop is left behind.
#include <dagger/actors/flow_worker.hpp>

#include <dagger/limits.hpp>

#include <algorithm>
#include <utility>

namespace dagger::actors {

/// Not with the lock held.
void flow_execution::add_timer(timestamp when, timer x) {
  {
    auto guard = std::lock_guard{mutex_};
    if (over_)
      return;
    auto earliest = timers_.empty() || when < timers_.begin()->first;
    timers_.emplace(when, std::move(x));
    if (!earliest)
      return;
  }
  services_->wake_at(weak_from_this(), when);
}

void flow_execution::tick(timestamp now) {
  auto due = std::vector<timer>{};
  auto next = std::optional<timestamp>{};
  {
    auto guard = std::lock_guard{mutex_};
    ++holds_;
    while (!timers_.empty() && timers_.begin()->first <= now)
      due.push_back(std::move(timers_.extract(timers_.begin()).mapped()));
    if (!timers_.empty())
      next = timers_.begin()->first;
  }
  if (next)
    services_->wake_at(weak_from_this(), *next);
  for (auto& x : due)
    fire(x);
  release();
}

/// The end of a hold.
void flow_execution::release() {
  auto guard = std::unique_lock{mutex_};
  --holds_;
  end_if_drained(guard);
}

void flow_execution::fire(const timer& x) {
  switch (x.kind) {
  case timer_kind::retry: {
    {
      auto guard = std::lock_guard{mutex_};
      --backing_off_;
    }
    add_items({x.item});
    break;
  }
  case timer_kind::time_out:
    time_out(x);
    break;
  case timer_kind::grace:
    lose(x);
    break;
  case timer_kind::whole:
    cancel({code::timeout, "the time of the run was over"});
    break;
  case timer_kind::sweep: {
    auto all = [&] {
      auto guard = std::lock_guard{mutex_};
      return workers_;
    }();
    for (auto& who : all)
      if (auto phase = who->phase.load(std::memory_order_acquire); (phase & 1) != 0)
        lose(who, phase >> 1,
             {.code = std::string{code::attempt_lost}, .message = "did not stop in time"});
    break;
  }
  }
}

/// Asks an attempt in a thread to stop, if one runs. With the lock held.
void flow_execution::stop(worker& who) {
  auto phase = who.phase.load(std::memory_order_acquire);
  auto guard = std::lock_guard{who.mutex};
  if (who.stop && (phase & 1) != 0 && who.stop_serial == phase >> 1)
    services_->request_stop(*who.stop);
  who.stopped_serial = phase >> 1;
  if ((phase & 1) == 0 || over_)
    return;
  auto when = later(time_of(stamp()), services_->grace);
  timers_.emplace(
    when, timer{timer_kind::grace, flow_item::from(who.item), workers_[who.place], phase >> 1});
  services_->wake_at(weak_from_this(), when);
}

void flow_execution::time_out(const timer& x) {
  if (!x.who) {
    auto stop = std::function<void()>{};
    {
      auto guard = std::lock_guard{mutex_};
      auto found = pending_.find(x.item.key());
      if (found == pending_.end() || found->second.serial != x.serial)
        return;
      found->second.timed_out = true;
      stop = found->second.cancel;
    }
    if (stop)
      stop();
    return;
  }
  {
    auto guard = std::lock_guard{x.who->mutex};
    if (x.who->phase.load(std::memory_order_acquire) != worker::running(x.serial))
      return;
    x.who->timed_out_serial = x.who->stopped_serial = x.serial;
    if (x.who->stop && x.who->stop_serial == x.serial)
      services_->request_stop(*x.who->stop);
  }
  add_timer(later(time_of(stamp()), services_->grace),
            {timer_kind::grace, x.item, x.who, x.serial});
}

void flow_execution::lose(const timer& x) {
  auto timed_out = [&] {
    auto guard = std::lock_guard{x.who->mutex};
    return x.who->timed_out_serial == x.serial;
  }();
  if (timed_out)
    lose(x.who, x.serial, {.code = std::string{code::timeout}, .message = "its time was over"});
  else
    lose(x.who, x.serial,
         {.code = std::string{code::attempt_lost}, .message = "did not stop in time"});
}

/// Leaves an attempt's thread behind; another takes its place.
void flow_execution::lose(const std::shared_ptr<worker>& who, std::uint64_t serial, failure why) {
  auto item = flow_item{};
  auto too_many = false;
  {
    auto guard = std::lock_guard{mutex_};
    auto phase = worker::running(serial);
    if (over_ || !who->phase.compare_exchange_strong(phase, worker::lost))
      return;
    services_->leave_behind(who->thread);
    item = flow_item::from(who->item);
    too_many = ++left_behind_ >= limits::abandoned_threads;
    auto next = std::make_shared<worker>();
    next->place = who->place;
    workers_[next->place] = next;
    launch(std::move(next));
  }
  auto ready = nodes{};
  conclude_badly(item, {who->started, stamp(), std::move(why)}, ready);
  if (program_->ordered)
    done_in_order(item, ready);
  else
    add_ready(ready);
  if (too_many)
    cancel({code::limit, std::to_string(limits::abandoned_threads)
                           + " functions of the run did not return when they were asked to stop"});
}

} // namespace dagger::actors
