// An engine under test control: nothing runs until `run`, and no time passes until
// `advance`. The one place outside of actors/ that knows CAF.
#pragma once

#include <dagger/actors/engine_impl.hpp>

#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace dagger::test {

/// Time stands still until it is moved.
class virtual_clock : public actors::clock {
public:
  static constexpr auto start = timestamp{std::chrono::seconds{1'800'000'000}};

  timestamp now() const override {
    return now_;
  }

  alarm add(std::function<void()> ring) override {
    alarms_.push_back({std::move(ring), std::nullopt});
    return alarms_.size() - 1;
  }

  void set(alarm which, std::optional<timestamp> when) override {
    if (!stopped_)
      alarms_[which].second = when;
  }

  void stop() override {
    stopped_ = true;
    for (auto& x : alarms_)
      x = {};
  }

  std::optional<timestamp> next() const {
    auto first = std::optional<timestamp>{};
    for (auto& [ring, when] : alarms_)
      if (when && (!first || *when < *first))
        first = when;
    return first;
  }

  /// Moves to `when`, if it is later, and rings what is due.
  void move_to(timestamp when) {
    now_ = std::max(now_, when);
    for (auto& [ring, due] : alarms_)
      if (due && *due <= now_) {
        due.reset();
        ring();
      }
  }

private:
  timestamp now_ = start;
  bool stopped_ = false;
  std::vector<std::pair<std::function<void()>, std::optional<timestamp>>> alarms_;
};

/// An engine whose actors, agents' functions included, run in the test's thread, in virtual time.
class staged_engine {
public:
  /// With a seed, the order in which actors get their turns is drawn from it.
  explicit staged_engine(std::shared_ptr<store::store> over, std::optional<unsigned> seed = {},
                         engine_options options = {}) {
    if (seed)
      random_.emplace(*seed);
    auto time = std::make_unique<virtual_clock>();
    clock_ = time.get();
    options.log = log_level::off;
    auto from = engine::impl::parts{};
    from.store = std::move(over);
    from.clock = std::move(time);
    from.staging = actors::staging::deterministic;
    from.pump = [this] { return pump(); };
    impl_.emplace(std::move(options), std::move(from));
  }

  ~staged_engine() {
    impl_->close();
  }

  engine::impl* operator->() {
    return &*impl_;
  }

  timestamp now() const {
    return clock_->now();
  }

  std::optional<timestamp> next_alarm() const {
    return clock_->next();
  }

  /// One message of one actor; false if all have nothing to do.
  bool step() {
    auto& jobs = scheduler().jobs;
    if (jobs.empty())
      return false;
    if (random_)
      std::swap(jobs.front(), jobs[(*random_)() % jobs.size()]);
    scheduler().run_once();
    return true;
  }

  /// Until nothing is left to do now.
  void run() {
    while (step()) {}
  }

  /// Lets time pass, from alarm to alarm.
  void advance(duration by) {
    run();
    auto until = clock_->now() + by;
    for (auto next = clock_->next(); next && *next <= until; next = clock_->next()) {
      clock_->move_to(*next);
      run();
    }
    clock_->move_to(until);
    run();
  }

  template <class T>
  static bool ready(const future<T>& x) {
    return x.wait_for(duration{0});
  }

  /// Lets things happen, and time pass if it must, until the value is there.
  template <class T>
  T get(const future<T>& x) {
    while (!ready(x) && pump()) {}
    if (!ready(x))
      throw error{code::timeout, "nothing more happens"};
    return x.get();
  }

private:
  bool pump() {
    if (step())
      return true;
    auto next = clock_->next();
    if (next)
      clock_->move_to(*next);
    return next.has_value();
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(impl_->system().native().scheduler());
  }

  virtual_clock* clock_ = nullptr;
  std::optional<std::mt19937> random_;
  std::optional<engine::impl> impl_;
};

} // namespace dagger::test
