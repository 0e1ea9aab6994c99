// The real clock: a timer, the news of the wall clock, and a thread that sleeps on them.
//
//   set ──► boottime timer ──► thread ──► ring the alarms that are due
//   wall clock is set ──► its news ──► thread ──► follow it, arm again
#include <dagger/actors/clock.hpp>

#include <dagger/actors/descriptor.hpp>
#include <dagger/check.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace dagger::actors {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Microseconds, as in `timestamp`: nanoseconds end in the year 2262.
microseconds read(clockid_t which) {
  auto now = timespec{};
  check(clock_gettime(which, &now) == 0, "no clock");
  return seconds{now.tv_sec} + std::chrono::floor<microseconds>(nanoseconds{now.tv_nsec});
}

timespec to_timespec(microseconds x) {
  auto whole = duration_cast<seconds>(x);
  return {whole.count(), nanoseconds{x - whole}.count()};
}

descriptor made(int fd) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a timer");
  return descriptor{fd};
}

/// Its news are a timer that never comes due and is cancelled when somebody sets the clock.
class machine_clock : public wall_clock {
public:
  machine_clock() : timer_(made(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK))) {
    watch();
  }

  timestamp now() const override {
    return timestamp{read(CLOCK_REALTIME)};
  }

  int news() const override {
    return timer_.get();
  }

  void heard() override {
    auto ignored = std::uint64_t{0};
    // Fails with ECANCELED: that is the news.
    [[maybe_unused]] auto n = ::read(timer_.get(), &ignored, sizeof ignored);
    watch();
  }

private:
  void watch() {
    auto spec = itimerspec{};
    spec.it_value = to_timespec(read(CLOCK_REALTIME) + limits::longest);
    check(timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr)
              == 0
            || errno == ECANCELED,
          "cannot watch the wall clock");
  }

  descriptor timer_;
};

class real_clock : public clock {
public:
  real_clock(timestamp not_before, std::unique_ptr<wall_clock> wall)
    : wall_(std::move(wall)),
      due_(made(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK))),
      ended_(made(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
    auto base = std::max(wall_->now(), within_reach(not_before)).time_since_epoch();
    ahead_ = (base - read(CLOCK_BOOTTIME)).count();
    thread_ = std::thread{[this] { run(); }};
  }

  ~real_clock() override {
    stop();
  }

  timestamp now() const override {
    return timestamp{read(CLOCK_BOOTTIME) + microseconds{ahead_.load(std::memory_order_relaxed)}};
  }

  alarm add(std::function<void()> ring) override {
    auto guard = std::lock_guard{mutex_};
    alarms_.push_back({std::move(ring), std::nullopt});
    return alarms_.size() - 1;
  }

  void set(alarm which, std::optional<timestamp> when) override {
    auto guard = std::lock_guard{mutex_};
    if (stopped_)
      return;
    alarms_[which].when = when;
    if (when && (!armed_ || *when < *armed_))
      arm(*when);
  }

  void stop() override {
    {
      auto guard = std::lock_guard{mutex_};
      if (stopped_)
        return;
      stopped_ = true;
      for (auto& x : alarms_)
        x.ring = nullptr;
    }
    check(eventfd_write(ended_.get(), 1) == 0, "cannot wake the clock");
    thread_.join();
  }

private:
  struct entry {
    std::function<void()> ring;
    std::optional<timestamp> when;
  };

  /// With the lock held. A time that is too far away for a timer is cut: it rings in vain.
  void arm(std::optional<timestamp> when) {
    armed_ = when;
    auto spec = itimerspec{};
    if (when) {
      auto reachable = std::clamp(*when, timestamp{}, later(now(), limits::longest));
      auto at = reachable.time_since_epoch() - microseconds{ahead_.load()};
      spec.it_value = to_timespec(std::max(at, microseconds{1}));
    }
    check(timerfd_settime(due_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0, "cannot arm");
  }

  void run() {
    auto fds = std::array<pollfd, 3>{
      {{due_.get(), POLLIN, 0}, {wall_->news(), POLLIN, 0}, {ended_.get(), POLLIN, 0}}};
    while (true) {
      if (poll(fds.data(), fds.size(), -1) < 0) {
        check(errno == EINTR, "cannot wait for the clock");
        continue;
      }
      auto guard = std::lock_guard{mutex_};
      if (stopped_)
        return;
      if (fds[1].revents != 0)
        follow_wall();
      ring();
    }
  }

  void follow_wall() {
    wall_->heard();
    auto behind = wall_->now() - now();
    if (behind > microseconds{0})
      ahead_ += behind.count();
  }

  void ring() {
    auto expirations = std::uint64_t{0};
    // Nothing to read is fine: we look at all alarms anyway.
    [[maybe_unused]] auto n = ::read(due_.get(), &expirations, sizeof expirations);
    auto at = now();
    auto next = std::optional<timestamp>{};
    for (auto& x : alarms_) {
      if (!x.when)
        continue;
      if (*x.when <= at) {
        x.when.reset();
        x.ring();
      } else if (!next || *x.when < *next) {
        next = x.when;
      }
    }
    arm(next);
  }

  std::unique_ptr<wall_clock> wall_;
  descriptor due_, ended_;
  std::atomic<std::int64_t> ahead_; // of CLOCK_BOOTTIME, in microseconds
  std::mutex mutex_;
  std::vector<entry> alarms_;
  std::optional<timestamp> armed_;
  bool stopped_ = false;
  std::thread thread_;
};

} // namespace

std::unique_ptr<wall_clock> make_wall_clock() {
  return std::make_unique<machine_clock>();
}

std::unique_ptr<clock> make_clock(timestamp not_before, std::unique_ptr<wall_clock> wall) {
  return std::make_unique<real_clock>(not_before, std::move(wall));
}

} // namespace dagger::actors
