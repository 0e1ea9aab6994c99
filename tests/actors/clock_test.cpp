// A wall clock that is set forward and backward, and engines that begin before the
// last time of their store.
#include "agents.hpp"

#include <dagger/actors/clock.hpp>
#include <dagger/plan/query.hpp>

#include <support/actors.hpp>
#include <support/faulty_store.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include <sys/eventfd.h>
#include <unistd.h>

namespace dagger {

namespace {

using namespace test;

/// What a test and the clock that it tests share.
class hand {
public:
  hand() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~hand() {
    ::close(fd_);
  }
  hand(const hand&) = delete;

  timestamp now() const {
    auto guard = std::lock_guard{mutex_};
    return now_;
  }

  int news() const {
    return fd_;
  }

  /// Sets the wall clock; returns when that has been heard.
  bool move_to(timestamp x) {
    auto guard = std::unique_lock{mutex_};
    now_ = x;
    auto before = heard_;
    ::eventfd_write(fd_, 1);
    return changed_.wait_for(guard, patience, [&] { return heard_ > before; });
  }

  void heard() {
    auto guard = std::lock_guard{mutex_};
    auto ignored = eventfd_t{};
    ::eventfd_read(fd_, &ignored);
    ++heard_;
    changed_.notify_all();
  }

private:
  int fd_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  timestamp now_{std::chrono::seconds{1'800'000'000}};
  int heard_ = 0;
};

class set_by_hand : public actors::wall_clock {
public:
  explicit set_by_hand(std::shared_ptr<hand> by) : by_(std::move(by)) {}

  timestamp now() const override {
    return by_->now();
  }
  int news() const override {
    return by_->news();
  }
  void heard() override {
    by_->heard();
  }

private:
  std::shared_ptr<hand> by_;
};

struct wall_clocks : testing::Test {
  /// Whether an alarm for `when` rings; it must not be before.
  bool rings(timestamp when) {
    auto rang = std::make_shared<std::promise<timestamp>>();
    auto at = rang->get_future();
    clock->set(clock->add([this, rang] { rang->set_value(clock->now()); }), when);
    return at.wait_for(patience) == std::future_status::ready && at.get() >= when;
  }

  std::shared_ptr<hand> wall = std::make_shared<hand>();
  std::unique_ptr<actors::clock> clock =
    actors::make_clock({}, std::make_unique<set_by_hand>(wall));
};

TEST_F(wall_clocks, are_what_an_engine_begins_with) {
  EXPECT_GE(clock->now(), wall->now());
  EXPECT_LT(clock->now(), wall->now() + 1h);
}

TEST_F(wall_clocks, are_followed_forward_at_once_and_what_is_due_by_then_rings) {
  auto rang = std::promise<timestamp>{};
  auto at = rang.get_future();
  auto due = wall->now() + 24h;
  clock->set(clock->add([&] { rang.set_value(clock->now()); }), due);
  ASSERT_TRUE(wall->move_to(due + 1h));
  ASSERT_EQ(at.wait_for(patience), std::future_status::ready);
  EXPECT_GE(at.get(), due + 1h);
  EXPECT_LT(clock->now(), due + 2h);
  // Alarms that are set afterwards keep the new time.
  EXPECT_TRUE(rings(clock->now() + 5ms));
}

TEST_F(wall_clocks, are_not_followed_backward) {
  auto begin = clock->now();
  ASSERT_TRUE(wall->move_to(begin - 48h));
  // An alarm set now waits until what was heard has been acted on, and comes when it is due by
  // the time that the engine has, not in two days.
  EXPECT_TRUE(rings(clock->now() + 5ms));
  EXPECT_GE(clock->now(), begin);
  EXPECT_LT(clock->now(), begin + 1h);
}

TEST_F(wall_clocks, are_followed_again_when_they_have_overtaken_the_engine) {
  auto begin = clock->now();
  ASSERT_TRUE(wall->move_to(begin - 48h));
  ASSERT_TRUE(wall->move_to(begin - 24h)); // forward, and still behind
  EXPECT_TRUE(rings(clock->now() + 5ms));
  EXPECT_LT(clock->now(), begin + 1h);
  ASSERT_TRUE(wall->move_to(begin + 24h));
  EXPECT_TRUE(rings(clock->now() + 5ms));
  EXPECT_GE(clock->now(), begin + 24h);
  EXPECT_LT(clock->now(), begin + 25h);
}

TEST_F(wall_clocks, do_not_count_when_the_store_is_ahead) {
  auto last = wall->now() + 48h;
  clock = actors::make_clock(last, std::make_unique<set_by_hand>(wall));
  EXPECT_GE(clock->now(), last);
  ASSERT_TRUE(wall->move_to(last - 1h));
  EXPECT_TRUE(rings(clock->now() + 5ms));
  EXPECT_LT(clock->now(), last + 1h);
}

/// All times of the store's events, in their order.
std::vector<timestamp> times_in(store::view& view, const std::vector<std::string>& ids) {
  auto rows = std::vector<plan::job_event>{};
  for (auto& id : ids) {
    auto more = plan::history(view, (*plan::find_job(view, id))->number).value();
    rows.insert(rows.end(), more.begin(), more.end());
  }
  std::ranges::sort(rows, {}, &plan::job_event::position);
  auto times = std::vector<timestamp>{};
  for (auto& x : rows)
    times.push_back(x.time);
  return times;
}

TEST(restarts, before_the_last_committed_time_go_on_from_there) {
  auto store = std::shared_ptr<store::store>{store::make_memory()};
  auto rests = named("rests", [](task& self, const json& in) -> outcome {
    if (self.first_visit())
      return self.wait(condition::time(duration{in["ms"].get<int>()}));
    return json("rested");
  });
  auto last = timestamp{};
  {
    auto engine = staged_engine{store};
    engine->add(rests);
    engine.advance(24h * 365 * 50); // the test's wall clock is far behind that
    engine->submit(one_task("long", "rests", {{"ms", 3'600'000}}).spec());
    EXPECT_TRUE(
      engine.get(engine->submit(one_task("first", "rests", {{"ms", 5}}).spec())).completed());
    last = engine.now();
  }
  auto engine = dagger::engine{{.log = log_level::off}, std::make_unique<faulty_store>(store)};
  engine.add(rests);
  EXPECT_TRUE(got(engine.submit(one_task("second", "rests", {{"ms", 5}}))).completed());
  auto view = engine.read();
  auto second = plan::find_job(*view, "second").value().value();
  EXPECT_GE(second.created, last);
  EXPECT_GE(*second.ended, second.created + 5ms);
  // What is due an hour after the last time is not yet.
  EXPECT_EQ(plan::find_job(*view, "long").value()->state, job_state::running);
  EXPECT_TRUE(std::ranges::is_sorted(times_in(*view, {"long", "first", "second"})));
}

} // namespace

} // namespace dagger
