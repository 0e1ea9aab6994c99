// The end of an engine: bounded, uncounted, and gone on with by the next one.
#include "agents.hpp"

#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

namespace dagger {

namespace {

using namespace test;

TEST(shutdown, what_runs_is_given_back_and_the_next_engine_goes_on) {
  auto folder = temporary_folder{};
  auto started = std::make_shared<stone>();
  {
    auto engine = dagger::engine{{.store = folder / "store", .grace = 10ms}};
    engine.add(quick());
    engine.add(named("slow", [=](task&, const json&) -> outcome {
      started->wait();
      return json("too late");
    }));
    auto job = dagger::job{"job"};
    auto first = job.add({.name = "first", .agent = "quick"});
    job.add({.name = "second", .agent = "slow", .after = {first}});
    auto handle = engine.submit(job);
    ASSERT_TRUE(started->holds(1));
    EXPECT_TRUE(got(handle.accepted()));
  }
  auto engine = dagger::engine{{.store = folder / "store"}};
  engine.add(quick());
  auto attempts = std::atomic{0u};
  engine.add(named("slow", [&](task& self, const json&) -> outcome {
    attempts = self.attempt();
    return json("in time");
  }));
  auto result = got(engine.resume("job"));
  ASSERT_TRUE(result.completed());
  EXPECT_EQ(result["second"], "in time");
  EXPECT_EQ(result.tasks()[1].interruptions, 0u);
  EXPECT_EQ(attempts, 1u);
  started->release();
}

TEST(shutdown, a_function_that_ends_within_grace_is_recorded) {
  auto folder = temporary_folder{};
  auto begun = std::make_shared<stone>();
  auto end = future<job_result>::promise{};
  {
    auto engine = dagger::engine{{.store = folder / "store"}};
    engine.add(named("polite", [=](task& self, const json&) -> outcome {
      auto waker = std::stop_callback{self.stop_token(), [&] { begun->release(); }};
      begun->wait();
      return json("done");
    }));
    auto handle = engine.submit(one_task("job", "polite"));
    ASSERT_TRUE(begun->holds(1));
    handle.then([end](result<job_result> x) { end.set(std::move(x)); });
  }
  auto told = got(end.future());
  EXPECT_TRUE(told.completed());
  auto engine = dagger::engine{{.store = folder / "store"}};
  auto result = got(engine.resume("job"));
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result["only"], "done");
}

TEST(shutdown, a_hung_agent_does_not_hang_the_destructor) {
  auto folder = temporary_folder{};
  auto block = std::make_shared<stone>();
  auto told = future<std::string>::promise{};
  auto handle = std::optional<submission>{};
  {
    auto engine = dagger::engine{{.store = folder / "store", .grace = 20ms}};
    auto hung = named("hung", [=](task& self, const json&) -> outcome {
      block->wait();
      try {
        self.dependencies();
      } catch (const error& why) {
        told.set(why.code);
      }
      return json(1);
    });
    hung.concurrency = 3;
    engine.add(std::move(hung));
    auto job = dagger::job{"job"};
    for (auto i = 0; i < 3; ++i)
      job.add({.agent = "hung"});
    handle.emplace(engine.submit(job));
    ASSERT_TRUE(block->holds(3));
  }
  EXPECT_EQ(error_of(*handle).code, code::interrupted);
  // The store is free again, whatever the threads still do.
  auto next = dagger::engine{{.store = folder / "store", .adopt = adopt::named}};
  block->release();
  EXPECT_EQ(got(told.future()), code::attempt_lost);
}

TEST(shutdown, futures_of_unfinished_jobs_say_that_the_engine_has_ended) {
  auto handle = std::optional<submission>{};
  {
    auto engine = dagger::engine{};
    engine.add(named("waiting", [](task& self, const json&) -> outcome {
      return self.wait(condition::time(duration{3'600'000}));
    }));
    handle.emplace(engine.submit(one_task("job", "waiting")));
    EXPECT_TRUE(got(handle->accepted()));
  }
  EXPECT_EQ(error_of(*handle).code, code::interrupted);
}

TEST(shutdown, an_engine_that_did_nothing_ends) {
  for (auto i = 0; i < 20; ++i)
    auto engine = dagger::engine{};
  SUCCEED();
}

TEST(shutdown, what_was_submitted_just_before_is_kept) {
  auto folder = temporary_folder{};
  auto handle = std::optional<submission>{};
  {
    auto engine = dagger::engine{{.store = folder / "store"}};
    engine.add(quick());
    handle.emplace(engine.submit(chain("job", 3)));
  }
  EXPECT_TRUE(got(handle->accepted()));
  auto engine = dagger::engine{{.store = folder / "store"}};
  engine.add(quick());
  EXPECT_TRUE(got(engine.resume("job")).completed());
}

TEST(shutdown, a_busy_engine_can_end_at_any_time) {
  for (auto i = 0; i < 6; ++i) {
    auto folder = temporary_folder{};
    {
      auto engine = dagger::engine{{.store = folder / "store"}};
      engine.add(quick());
      for (auto j = 0; j < 30 * i; ++j)
        engine.submit(chain("job-" + std::to_string(j), 5));
    }
    auto engine = dagger::engine{{.store = folder / "store"}};
    engine.add(quick());
    for (auto j = 0; j < 30 * i; ++j)
      EXPECT_TRUE(got(engine.submit(chain("job-" + std::to_string(j), 5))).completed());
    auto view = engine.read();
    ASSERT_TRUE(plan::list_jobs(*view, [&](auto& x) {
      auto tasks = plan::tasks_of(*view, x.number);
      for (auto& task : *tasks)
        EXPECT_EQ(task.starts, 1u);
      return true;
    }));
  }
}

} // namespace

} // namespace dagger
