// What users ask of jobs: pause, cancel, retry, purge; and what an engine tells by itself.
#include "agents.hpp"

#include <dagger/actor_agent.hpp>

#include <support/actors.hpp>
#include <support/faulty_store.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace dagger {

namespace {

using namespace test;

std::shared_ptr<store::store> memory() {
  return store::make_memory();
}

agent sleeper() {
  return named("sleeper", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(condition::time(duration{1h}));
    return json(1);
  });
}

job_state state_of(staged_engine& engine, std::string_view id) {
  return plan::find_job(*engine->read(), id).value().value().state;
}

TEST(requests, a_paused_job_answers_and_goes_on_when_it_is_resumed) {
  auto engine = staged_engine{memory()};
  engine->add(sleeper());
  engine->add(quick());
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "first", .agent = "sleeper"});
  job.add({.name = "second", .agent = "quick", .after = {first}});
  auto end = engine->submit(job.spec());
  engine.run();
  engine.get(engine->pause("job"));
  auto paused = engine.get(end);
  EXPECT_EQ(paused.state(), job_state::paused);
  EXPECT_FALSE(paused.failure());
  engine.advance(2h);
  EXPECT_EQ(state_of(engine, "job"), job_state::paused);
  EXPECT_TRUE(engine.get(engine->resume("job")).completed());
}

TEST(requests, a_cancelled_job_ends_and_its_running_functions_hear_of_it) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto begun = future<bool>::promise{};
  engine.add(named("polite", [=](task& self, const json&) -> outcome {
    auto mutex = std::mutex{};
    auto guard = std::unique_lock{mutex};
    auto changed = std::condition_variable_any{};
    begun.set(true);
    changed.wait(guard, self.stop_token(), [] { return false; });
    return json{{"stopped", self.stop_token().stop_requested()}};
  }));
  engine.add(quick());
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "first", .agent = "polite"});
  job.add({.name = "second", .agent = "quick", .after = {first}});
  auto end = engine.submit(job);
  got(begun.future());
  got(engine.cancel("job"));
  auto result = got(end);
  EXPECT_EQ(result.state(), job_state::cancelled);
  EXPECT_EQ(result["first"]["stopped"], true);
  EXPECT_EQ(result.tasks()[1].state, task_state::cancelled);
  EXPECT_EQ(error_of(engine.cancel("job")).code, code::conflict);
}

TEST(requests, a_second_cancel_does_not_wait_for_what_runs) {
  auto engine = dagger::engine{{.grace = 10ms, .log = log_level::off}};
  auto block = std::make_shared<stone>();
  engine.add(named("deaf", [=](task&, const json&) -> outcome {
    block->wait();
    return json(1);
  }));
  auto end = engine.submit(one_task("job", "deaf"));
  ASSERT_TRUE(block->holds(1));
  got(engine.cancel("job"));
  EXPECT_FALSE(end.wait_for(10ms));
  got(engine.cancel("job"));
  EXPECT_EQ(got(end).tasks()[0].state, task_state::cancelled);
  block->release();
}

/// Keeps its visits and looks whether they are told to stop.
struct keeper_of_visits {
  using handle = agent_interface;
  static constexpr const char* name = "keeper_of_visits";

  keeper_of_visits(agent_self self, std::shared_ptr<std::vector<visit>> kept)
    : self_(self),
      kept_(std::move(kept)) {}

  handle::behavior_type make_behavior() {
    return {[this](visit& x) -> caf::result<outcome> {
      kept_->push_back(x);
      if (x.input().contains("answer"))
        return outcome{json(1)};
      promises_.push_back(self_->make_response_promise<outcome>());
      return promises_.back();
    }};
  }

private:
  agent_self self_;
  std::shared_ptr<std::vector<visit>> kept_;
  std::vector<caf::typed_response_promise<outcome>> promises_;
};

TEST(requests, an_actor_hears_of_a_cancelled_attempt_by_its_stop_token) {
  auto kept = std::make_shared<std::vector<visit>>();
  auto engine = staged_engine{memory()};
  engine->add(agent{.name = "actor"},
              [=](caf::actor_system& home) { return actors::spawn<keeper_of_visits>(home, kept); });
  auto end = engine->submit(one_task("job", "actor").spec());
  engine.run();
  ASSERT_EQ(kept->size(), 1u);
  auto told = kept->front()->stop_token();
  engine->cancel("job");
  engine.run();
  EXPECT_TRUE(told.stop_requested());
  engine.advance(limits::grace);
  EXPECT_EQ(engine.get(end).state(), job_state::cancelled);
  EXPECT_THROW(kept->front()->heartbeat(), error);
}

