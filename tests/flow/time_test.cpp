// Pauses, time-outs and graces, in virtual time; and those that need threads.
#include <actors/agents.hpp>
#include <support/actors.hpp>

#include <dagger/actors/flow_desk.hpp>
#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace dagger {

namespace {

using namespace std::chrono_literals;
using test::got;
using test::staged_engine;
using test::stone;

TEST(flow_time, pauses_grow_as_the_policy_says) {
  auto engine = staged_engine{store::make_memory()};
  auto times = std::vector<timestamp>{};
  auto x = flow{"pauses"};
  auto node = x.add("node", [&] {
    times.push_back(engine.now());
    if (times.size() < 4)
      throw error{"test.again", "again"};
  });
  auto policy = retry_policy{};
  policy.max_attempts = 4;
  policy.initial = 2s;
  policy.multiplier = 3;
  policy.max = 10s;
  node.retry(policy);
  auto run = engine.get(engine->run(x, {}));
  ASSERT_TRUE(run.completed());
  ASSERT_EQ(times.size(), 4u);
  EXPECT_EQ(times[1] - times[0], 2s);
  EXPECT_EQ(times[2] - times[1], 6s);
  EXPECT_EQ(times[3] - times[2], 10s);
  EXPECT_EQ(run.at(node).took, 18s);
}

TEST(flow_time, codes_decide_whether_there_is_another_attempt) {
  auto engine = staged_engine{store::make_memory()};
  auto x = flow{"codes"};
  x.on_failure(on_failure::carry_on);
  auto policy = retry_policy{};
  policy.max_attempts = 5;
  policy.retry_on = {"test.soft"};
  x.retry(policy);
  auto soft = x.add("soft", [] { throw error{"test.soft", ""}; });
  auto hard = x.add("hard", [] { throw error{"test.hard", ""}; });
  auto final = x.add("final", [] { throw failure{.code = "test.soft", .retryable = false}; });
  auto run = engine.get(engine->run(x, {}));
  EXPECT_EQ(run.at(soft).attempts.size(), 5u);
  EXPECT_EQ(run.at(hard).attempts.size(), 1u);
  EXPECT_EQ(run.at(final).attempts.size(), 1u);
}

TEST(flow_time, a_stop_ends_the_pauses_of_others) {
  auto engine = staged_engine{store::make_memory()};
  auto x = flow{"stopped"};
  auto slow = x.add("slow", [] { throw error{"test.slow", "slow"}; });
  auto policy = retry_policy{};
  policy.max_attempts = 2;
  policy.initial = 1h;
  slow.retry(policy);
  auto quick = x.add("quick", [] { throw error{"test.quick", "quick"}; });
  auto late = x.add("late", [] {}).after(quick);
  auto always = x.add("always", [] {}).after(slow, quick).run_if(run_if::all_done);
  auto handle = engine->run(x, {});
  engine.run();
  ASSERT_TRUE(engine.ready(handle)) << "no time has passed";
  auto run = handle.get();
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.at(slow).state, task_state::failed);
  EXPECT_EQ(run.at(late).skipped_because, "stopped");
  EXPECT_EQ(run.at(always).state, task_state::completed);
}

TEST(flow_time, a_pause_ends_with_the_run_that_is_cancelled_or_paused) {
  for (auto how : {job_state::cancelled, job_state::paused}) {
    auto engine = staged_engine{store::make_memory()};
    auto x = flow{"waiting"};
    auto calls = 0;
    auto node = x.add("node", [&] {
      if (++calls == 1)
        throw error{"test.first", "first"};
    });
    node.retry(2);
    auto handle = engine->run(x, {});
    engine.run();
    ASSERT_FALSE(engine.ready(handle));
    if (how == job_state::cancelled)
      handle.cancel();
    else
      handle.pause();
    engine.run();
    ASSERT_TRUE(engine.ready(handle));
    auto run = handle.get();
    EXPECT_EQ(run.state(), how);
    EXPECT_EQ(calls, 1);
  }
}

TEST(flow_time, the_time_of_a_whole_run_is_bounded) {
  auto engine = staged_engine{store::make_memory()};
  auto x = flow{"long"};
  x.timeout(30s);
  auto node = x.add("node", [] { throw error{"test.again", "again"}; });
  auto policy = retry_policy{};
  policy.max_attempts = 100;
  policy.backoff = backoff::fixed;
  node.retry(policy);
  auto run = engine.get(engine->run(x, {}));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.failure()->code, code::timeout);
  EXPECT_EQ(run.at(node).state, task_state::cancelled);
}

TEST(flow_time, an_attempt_whose_time_is_over_is_stopped_and_fails_whatever_it_returns) {
  auto engine = dagger::engine{};
  auto begun = std::make_shared<stone>();
  auto x = flow{"polite"};
  auto polite = x.add("polite", [=](std::stop_token stop) {
    auto waker = std::stop_callback{stop, [&] { begun->release(); }};
    begun->wait();
    return std::string(100, 'x');
  });
  polite.timeout(1ms);
  auto run = got(engine.run(x));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.at(polite).attempts.at(0).error->code, code::timeout);
}

TEST(flow_time, a_function_that_does_not_stop_is_left_behind_and_tried_again) {
  auto engine = dagger::engine{{.grace = 1ms}};
  auto block = std::make_shared<stone>();
  auto calls = std::make_shared<std::atomic<int>>(0);
  auto x = flow{"stubborn"};
  auto node = x.add("node", [=] {
    if (++*calls == 1)
      block->wait();
    return 2;
  });
  auto policy = retry_policy{};
  policy.max_attempts = 1'000; // however slow the machine is
  policy.initial = duration{0};
  node.retry(policy).timeout(200ms);
  auto other = x.add(
    "other", [](int v) { return v * 10; }, node);
  auto run = got(engine.run(x));
  ASSERT_TRUE(run.completed()) << run.report_text();
  EXPECT_EQ(run[other], 20);
  EXPECT_EQ(run.at(node).attempts.at(0).error->code, code::timeout);
  block->release();
}

TEST(flow_time, a_run_that_leaves_too_many_behind_ends) {
  auto engine = dagger::engine{{.grace = 1ms}};
  auto block = std::make_shared<stone>();
  auto x = flow{"stubborn"};
  auto policy = retry_policy{};
  policy.max_attempts = 1'000;
  policy.initial = duration{0};
  x.add("node", [=] { block->wait(); }).retry(policy).timeout(1ms);
  auto run = got(engine.run(x));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.failure()->code, code::limit);
  block->release();
}

} // namespace

} // namespace dagger
