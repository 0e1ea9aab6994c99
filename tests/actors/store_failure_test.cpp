// A store that fails: what was answered is there, and nothing else was answered.
#include "agents.hpp"

#include <support/actors.hpp>
#include <support/faulty_store.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace dagger {

namespace {

using namespace test;

error broken_disk() {
  return {code::store_corrupt, "the disk is gone"};
}

TEST(store_failure, ends_the_engine_and_fails_all_futures) {
  auto inner = std::shared_ptr<store::store>{store::make_memory()};
  auto faulty = std::make_unique<faulty_store>(inner);
  auto* control = faulty.get();
  auto engine = dagger::engine{{.log = log_level::off}, std::move(faulty)};
  engine.add(quick());
  EXPECT_TRUE(got(engine.submit(chain("good", 3))).completed());
  EXPECT_FALSE(engine.broken());
  control->decide([](auto, auto) { return broken_disk(); });
  auto bad = engine.submit(chain("bad", 3));
  EXPECT_EQ(error_of(bad.accepted()).code, code::store_corrupt);
  EXPECT_EQ(error_of(bad).message, "the disk is gone");
  ASSERT_TRUE(engine.broken());
  EXPECT_EQ(engine.broken()->code, code::store_corrupt);
  EXPECT_EQ(error_of(engine.submit(chain("later", 1))).code, code::store_corrupt);
  auto view = inner->read();
  EXPECT_FALSE(*plan::find_job(*view, "bad"));
}

TEST(store_failure, at_any_commit_answers_nothing_that_is_not_on_disk) {
  for (auto n = std::size_t{1}; n < 12; ++n) {
    auto inner = std::shared_ptr<store::store>{store::make_memory()};
    auto faulty = std::make_shared<faulty_store>(inner);
    faulty->decide([n](std::size_t number, auto) {
      return number >= n ? std::optional{broken_disk()} : std::nullopt;
    });
    auto engine = staged_engine{faulty};
    engine->add(quick());
    auto handles = std::vector<submission>{};
    for (auto i = 0; i < 3; ++i)
      handles.push_back(engine->submit(plan::job_spec{chain("j" + std::to_string(i), 4).spec()}));
    engine.run();
    auto view = inner->read();
    for (auto& x : handles) {
      ASSERT_TRUE(staged_engine::ready(x.accepted())) << "at commit " << n;
      auto row = plan::find_job(*view, x.id());
      ASSERT_TRUE(row);
      auto accepted = error_of(x.accepted()).code.empty();
      EXPECT_TRUE(!accepted || row->has_value()) << x.id() << " at commit " << n;
      auto answered = staged_engine::ready(x) && error_of(x).code.empty();
      EXPECT_TRUE(!answered || (*row)->state == job_state::completed) << x.id() << " at " << n;
    }
  }
}

TEST(store_failure, a_crash_that_keeps_only_the_first_batch_in_flight_is_survived) {
  for (auto crash_at = std::size_t{1}; crash_at < 12; ++crash_at)
    for (auto seed = 0u; seed < 8; ++seed) {
      auto inner = std::shared_ptr<store::store>{store::make_memory()};
      auto faulty = std::make_shared<faulty_store>(inner);
      faulty->decide([&](std::size_t number, auto batches) -> std::optional<error> {
        if (number < crash_at)
          return std::nullopt;
        if (number == crash_at) {
          EXPECT_TRUE(inner->commit(batches.first(1)));
        }
        return broken_disk();
      });
      auto accepted = std::vector<std::string>{};
      {
        auto engine = staged_engine{faulty, seed};
        engine->add(quick());
        auto handles = std::vector<submission>{};
        for (auto i = 0; i < 4; ++i) {
          handles.push_back(
            engine->submit(plan::job_spec{chain("j" + std::to_string(i), 3).spec()}));
          // In between, so that several parcels are on their way.
          for (auto steps = seed; steps > 0; --steps)
            engine.step();
        }
        engine.run();
        for (auto& x : handles)
          if (staged_engine::ready(x.accepted()) && error_of(x.accepted()).code.empty())
            accepted.push_back(x.id());
      }
      auto engine = staged_engine{inner};
      engine->add(quick());
      for (auto& id : accepted)
        EXPECT_TRUE(engine.get(engine->resume(id)).completed())
          << id << " crash at " << crash_at << ", seed " << seed;
    }
}

TEST(store_failure, a_full_store_refuses_submits_and_goes_on_when_there_is_room) {
  auto faulty = std::make_shared<faulty_store>(std::shared_ptr<store::store>{store::make_memory()});
  auto engine = staged_engine{faulty};
  engine->add(quick());
  auto before = engine->submit(plan::job_spec{chain("before", 3).spec()});
  for (auto i = 0; i < 10; ++i)
    engine.step();
  faulty->decide([](auto, auto) { return error{code::store_full, "no space"}; });
  engine.run();
  EXPECT_FALSE(staged_engine::ready(before));
  auto refused = engine->submit(plan::job_spec{chain("refused", 1).spec()});
  EXPECT_EQ(error_of(refused).code, code::store_full);
  auto tried = faulty->commits();
  engine.advance(5s);
  EXPECT_GE(faulty->commits(), tried + 5);
  EXPECT_LE(faulty->commits(), tried + 6);
  EXPECT_FALSE(engine->broken());
  faulty->decide({});
  engine.advance(1s);
  EXPECT_TRUE(engine.get(before).completed());
  auto again = engine->submit(plan::job_spec{chain("refused", 1).spec()});
  EXPECT_TRUE(engine.get(again).completed());
}

TEST(store_failure, an_engine_over_a_full_store_can_be_closed) {
  auto faulty = std::make_unique<faulty_store>(std::shared_ptr<store::store>{store::make_memory()});
  auto* control = faulty.get();
  auto asked = future<bool>::promise{};
  auto handle = std::optional<submission>{};
  {
    auto engine = dagger::engine{{.log = log_level::off}, std::move(faulty)};
    engine.add(quick());
    EXPECT_TRUE(got(engine.submit(chain("good", 1))).completed());
    control->decide([asked](auto, auto) {
      asked.set(true);
      return error{code::store_full, "no space"};
    });
    handle.emplace(engine.submit(chain("stuck", 1)));
    EXPECT_TRUE(got(asked.future()));
  }
  EXPECT_FALSE(error_of(*handle).code.empty());
}

TEST(commits, come_before_a_start_and_before_an_answer) {
  for (auto seed = 0u; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto inner = std::shared_ptr<store::store>{store::make_memory()};
    auto engine = staged_engine{inner, seed};
    auto starts = 0;
    auto checks = quick();
    checks.run = [&](task& self, const json&) -> outcome {
      ++starts;
      auto view = inner->read();
      auto row = plan::find_job(*view, self.job_id());
      auto tasks = plan::tasks_of(*view, row.value().value().number);
      auto i = std::ranges::find(*tasks, self.name(), &plan::task_status::name);
      EXPECT_EQ(i->state, task_state::running);
      EXPECT_EQ(i->attempt, self.attempt());
      return json(1);
    };
    engine->add(std::move(checks));
    auto handles = std::vector<submission>{};
    // Each job twice: the second submit writes nothing and waits for the first one's batch.
    for (auto i = 0; i < 3; ++i)
      for (auto twice = 0; twice < 2; ++twice)
        handles.push_back(engine->submit(plan::job_spec{chain("j" + std::to_string(i), 2).spec()}));
    do {
      auto view = inner->read();
      for (auto& x : handles) {
        auto row = plan::find_job(*view, x.id()).value();
        EXPECT_TRUE(!staged_engine::ready(x.accepted()) || row);
        EXPECT_TRUE(!staged_engine::ready(x) || row->state == job_state::completed);
      }
    } while (engine.step());
    EXPECT_EQ(starts, 6);
    for (auto& x : handles)
      EXPECT_TRUE(staged_engine::ready(x));
  }
}

TEST(commits, are_none_while_nothing_happens) {
  auto faulty = std::make_shared<faulty_store>(std::shared_ptr<store::store>{store::make_memory()});
  auto engine = staged_engine{faulty};
  engine->add(quick());
  engine->add(named("sleeper", [](task& self, const json&) -> outcome {
    return self.wait(condition::time(duration{48h}));
  }));
  engine->submit(plan::job_spec{one_task("sleeps", "sleeper").spec()});
  EXPECT_TRUE(engine.get(engine->submit(plan::job_spec{chain("job", 3).spec()})).completed());
  engine.run();
  auto before = faulty->commits();
  engine.advance(24h);
  EXPECT_EQ(faulty->commits(), before);
}

TEST(commits, carry_all_that_waits) {
  auto faulty = std::make_shared<faulty_store>(std::shared_ptr<store::store>{store::make_memory()});
  auto engine = staged_engine{faulty};
  engine->add(quick());
  auto handles = std::vector<submission>{};
  for (auto i = 0; i < 100; ++i)
    handles.push_back(engine->submit(plan::job_spec{chain("j" + std::to_string(i), 3).spec()}));
  for (auto& x : handles)
    EXPECT_TRUE(engine.get(x).completed());
  EXPECT_LE(faulty->commits(), 20u);
}

} // namespace

} // namespace dagger