TEST(requests, a_visit_is_void_when_the_actor_has_answered) {
  auto kept = std::make_shared<std::vector<visit>>();
  auto engine = staged_engine{memory()};
  engine->add(agent{.name = "actor"},
              [=](caf::actor_system& home) { return actors::spawn<keeper_of_visits>(home, kept); });
  auto job = one_task("job", "actor", {{"answer", true}});
  EXPECT_TRUE(engine.get(engine->submit(job.spec())).completed());
  auto codes = std::vector<std::string>{};
  for (auto& call : std::vector<std::function<void(task&)>>{
         [](task& x) { x.heartbeat(); }, [](task& x) { x.emit(1); },
         [](task& x) { x.add_task({.agent = "actor"}); }, [](task& x) { x.answer(); }})
    try {
      call(kept->front().self());
    } catch (const error& why) {
      codes.push_back(why.code);
    }
  EXPECT_EQ(codes, std::vector<std::string>(4, "attempt_lost"));
}

TEST(requests, a_failed_job_is_retried_and_completes) {
  auto engine = staged_engine{memory()};
  auto good = false;
  engine->add(named("moody", [&](task&, const json&) -> outcome {
    if (good)
      return json("well");
    return failure{.code = "mood.bad"};
  }));
  engine->add(quick());
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "first", .agent = "quick"});
  job.add({.name = "second", .agent = "moody", .after = {first}});
  EXPECT_EQ(engine.get(engine->submit(job.spec())).failure()->code, "mood.bad");
  good = true;
  engine.get(engine->retry("job", {}, nullptr));
  auto result = engine.get(engine->resume("job"));
  EXPECT_EQ(result["second"], "well");
  EXPECT_EQ(result.tasks()[0].starts, 1u);
  engine.get(engine->retry("job", "first", nullptr));
  EXPECT_EQ(engine.get(engine->resume("job")).tasks()[0].starts, 2u);
}

TEST(requests, a_retry_with_a_new_definition_is_checked_as_a_submit_is) {
  auto engine = staged_engine{memory()};
  engine->add(named("bad", [](task&, const json&) -> outcome { return failure{}; }));
  auto strict = quick("strict");
  strict.input = {{"required", {"x"}}};
  engine->add(strict);
  EXPECT_FALSE(engine.get(engine->submit(one_task("job", "bad").spec())).completed());
  auto with = [](const dagger::job& x) { return std::make_shared<plan::job_spec>(x.spec()); };
  auto codes = std::vector<std::string>{};
  for (auto& x : {engine->retry("job", {}, with(one_task("other", "strict", {{"x", 1}}))),
                  engine->retry("job", {}, with(one_task("job", "nobody"))),
                  engine->retry("job", {}, with(one_task("job", "strict"))),
                  engine->retry("job", "only", with(one_task("job", "strict", {{"x", 1}}))),
                  engine->retry("nobody", {}, nullptr)}) {
    engine.run();
    codes.push_back(error_of(x).code);
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"invalid_input", "not_found", "invalid_input",
                                             "misuse", "not_found"}));
  engine.get(engine->retry("job", {}, with(one_task("job", "strict", {{"x", 1}}))));
  EXPECT_TRUE(engine.get(engine->resume("job")).completed());
}

TEST(requests, what_a_retry_has_replaced_is_no_part_of_the_result) {
  auto engine = staged_engine{memory()};
  engine->add(named("bad", [](task&, const json&) -> outcome {
    return failure{.code = "own.bad", .message = "of the first definition"};
  }));
  engine->add(named("worse", [](task&, const json&) -> outcome {
    return failure{.code = "own.worse", .message = "of the second definition"};
  }));
  engine->add(quick());
  auto with = [](const char* agent) {
    return std::make_shared<plan::job_spec>(one_task("job", agent).spec());
  };
  EXPECT_EQ(engine.get(engine->submit(plan::job_spec{*with("bad")})).failure()->code, "own.bad");
  engine.get(engine->retry("job", {}, with("worse")));
  EXPECT_EQ(engine.get(engine->resume("job")).failure()->code, "own.worse");
  engine.get(engine->retry("job", {}, with("quick")));
  auto result = engine.get(engine->resume("job"));
  ASSERT_TRUE(result.completed());
  EXPECT_EQ(result["only"], (json{{"ok", true}}));
  EXPECT_EQ(result.outputs(), (json{{"only", {{"ok", true}}}}));
  auto first = result.mermaid().find("only");
  ASSERT_NE(first, std::string::npos) << result.mermaid();
  EXPECT_EQ(result.mermaid().find("bad"), std::string::npos) << result.mermaid();
  EXPECT_EQ(result.dot().find("worse"), std::string::npos) << result.dot();
  auto job = plan::find_job(*engine->read(), "job").value().value();
  EXPECT_EQ(job.tasks, 1u);
  EXPECT_EQ(job.task_numbers, 3u);
  EXPECT_EQ(job.counts[static_cast<std::size_t>(task_state::completed)], 1u);
  EXPECT_EQ(job.counts[static_cast<std::size_t>(task_state::failed)], 0u);
}

