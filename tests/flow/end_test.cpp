// Cancelling, and the end of an engine: nobody waits for what does not end, whichever thread
// holds the last of a run.
#include <actors/agents.hpp>

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

namespace dagger {

namespace {

using namespace std::chrono_literals;
using test::error_of;
using test::got;
using test::stone;

TEST(flow_end, a_cancelled_run_asks_what_runs_to_stop_and_starts_nothing_more) {
  auto engine = dagger::engine{};
  auto begun = std::make_shared<stone>();
  auto x = flow{"cancelled"};
  auto polite = x.add("polite", [=](std::stop_token stop) {
    auto waker = std::stop_callback{stop, [&] { begun->release(); }};
    begun->wait();
    return 1;
  });
  auto never = x.add(
    "never", [](int v) { return v; }, polite);
  auto handle = engine.run(x);
  ASSERT_TRUE(begun->holds(1));
  handle.cancel();
  auto run = got(handle);
  EXPECT_EQ(run.state(), job_state::cancelled);
  EXPECT_EQ(run[polite], 1);
  EXPECT_EQ(run.at(never).state, task_state::cancelled);
  EXPECT_EQ(run.failure()->code, code::cancelled);
  handle.cancel(); // has no effect
  handle.pause();
}

TEST(flow_end, a_paused_run_goes_on_where_it_was) {
  auto engine = dagger::engine{};
  auto begun = std::make_shared<stone>();
  auto x = flow{"paused"};
  auto first = x.add("first", [=] {
    begun->wait();
    return 1;
  });
  auto second = x.add(
    "second", [](int v) { return v + 1; }, first);
  auto handle = engine.run(x);
  ASSERT_TRUE(begun->holds(1));
  handle.pause();
  begun->release();
  auto paused = got(handle);
  ASSERT_EQ(paused.state(), job_state::paused);
  EXPECT_EQ(paused[first], 1);
  EXPECT_EQ(paused.at(second).state, task_state::waiting);
  auto run = got(engine.resume(paused));
  EXPECT_EQ(run[second], 2);
  EXPECT_EQ(begun->waiting, 1) << "what has completed does not run again";
}

TEST(flow_end, a_function_that_never_returns_is_left_behind_when_it_is_cancelled) {
  auto engine = dagger::engine{{.grace = 10ms}};
  auto block = std::make_shared<stone>();
  auto x = flow{"hung"};
  auto hung = x.add("hung", [=] { block->wait(); });
  auto handle = engine.run(x);
  ASSERT_TRUE(block->holds(1));
  handle.cancel();
  auto run = got(handle);
  EXPECT_EQ(run.state(), job_state::cancelled);
  EXPECT_EQ(run.at(hung).state, task_state::cancelled);
  EXPECT_EQ(run.at(hung).attempts.at(0).error->code, code::attempt_lost);
  block->release();
}

TEST(flow_end, functions_that_block_do_not_hang_the_destructor) {
  auto block = std::make_shared<stone>();
  auto handle = std::optional<flow_run>{};
  {
    auto engine = dagger::engine{{.grace = 10ms}};
    auto x = flow{"hung"};
    for (auto i = 0; i < 3; ++i)
      x.add({}, [=] { block->wait(); });
    x.max_parallel(3);
    handle = engine.run(x);
    ASSERT_TRUE(block->holds(3));
  }
  EXPECT_EQ(error_of(*handle).code, code::interrupted);
  block->release();
}

TEST(flow_end, what_ends_within_grace_is_told) {
  auto begun = std::make_shared<stone>();
  auto handle = std::optional<flow_run>{};
  auto x = flow{"polite"};
  auto polite = x.add("polite", [=](std::stop_token stop) {
    auto waker = std::stop_callback{stop, [&] { begun->release(); }};
    begun->wait();
    return 5;
  });
  {
    auto engine = dagger::engine{};
    handle = engine.run(x);
    ASSERT_TRUE(begun->holds(1));
  }
  auto run = got(*handle);
  EXPECT_EQ(run.state(), job_state::cancelled);
  EXPECT_EQ(run[polite], 5);
}

TEST(flow_end, a_callback_gets_the_run_and_may_start_the_next) {
  auto runs = std::make_shared<std::atomic<int>>(0);
  auto several = std::make_shared<stone>();
  several->free = true;
  auto x = flow{"next"};
  x.add("node", [=] { several->wait(); });
  auto next = std::function<void()>{}; // the engine's end still calls it
  {
    auto engine = dagger::engine{};
    next = [&, runs] {
      engine.run(x).then([&, runs](const result<flow_result>& done) {
        if (!done || !done->completed())
          return; // the engine ends
        ++*runs;
        next();
      });
    };
    next();
    ASSERT_TRUE(several->holds(20));
  } // in the middle of it
  EXPECT_GE(*runs, 19);
}

TEST(flow_end, the_last_of_a_run_may_go_in_any_thread_of_the_engine) {
  struct noted {
    std::shared_ptr<stone> gone;
    ~noted() {
      if (gone)
        gone->wait();
    }
    noted(std::shared_ptr<stone> x) : gone(std::move(x)) {}
    noted(noted&& x) = default;
  };
  auto gone = std::make_shared<stone>();
  gone->free = true;
  {
    auto engine = dagger::engine{};
    auto x = flow{"held"};
    x.add("node", [=] { return noted{gone}; });
    engine.run(x);                                         // by the thread that ends it
    engine.run(x).then([](const result<flow_result>&) {}); // by that of callbacks
    ASSERT_TRUE(gone->holds(2));
  }
}

TEST(flow_end, an_engine_that_ends_refuses_runs) {
  auto x = flow{"late"};
  x.add("node", [] {});
  auto code_of_next = std::string{};
  auto block = std::make_shared<stone>();
  {
    auto engine = dagger::engine{};
    auto y = flow{"until"};
    y.add("node", [&, block](std::stop_token stop) {
      auto waker = std::stop_callback{stop, [&] { block->release(); }};
      block->wait();
      code_of_next = error_of(engine.run(x)).code;
    });
    engine.run(y);
    ASSERT_TRUE(block->holds(1));
  }
  EXPECT_EQ(code_of_next, code::cancelled);
}

TEST(flow_end, a_body_may_wait_for_another_run) {
  auto engine = dagger::engine{{.threads = 1}};
  auto inner = flow{"inner"};
  auto answer = inner.add("answer", [] { return 42; });
  auto x = flow{"outer"};
  auto asks = x.add("asks", [&] { return got(engine.run(inner))[answer]; });
  EXPECT_EQ(got(engine.run(x))[asks], 42);
}

TEST(flow_end, independent_functions_that_wait_for_each_other_run_at_once) {
  auto engine = dagger::engine{{.threads = 2}};
  auto meeting = std::make_shared<stone>();
  auto x = flow{"meeting"};
  auto first = x.add("first", [] {});
  for (auto i = 0; i < 2; ++i)
    x.add({}, [=] { meeting->wait(); }).after(first);
  auto handle = engine.run(x);
  EXPECT_TRUE(meeting->holds(2)) << "one waits on the list of the other";
  meeting->release();
  EXPECT_TRUE(got(handle).completed());
}

} // namespace

} // namespace dagger
