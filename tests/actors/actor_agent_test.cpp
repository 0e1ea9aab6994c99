// Agents that are CAF actors: state between visits, answers that come later, death.
#include "agents.hpp"

#include <dagger/actor_agent.hpp>

#include <support/actors.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace dagger {

namespace {

using namespace test;

/// Counts its visits for as long as it lives.
struct counter {
  using handle = agent_interface;
  static constexpr const char* name = "counter";

  explicit counter(agent_self) {}

  handle::behavior_type make_behavior() {
    return {[this](visit& x) -> caf::result<outcome> {
      if (x.input().contains("die"))
        throw std::runtime_error{"the actor dies"};
      if (x.input().contains("add") && x->first_visit()) {
        auto t = x->add_task({.agent = "quick"});
        return x->wait(t);
      }
      return outcome{json{{"count", ++count_}, {"children", x->dependencies().size()}}};
    }};
  }

private:
  int count_ = 0;
};

/// Answers when the next visit comes.
struct slow {
  using handle = agent_interface;
  static constexpr const char* name = "slow";

  slow(agent_self self, std::shared_ptr<std::atomic<int>> instances) : self_(self) {
    ++*instances;
  }

  handle::behavior_type make_behavior() {
    return {[this](visit& x) -> caf::result<outcome> {
      if (x.input().contains("end")) {
        self_->quit(caf::exit_reason::user_shutdown);
        return outcome{json("ended")};
      }
      auto promise = self_->make_response_promise<outcome>();
      waiting_.push_back(promise);
      if (waiting_.size() == 2) {
        for (auto& p : waiting_)
          p.deliver(outcome{json("both")});
        waiting_.clear();
      }
      return promise;
    }};
  }

private:
  agent_self self_;
  std::vector<caf::typed_response_promise<outcome>> waiting_;
};

TEST(actor_agents, keep_state_between_visits) {
  auto engine = dagger::engine{};
  engine.add(quick());
  add_actor_agent<counter>(engine, {.name = "counter"});
  EXPECT_EQ(got(engine.submit(one_task("a", "counter")))["only"]["count"], 1);
  EXPECT_EQ(got(engine.submit(one_task("b", "counter")))["only"]["count"], 2);
  auto third = got(engine.submit(one_task("c", "counter", {{"add", true}})));
  EXPECT_EQ(third["only"], (json{{"count", 3}, {"children", 1}}));
}

TEST(actor_agents, may_answer_later) {
  auto engine = dagger::engine{};
  auto instances = std::make_shared<std::atomic<int>>(0);
  add_actor_agent<slow>(engine, {.name = "slow"}, instances);
  auto job = dagger::job{"job"};
  job.add({.name = "one", .agent = "slow"});
  job.add({.name = "two", .agent = "slow"});
  auto result = got(engine.submit(job));
  EXPECT_EQ(result["one"], "both");
  EXPECT_EQ(result["two"], "both");
}

TEST(actor_agents, that_throw_fail_this_visit_and_the_next_instance_gets_the_others) {
  auto engine = staged_engine{std::shared_ptr<store::store>{store::make_memory()}};
  auto description = agent{.name = "counter"};
  description.retry = {.max_attempts = 1};
  engine->add(description, [](caf::actor_system& home) { return actors::spawn<counter>(home); });
  auto job = dagger::job{"job"};
  job.add({.name = "before", .agent = "counter", .optional = true});
  job.add({.name = "dies", .agent = "counter", .input = {{"die", true}}, .optional = true});
  job.add({.name = "after", .agent = "counter", .optional = true});
  auto result = engine.get(engine->submit(plan::job_spec{job.spec()}));
  EXPECT_EQ(result["before"]["count"], 1);
  EXPECT_EQ(result["after"]["count"], 1);
  auto tasks = result.tasks();
  ASSERT_TRUE(tasks[1].error);
  EXPECT_EQ(tasks[1].state, task_state::failed);
  EXPECT_EQ(tasks[1].error->code, code::exception);
  EXPECT_EQ(tasks[1].error->message, "the actor dies");
  EXPECT_EQ(tasks[2].starts, 2u);
}

TEST(actor_agents, that_end_give_their_tasks_to_the_next_instance) {
  for (auto seed = 0u; seed < 10; ++seed) {
    auto store = std::shared_ptr<store::store>{store::make_memory()};
    auto engine = staged_engine{store, seed};
    auto instances = std::make_shared<std::atomic<int>>(0);
    auto description = agent{.name = "slow"};
    engine->add(description,
                [=](caf::actor_system& home) { return actors::spawn<slow>(home, instances); });
    auto left = engine->submit(plan::job_spec{one_task("left", "slow").spec()});
    engine.run();
    auto ends = engine->submit(plan::job_spec{one_task("ends", "slow", {{"end", 1}}).spec()});
    engine.run();
    EXPECT_EQ(engine.get(ends)["only"], "ended");
    EXPECT_FALSE(staged_engine::ready(left));
    engine.advance(100ms);
    EXPECT_EQ(*instances, 2);
    auto other = engine->submit(plan::job_spec{one_task("other", "slow").spec()});
    auto result = engine.get(left);
    EXPECT_EQ(result["only"], "both") << "seed " << seed;
    EXPECT_EQ(result.tasks()[0].starts, 2u);
    EXPECT_TRUE(engine.get(other).completed());
  }
}

TEST(actor_agents, lose_an_attempt_after_its_time_out_and_grace) {
  auto store = std::shared_ptr<store::store>{store::make_memory()};
  auto engine = staged_engine{store};
  auto instances = std::make_shared<std::atomic<int>>(0);
  auto description = agent{.name = "slow"};
  description.timeout = 10s;
  description.grace = 5s;
  description.concurrency = 1;
  engine->add(description,
              [=](caf::actor_system& home) { return actors::spawn<slow>(home, instances); });
  auto late = engine->submit(plan::job_spec{one_task("late", "slow").spec()});
  auto next = engine->submit(plan::job_spec{one_task("next", "slow").spec()});
  engine.advance(10s);
  EXPECT_EQ(engine.get(late).failure()->code, code::timeout);
  EXPECT_FALSE(staged_engine::ready(next));
  engine.advance(5s);
  EXPECT_EQ(engine.get(next)["only"], "both");
}

TEST(actor_agents, are_given_back_when_the_engine_ends) {
  auto store = std::shared_ptr<store::store>{store::make_memory()};
  auto instances = std::make_shared<std::atomic<int>>(0);
  {
    auto engine = staged_engine{store};
    engine->add(agent{.name = "slow"},
                [=](caf::actor_system& home) { return actors::spawn<slow>(home, instances); });
    engine->submit(plan::job_spec{one_task("job", "slow").spec()});
    engine.run();
  }
  auto view = store->read();
  auto row = plan::find_job(*view, "job");
  ASSERT_TRUE(row && *row);
  auto tasks = plan::tasks_of(*view, (*row)->number);
  EXPECT_EQ((*tasks)[0].state, task_state::ready);
  EXPECT_EQ((*tasks)[0].interruptions, 0u);
  EXPECT_EQ((*tasks)[0].attempt, 0u);
}

TEST(actor_agents, are_asked_about_before_attempts_like_all_others) {
  auto mutex = std::mutex{};
  auto asked = std::vector<std::string>{};
  auto options = engine_options{};
  options.before_attempt = [&](const upcoming_attempt& x) {
    auto guard = std::lock_guard{mutex};
    asked.push_back(x.agent + " " + std::to_string(x.attempt) + " " + x.input.dump());
    return x.input.contains("skip") ? attempt_choice::skip : attempt_choice::run;
  };
  auto engine = dagger::engine{options};
  engine.add(quick());
  add_actor_agent<counter>(engine, {.name = "counter"});
  auto hasty = named("hasty", [](task&, const json&) -> outcome {
    std::this_thread::yield();
    return json(1);
  });
  hasty.timeout = duration{1};
  hasty.heartbeat = duration{1};
  engine.add(std::move(hasty));
  auto job = dagger::job{"asked"};
  auto first = job.add({.name = "first", .agent = "counter", .input = {{"add", 1}}});
  auto second =
    job.add({.name = "second", .agent = "quick", .after = {first}, .input = {{"skip", true}}});
  job.add({.name = "needs", .agent = "quick", .after = {second}});
  job.add({.name = "last", .agent = "hasty", .after = {first}});
  auto end = got(engine.submit(job));
  EXPECT_TRUE(end.completed());
  EXPECT_EQ(end["first"]["children"], 1);
  EXPECT_EQ(end.tasks().at(1).error->message, "skipped by hand");
  EXPECT_EQ(end.tasks().at(2).state, task_state::skipped);
  EXPECT_EQ(end.tasks().at(3).state, task_state::completed) << "it has all the time";
  std::ranges::sort(asked);
  EXPECT_EQ(asked, (std::vector<std::string>{"counter 1 {\"add\":1}", "hasty 1 {}",
                                             "quick 1 {\"skip\":true}", "quick 1 {}"}))
    << "the second visit of `first` is no beginning";
}

} // namespace

} // namespace dagger
