// What reviews found in the actors, one test each.
#include "agents.hpp"

#include <dagger/actor_agent.hpp>
#include <dagger/actors/clock.hpp>
#include <dagger/actors/notifier.hpp>
#include <dagger/actors/snapshots.hpp>

#include <support/actors.hpp>
#include <support/faulty_store.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <limits>

#include <pthread.h>

namespace dagger {

namespace {

using namespace test;

/// A store whose reads fail as they are told.
class unreadable_store : public store::store {
public:
  /// Returns an error, or throws.
  using judge = std::function<std::optional<error>(dagger::store::table)>;

  explicit unreadable_store(std::shared_ptr<store> inner) : inner_(std::move(inner)) {}

  result<dagger::store::committed>
  commit(std::span<const dagger::store::batch* const> batches) override {
    ++commits;
    return inner_->commit(batches);
  }

  std::unique_ptr<dagger::store::view> read() const override {
    return std::make_unique<view>(*this, inner_->read());
  }

  result<dagger::store::statistics> measure() const override {
    return inner_->measure();
  }

  std::atomic<int> commits{0};
  std::atomic<bool> on{false};
  judge decide; // set before `on`

private:
  class view : public dagger::store::view {
  public:
    view(const unreadable_store& of, std::unique_ptr<dagger::store::view> inner)
      : of_(of),
        inner_(std::move(inner)) {}

    result<std::optional<dagger::store::record>> get(dagger::store::table t,
                                                     std::string_view key) override {
      if (of_.on)
        if (auto why = of_.decide(t))
          return fail(std::move(*why));
      return inner_->get(t, key);
    }

    result<void> scan(dagger::store::table t, std::string_view from, dagger::store::direction d,
                      const visitor& visit) override {
      if (of_.on)
        if (auto why = of_.decide(t))
          return fail(std::move(*why));
      return inner_->scan(t, from, d, visit);
    }

  private:
    const unreadable_store& of_;
    std::unique_ptr<dagger::store::view> inner_;
  };

