// Retries, time-outs, waits and deadlines in virtual time, with the turns of actors in
// an order drawn from a seed.
#include "agents.hpp"

#include <support/actors.hpp>

#include <gtest/gtest.h>

#include <map>

namespace dagger {

namespace {

using namespace test;

std::shared_ptr<store::store> memory() {
  return store::make_memory();
}

plan::job_spec spec(const job& x) {
  return x.spec();
}

/// Runs a test with several orders of turns.
void in_any_order(const std::function<void(unsigned)>& run) {
  for (auto seed = 0u; seed < 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
  }
}

std::vector<duration> starts_of(retry_policy policy, std::uint32_t failures) {
  auto engine = staged_engine{memory()};
  auto starts = std::vector<duration>{};
  auto begin = engine.now();
  auto flaky = named("flaky", [&](task&, const json&) -> outcome {
    starts.push_back(std::chrono::duration_cast<duration>(engine.now() - begin));
    if (starts.size() <= failures)
      return failure{.message = "not yet"};
    return json(1);
  });
  policy.max_attempts = failures + 1;
  flaky.retry = policy;
  engine->add(std::move(flaky));
  EXPECT_TRUE(engine.get(engine->submit(spec(one_task("job", "flaky")))).completed());
  return starts;
}

TEST(time, a_fixed_backoff_keeps_its_pause) {
  EXPECT_EQ(starts_of({.initial = 5s, .backoff = backoff::fixed}, 3),
            (std::vector<duration>{0s, 5s, 10s, 15s}));
}

TEST(time, a_linear_backoff_grows_by_its_pause) {
  EXPECT_EQ(starts_of({.initial = 5s, .backoff = backoff::linear}, 3),
            (std::vector<duration>{0s, 5s, 15s, 30s}));
}

TEST(time, an_exponential_backoff_doubles_up_to_its_bound) {
  EXPECT_EQ(starts_of({.initial = 1s, .max = 4s}, 4), (std::vector<duration>{0s, 1s, 3s, 7s, 11s}));
}

TEST(time, a_retry_waits_no_longer_than_it_must) {
  in_any_order([](unsigned seed) {
    auto engine = staged_engine{memory(), seed};
    auto tries = 0;
    auto flaky = named("flaky", [&](task&, const json&) -> outcome {
      if (++tries == 1)
        return failure{.message = "busy", .retry_after = 90s};
      return json(1);
    });
    flaky.retry = {.max_attempts = 2, .initial = 1s};
    engine->add(std::move(flaky));
    auto handle = engine->submit(spec(one_task("job", "flaky")));
    engine.advance(89s);
    EXPECT_EQ(tries, 1);
    engine.advance(1s);
    EXPECT_EQ(tries, 2);
    EXPECT_TRUE(engine.get(handle).completed());
  });
}

TEST(time, a_wait_for_a_time_holds_no_thread_and_ends_on_time) {
  in_any_order([](unsigned seed) {
    auto engine = staged_engine{memory(), seed};
    auto visits = std::vector<duration>{};
    auto begin = engine.now();
    engine->add(named("sleeper", [&](task& self, const json&) -> outcome {
      visits.push_back(std::chrono::duration_cast<duration>(engine.now() - begin));
      if (self.first_visit())
        return self.wait(condition::time(duration{24h}));
      return json("rested");
    }));
    auto handle = engine->submit(spec(one_task("job", "sleeper")));
    engine.advance(23h);
    EXPECT_FALSE(staged_engine::ready(handle));
    engine.advance(1h);
    EXPECT_TRUE(staged_engine::ready(handle));
    EXPECT_EQ(visits, (std::vector<duration>{0s, 24h}));
  });
}

TEST(time, a_deadline_fails_the_wait_or_wakes_the_task) {
  in_any_order([](unsigned seed) {
    auto engine = staged_engine{memory(), seed};
    engine->add(named("never", [](task& self, const json&) -> outcome {
      return self.wait(condition::time(duration{24h * 365}));
    }));
    auto woken = false;
    engine->add(named("parent", [&](task& self, const json& in) -> outcome {
      woken = self.deadline_passed();
      if (woken)
        return json("without it");
      auto child = self.add_task({.agent = "never", .optional = true});
      auto options = wait_options{};
      options.deadline = 60s;
      options.on_deadline = in["wake"].get<bool>() ? on_deadline::wake : on_deadline::fail;
      return self.wait(child, options);
    }));
    auto fails = engine->submit(spec(one_task("fails", "parent", {{"wake", false}})));
    auto wakes = engine->submit(spec(one_task("wakes", "parent", {{"wake", true}})));
    engine.advance(61s);
    EXPECT_TRUE(woken);
    auto view = engine->read();
    auto state_of = [&](std::string_view id) {
      auto row = plan::find_job(*view, id);
      return (*plan::tasks_of(*view, (*row)->number))[0].state;
    };
    EXPECT_EQ(state_of("fails"), task_state::failed);
    EXPECT_EQ(state_of("wakes"), task_state::completed);
  });
}

TEST(time, a_total_time_out_ends_a_task_that_waits) {
  auto engine = staged_engine{memory()};
  engine->add(named("never", [](task& self, const json&) -> outcome {
    return self.wait(condition::time(duration{24h}));
  }));
  auto job = dagger::job{"job"};
  job.add({.name = "only", .agent = "never", .total_timeout = 10min});
  auto handle = engine->submit(spec(job));
  engine.advance(9min);
  EXPECT_FALSE(staged_engine::ready(handle));
  engine.advance(1min);
  EXPECT_EQ(engine.get(handle).failure()->code, code::timeout);
}

TEST(time, what_waits_goes_on_in_the_next_engine) {
  auto store = memory();
  auto sleeper = named("sleeper", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(condition::time(duration{1h}), {.state = {{"n", 7}}});
    return self.state();
  });
  {
    auto engine = staged_engine{store};
    engine->add(sleeper);
    engine->submit(spec(one_task("job", "sleeper")));
    engine.run();
  }
  auto engine = staged_engine{store};
  engine->add(sleeper);
  auto handle = engine->resume("job");
  engine.advance(59min);
  EXPECT_FALSE(staged_engine::ready(handle));
  engine.advance(1min);
  EXPECT_EQ(engine.get(handle)["only"]["n"], 7);
}

TEST(time, a_big_job_ends_the_same_whatever_the_order) {
  auto outputs = json{};
  in_any_order([&](unsigned seed) {
    auto engine = staged_engine{memory(), seed};
    engine->add(
      named("leaf", [](task&, const json& in) -> outcome { return json(in["n"].get<int>() * 2); }));
    engine->add(named("tree", [](task& self, const json& in) -> outcome {
      auto n = in["n"].get<int>();
      if (self.first_visit()) {
        auto parts = std::vector<task_ref>{};
        for (auto i = 1; i <= n; ++i)
          parts.push_back(
            self.add_task({.agent = i % 2 ? "leaf" : "tree", .input = {{"n", i % 2 ? i : n / 2}}}));
        return self.wait(condition::all(std::move(parts)));
      }
      auto sum = 0;
      for (auto& x : self.dependencies())
        sum += x.output.get<int>();
      return json(sum);
    }));
    auto result = engine.get(engine->submit(spec(one_task("job", "tree", {{"n", 6}}))));
    ASSERT_TRUE(result.completed());
    if (outputs.is_null())
      outputs = result.outputs();
    EXPECT_EQ(result.outputs(), outputs);
  });
}

TEST(time, nothing_is_due_when_nothing_waits) {
  auto options = engine_options{};
  options.retention = duration{0};
  auto engine = staged_engine{memory(), {}, options};
  engine->add(quick());
  EXPECT_TRUE(engine.get(engine->submit(spec(chain("job", 3)))).completed());
  EXPECT_FALSE(engine.next_alarm());
}

} // namespace

} // namespace dagger