TEST(requests, a_purged_job_is_gone_with_all_its_rows) {
  auto store = memory();
  auto engine = staged_engine{store};
  engine->add(quick());
  EXPECT_TRUE(engine.get(engine->submit(chain("job", 3).spec())).completed());
  engine.get(engine->purge("job"));
  engine.run();
  EXPECT_FALSE(plan::find_job(*store->read(), "job").value());
  auto rows = store->measure().value().rows;
  for (auto t : {store::table::jobs, store::table::tasks, store::table::doomed})
    EXPECT_EQ(rows[static_cast<std::size_t>(t)], 0u) << store::name_of(t);
  auto again = engine->purge("job");
  engine.run();
  EXPECT_EQ(error_of(again).code, code::not_found);
}

TEST(requests, unfinished_jobs_are_neither_retried_nor_purged) {
  auto engine = staged_engine{memory()};
  engine->add(sleeper());
  engine->submit(one_task("job", "sleeper").spec());
  engine.run();
  auto retried = engine->retry("job", {}, nullptr);
  auto purged = engine->purge("job");
  engine.run();
  EXPECT_EQ(error_of(retried).code, code::conflict);
  EXPECT_EQ(error_of(purged).code, code::conflict);
}

TEST(requests, wait_while_the_store_is_full_and_are_done_when_there_is_room) {
  auto faulty = std::make_shared<faulty_store>(memory());
  auto engine = staged_engine{faulty};
  engine->add(sleeper());
  engine->submit(one_task("job", "sleeper").spec());
  engine.run();
  faulty->decide([](auto, auto) { return error{code::store_full, "no space"}; });
  auto paused = engine->pause("job");
  engine.run();
  auto cancelled = engine->cancel("job");
  engine.advance(5s);
  EXPECT_FALSE(staged_engine::ready(paused));
  EXPECT_FALSE(staged_engine::ready(cancelled));
  faulty->decide({});
  engine.advance(1s);
  engine.get(paused);
  engine.get(cancelled);
  EXPECT_EQ(state_of(engine, "job"), job_state::cancelled);
}

TEST(requests, finished_jobs_are_purged_when_their_time_has_come) {
  auto options = engine_options{};
  options.retention = 24h;
  auto engine = staged_engine{memory(), {}, options};
  engine->add(quick());
  EXPECT_TRUE(engine.get(engine->submit(chain("job", 2).spec())).completed());
  engine.advance(23h);
  EXPECT_TRUE(plan::find_job(*engine->read(), "job").value());
  engine.advance(1h);
  EXPECT_FALSE(plan::find_job(*engine->read(), "job").value());
}

TEST(requests, a_stalled_job_is_told_to_who_wants_to_know) {
  auto told = future<std::pair<std::string, json>>::promise{};
  auto options = engine_options{.log = log_level::off};
  options.on_stall = [=](const std::string& id, const json& situation) {
    told.set(std::pair{id, situation});
  };
  auto engine = dagger::engine{options};
  engine.add(named("hopeful", [](task& self, const json&) -> outcome {
    return self.wait(condition::of_expected({"figures"}));
  }));
  auto job = one_task("job", "hopeful");
  job.on_stall(stall_action::callback);
  auto end = engine.submit(job);
  auto [id, situation] = got(told.future());
  EXPECT_EQ(id, "job");
  EXPECT_EQ(situation, (json::parse(R"([{"task": "only", "expects": ["figures"]}])")));
  EXPECT_FALSE(end.wait_for(duration{0}));
}

TEST(requests, who_follows_events_is_called_when_there_are_new_ones) {
  auto engine = dagger::engine{{.log = log_level::off}};
  engine.add(quick());
  auto calls = std::make_shared<std::atomic<int>>(0);
  engine.on_events([=] { ++*calls; });
  EXPECT_TRUE(got(engine.submit(chain("one", 3))).completed());
  EXPECT_GT(*calls, 0);
  engine.on_events(nullptr);
  auto before = calls->load();
  EXPECT_TRUE(got(engine.submit(chain("two", 3))).completed());
  EXPECT_EQ(*calls, before);
}

TEST(requests, limits_of_a_job_are_kept) {
  auto engine = staged_engine{memory()};
  engine->add(sleeper());
  auto job = dagger::job{"job"};
  job.add({.agent = "sleeper"});
  job.limits({.deadline = duration{10min}});
  auto end = engine->submit(job.spec());
  engine.advance(10min);
  auto result = engine.get(end);
  EXPECT_EQ(result.state(), job_state::failed);
  EXPECT_EQ(result.failure()->code, code::timeout);
}

} // namespace

} // namespace dagger