  std::shared_ptr<store> inner_;
};

TEST(regression, a_planner_that_gives_up_ends_the_engine_before_another_commit) {
  auto inner = std::shared_ptr<store::store>{store::make_memory()};
  auto unreadable = std::make_shared<unreadable_store>(inner);
  auto reads = 0;
  unreadable->decide = [&](store::table t) -> std::optional<error> {
    if (t != store::table::definitions || ++reads != 2)
      return std::nullopt;
    return error{code::limit, "no reader is free"};
  };
  auto engine = staged_engine{unreadable};
  engine->add(quick());
  EXPECT_TRUE(engine.get(engine->submit(chain("before", 1).spec())).completed());
  engine.run();
  auto before = unreadable->commits.load();
  unreadable->on = true;
  auto handles = std::vector<submission>{};
  for (auto id : {"a", "b", "c"})
    handles.push_back(engine->submit(chain(id, 2).spec()));
  while (!engine->broken())
    ASSERT_TRUE(engine.step());
  engine.run();
  EXPECT_EQ(engine->broken()->code, code::limit);
  EXPECT_EQ(unreadable->commits, before);
  EXPECT_EQ(reads, 2);
  for (auto& x : handles) {
    ASSERT_TRUE(staged_engine::ready(x) && staged_engine::ready(x.accepted()));
    EXPECT_EQ(error_of(x).code, code::limit);
  }
}

TEST(regression, views_of_agents_leave_readers_for_the_planner) {
  auto store = std::shared_ptr<store::store>{store::make_memory()};
  auto views = actors::snapshots{store};
  auto held = std::vector<std::unique_ptr<store::view>>{};
  for (auto i = 0u; i < limits::views; ++i)
    held.push_back(views.read());
  auto why = error{};
  try {
    views.read();
  } catch (const error& x) {
    why = x;
  }
  EXPECT_EQ(why.code, code::limit);
  held.pop_back();
  EXPECT_NE(views.read(), nullptr);
}

/// How far away the one timer of this process that counts the time since start is set, in
/// seconds; 0 if it is not set, or due.
long timer_is_set_for() {
  for (auto& fd : std::filesystem::directory_iterator{"/proc/self/fdinfo"}) {
    auto info = std::ifstream{fd.path()};
    auto text = std::string{std::istreambuf_iterator{info}, {}};
    auto value = text.find("it_value: (");
    if (text.find("clockid: " + std::to_string(CLOCK_BOOTTIME) + "\n") != text.npos
        && value != text.npos)
      return std::stol(text.substr(value + 11));
  }
  return -1;
}

TEST(regression, a_clock_sleeps_when_its_alarm_is_thousands_of_years_away) {
  for (auto when : {*parse_rfc3339("2300-01-01T00:00:00Z"), *parse_rfc3339("9999-12-31T23:59:59Z"),
                    timestamp::max()}) {
    auto clock = actors::make_clock({});
    auto rang = std::atomic{false};
    auto far = clock->add([&] { rang = true; });
    clock->set(far, when);
    EXPECT_GT(timer_is_set_for(), 24 * 3'600);
    // One that rings in between does not wake it for the other.
    auto soon = std::promise<void>{};
    clock->set(clock->add([&] { soon.set_value(); }), clock->now());
    EXPECT_EQ(soon.get_future().wait_for(patience), std::future_status::ready);
    clock->set(far, when); // waits until the ringing is over
    EXPECT_GT(timer_is_set_for(), 24 * 3'600);
    EXPECT_FALSE(rang);
  }
}

TEST(regression, a_clock_begins_at_any_last_time_of_the_store) {
  auto last = *parse_rfc3339("2400-01-01T00:00:00Z");
  auto clock = actors::make_clock(last);
  EXPECT_GE(clock->now(), last);
  EXPECT_LT(clock->now(), last + 1h);
  auto rang = std::promise<void>{};
  auto alarm = clock->add([&] { rang.set_value(); });
  clock->set(alarm, clock->now() + 1ms);
  EXPECT_EQ(rang.get_future().wait_for(patience), std::future_status::ready);
}

TEST(regression, slots_lost_to_hung_functions_come_back_once) {
  auto block = std::make_shared<stone>();
  auto now = std::make_shared<std::atomic<int>>(0);
  auto most = std::make_shared<std::atomic<int>>(0);
  auto engine = dagger::engine{{.log = log_level::off}};
  auto hanging = named("hanging", [=](task&, const json& in) -> outcome {
    if (in.contains("hang")) {
      block->wait();
      return json(1);
    }
    auto n = ++*now;
    auto seen = most->load();
    while (n > seen && !most->compare_exchange_weak(seen, n)) {}
    std::this_thread::yield();
    --*now;
    return json(1);
  });
  hanging.timeout = 200ms;
  hanging.grace = 5ms;
  hanging.concurrency = 1;
  engine.add(std::move(hanging));
  engine.add(named("rests", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(condition::time(300ms)); // longer than time-out and grace
    return json(1);
  }));
  auto job = dagger::job{"hang"};
  for (auto i = 0; i < 14; ++i)
    job.add({.agent = "hanging", .input = {{"hang", true}}, .optional = true});
  auto hang = engine.submit(job);
  auto lost = static_cast<int>(limits::abandoned_threads) + 1;
  ASSERT_TRUE(block->holds(lost));
  // By its end the last of them has been given up, and what that makes start has started.
  EXPECT_TRUE(got(engine.submit(one_task("rest", "rests"))).completed());
  auto view = engine.read();
  auto tasks = plan::tasks_of(*view, (*plan::find_job(*view, "hang"))->number).value();
  EXPECT_EQ(std::ranges::count(tasks, 1u, &plan::task_status::starts), lost);
  view.reset();
  block->release();
  got(hang);
  auto more = dagger::job{"more"};
  for (auto i = 0; i < 200; ++i)
    more.add({.agent = "hanging", .timeout = 10min});
  EXPECT_TRUE(got(engine.submit(more)).completed());
  EXPECT_EQ(*most, 1);
}

TEST(regression, an_agent_with_impossible_numbers_is_refused_by_name) {
  auto engine = dagger::engine{};
  auto refused = [&](const std::function<void(agent&)>& spoil) {
    auto x = quick("odd");
    spoil(x);
    try {
      engine.add(std::move(x));
    } catch (const error& why) {
      EXPECT_EQ(why.code, code::invalid_input);
      return why.where;
    }
    return std::string{"taken"};
  };
  EXPECT_EQ(refused([](agent& x) { x.timeout = -1ms; }), "timeout");
  EXPECT_EQ(refused([](agent& x) { x.timeout = duration::max(); }), "timeout");
  EXPECT_EQ(refused([](agent& x) { x.grace = duration::max(); }), "grace");
  EXPECT_EQ(refused([](agent& x) { x.retry.initial = -1ms; }), "retry.initial");
  EXPECT_EQ(refused([](agent& x) { x.retry.max = duration::max(); }), "retry.max");
  EXPECT_EQ(refused([](agent& x) { x.retry.max_attempts = 0; }), "retry.max_attempts");
  EXPECT_EQ(refused([](agent& x) { x.retry.multiplier = NAN; }), "retry.multiplier");
  EXPECT_EQ(refused([](agent& x) { x.retry.multiplier = -2; }), "retry.multiplier");
  EXPECT_EQ(refused([](agent& x) { x.retry.jitter = 1.5; }), "retry.jitter");
  EXPECT_EQ(refused([](agent& x) { x.retry.jitter = NAN; }), "retry.jitter");
  EXPECT_EQ(refused([](agent& x) { x.concurrency = limits::max_slots + 1; }), "concurrency");
  EXPECT_EQ(refused([](agent& x) { x.grace = limits::longest; }), "taken");
}

TEST(regression, an_endless_grace_of_the_engine_is_a_long_one) {
  auto begun = std::make_shared<stone>();
  auto handle = std::optional<submission>{};
  {
    auto engine = dagger::engine{{.grace = duration::max()}};
    engine.add(named("polite", [=](task& self, const json&) -> outcome {
      auto waker = std::stop_callback{self.stop_token(), [&] { begun->release(); }};
      begun->wait();
      // Long enough for a grace that is over already.
      auto never = std::promise<void>{};
      never.get_future().wait_for(50ms);
      return json("done");
    }));
    handle.emplace(engine.submit(one_task("job", "polite")));
    ASSERT_TRUE(begun->holds(1));
  }
  EXPECT_EQ(error_of(*handle).code, "");
}

TEST(regression, stop_callbacks_that_block_do_not_hold_up_the_engine) {
  auto block = std::make_shared<stone>();
  {
    auto engine = dagger::engine{{.threads = 2, .grace = 20ms, .log = log_level::off}};
    engine.add(quick());
    auto job = dagger::job{"job"};
    for (auto name : {"a", "b", "c"}) {
      auto stubborn = named(name, [=](task& self, const json&) -> outcome {
        auto waits = std::stop_callback{self.stop_token(), [=] { block->wait(); }};
        block->wait();
        return json(1);
      });
      stubborn.timeout = 200ms;
      engine.add(std::move(stubborn));
      job.add({.agent = name});
    }
    auto stopped = engine.submit(job);
    ASSERT_TRUE(block->holds(6)); // three functions and their callbacks
    EXPECT_TRUE(got(engine.submit(chain("other", 3))).completed());
  }
  block->release();
}

struct asked_where_it_runs {
  using handle = agent_interface;
  static constexpr const char* name = "where";

  explicit asked_where_it_runs(agent_self) {}

  handle::behavior_type make_behavior() {
    return {
      [](visit&) -> caf::result<outcome> { return outcome{json(actors::engine_owned::thread())}; }};
  }
};

TEST(regression, an_actor_of_a_user_runs_in_a_thread_whose_submits_never_wait) {
  auto engine = dagger::engine{};
  add_actor_agent<asked_where_it_runs>(engine, {.name = "where"});
  EXPECT_EQ(got(engine.submit(one_task("job", "where")))["only"], true);
  EXPECT_FALSE(actors::engine_owned::thread());
}

TEST(regression, a_callback_that_throws_ends_nothing) {
  auto engine = dagger::engine{{.log = log_level::off}};
  engine.add(quick());
  auto told = future<std::string>::promise{};
  auto block = std::make_shared<stone>();
  engine.add(named("waits", [=](task&, const json&) -> outcome {
    block->wait();
    return json(1);
  }));
  auto bad = engine.submit(one_task("bad", "waits"));
  bad.then([](auto) { throw std::runtime_error{"of the user"}; });
  block->release();
  EXPECT_TRUE(got(bad).completed());
  engine.submit(chain("good", 3)).then([told](auto x) { told.set(x->id()); });
  EXPECT_EQ(got(told.future()), "good");
  // The job may have ended before: then it is the caller's own exception.
  EXPECT_THROW(bad.then([](auto) { throw std::runtime_error{"of the user"}; }), std::runtime_error);
}

TEST(regression, when_no_thread_can_be_started_an_attempt_fails_and_may_be_tried_again) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers start threads in their own way";
#endif
  auto block = std::make_shared<stone>();
  auto engine = dagger::engine{{.log = log_level::off}};
  auto hanging = named("hanging", [=](task&, const json& in) -> outcome {
    if (in.contains("hang"))
      block->wait();
    return json(1);
  });
  hanging.timeout = 200ms;
  hanging.grace = 1ms;
  engine.add(std::move(hanging));
  // One thread is left behind: it takes nothing any more.
  EXPECT_FALSE(got(engine.submit(one_task("hangs", "hanging", {{"hang", true}}))).completed());
  ASSERT_TRUE(block->holds(1));
  auto usual = pthread_attr_t{};
  auto huge = pthread_attr_t{};
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 50), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  auto refused = engine.submit(one_task("refused", "hanging"));
  auto came = refused.wait_for(patience);
  pthread_setattr_default_np(&usual);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&huge);
  ASSERT_TRUE(came);
  ASSERT_TRUE(got(refused).failure());
  EXPECT_EQ(got(refused).failure()->code, code::unavailable);
  EXPECT_TRUE(got(engine.submit(one_task("taken", "hanging"))).completed());
  block->release();
}

TEST(regression, an_exception_while_an_actors_visit_is_prepared_fails_the_attempt) {
  auto unreadable =
    std::make_shared<unreadable_store>(std::shared_ptr<store::store>{store::make_memory()});
  unreadable->decide = [](store::table t) -> std::optional<error> {
    if (t == store::table::payloads)
      throw std::runtime_error{"out of luck"};
    return std::nullopt;
  };
  unreadable->on = true;
  auto engine = staged_engine{unreadable};
  auto description = agent{.name = "where"};
  engine->add(description,
              [](caf::actor_system& home) { return actors::spawn<asked_where_it_runs>(home); });
  auto large = json{{"text", std::string(2 * limits::inline_payload_bytes, 'x')}};
  auto result = engine.get(engine->submit(one_task("job", "where", large).spec()));
  ASSERT_TRUE(result.failure());
  EXPECT_EQ(result.failure()->code, code::exception);
  EXPECT_EQ(result.failure()->message, "out of luck");
}

} // namespace

} // namespace dagger
