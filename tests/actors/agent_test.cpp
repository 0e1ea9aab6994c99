// Agents that misbehave: the attempt fails with a reason, the engine lives.
#include "agents.hpp"

#include <dagger/codec/utf8.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

namespace dagger {

namespace {

using namespace test;

/// Runs one task of an agent and gives its failure.
error failure_of(agent x, json input = json::object()) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto name = x.name;
  engine.add(std::move(x));
  engine.add(quick());
  auto result = got(engine.submit(one_task("job", name, std::move(input))));
  EXPECT_EQ(result.state(), job_state::failed);
  EXPECT_TRUE(got(engine.submit(one_task("after", "quick"))).completed());
  return result.failure().value_or(error{});
}

TEST(agents, a_standard_exception_is_a_failed_attempt_with_its_text) {
  auto why = failure_of(
    named("bad", [](task&, const json&) -> outcome { throw std::runtime_error{"out of coffee"}; }));
  EXPECT_EQ(why.code, code::exception);
  EXPECT_EQ(why.message, "out of coffee");
}

TEST(agents, an_exception_that_is_none_is_a_failed_attempt) {
  auto why = failure_of(named("bad", [](task&, const json&) -> outcome { throw 42; }));
  EXPECT_EQ(why.code, code::exception);
  EXPECT_FALSE(why.message.empty());
}

TEST(agents, a_thrown_error_keeps_its_code) {
  auto why = failure_of(named("bad", [](task&, const json&) -> outcome {
    throw error{"payment.declined", "no money"};
  }));
  EXPECT_EQ(why.code, "payment.declined");
}

TEST(agents, a_cooperative_agent_may_throw_as_well) {
  auto bad =
    named("bad", [](task&, const json& in) -> outcome { return json(in.at("no such member")); });
  bad.cooperative = true;
  EXPECT_EQ(failure_of(bad).code, code::exception);
}

TEST(agents, an_endless_text_of_an_exception_is_cut) {
  auto why = failure_of(named("bad", [](task&, const json&) -> outcome {
    throw std::runtime_error{std::string(1 << 20, '\xff')};
  }));
  EXPECT_FALSE(why.message.empty());
  EXPECT_LE(why.message.size(), 3 * limits::error_bytes);
  EXPECT_EQ(invalid_utf8(why.message), std::string_view::npos);
}

TEST(agents, an_enormous_output_is_too_large) {
  auto why = failure_of(named("bad", [](task&, const json&) -> outcome {
    return json(std::string(limits::payload_bytes + 1, 'x'));
  }));
  EXPECT_EQ(why.code, code::too_large);
}

TEST(agents, an_output_that_is_nested_too_deep_is_invalid) {
  auto why = failure_of(named("bad", [](task&, const json&) -> outcome {
    auto deep = json::array();
    for (auto i = 0; i < 100'000; ++i)
      deep = json::array({std::move(deep)});
    return deep;
  }));
  EXPECT_EQ(why.code, code::invalid_output);
}

TEST(agents, an_output_that_is_not_utf8_is_shown_with_replacements) {
  auto engine = dagger::engine{};
  engine.add(named("bytes", [](task&, const json&) -> outcome { return json{{"name", "a\xff"}}; }));
  auto result = got(engine.submit(one_task("job", "bytes")));
  ASSERT_TRUE(result.completed());
  EXPECT_EQ(result["only"]["name"], "a\xef\xbf\xbd");
}

TEST(agents, an_output_against_the_schema_comes_back_as_feedback) {
  auto engine = dagger::engine{};
  auto seen = json{};
  auto stubborn = named("stubborn", [&](task& self, const json&) -> outcome {
    seen = self.feedback();
    if (seen.is_null())
      return json{{"answer", "many"}};
    return json{{"answer", 42}};
  });
  stubborn.output = R"({"properties": {"answer": {"type": "integer"}}})"_json;
  stubborn.retry = {.max_attempts = 2, .initial = duration{0}};
  engine.add(std::move(stubborn));
  auto result = got(engine.submit(one_task("job", "stubborn")));
  EXPECT_TRUE(result.completed());
  ASSERT_TRUE(seen.contains("violations"));
  EXPECT_EQ(seen["violations"][0]["pointer"], "/answer");
  EXPECT_EQ(result.tasks()[0].starts, 2u);
}

TEST(agents, an_invalid_output_fails_when_attempts_are_used_up) {
  auto bad = named("bad", [](task&, const json&) -> outcome { return json(1); });
  bad.output = {{"type", "string"}};
  EXPECT_EQ(failure_of(bad).code, code::invalid_output);
}

TEST(agents, an_added_task_with_a_bad_input_is_refused_in_the_visit) {
  auto strict = quick("strict");
  strict.input = {{"type", "object"}, {"required", {"x"}}};
  auto engine = dagger::engine{{.log = log_level::off}};
  engine.add(strict);
  auto codes = std::vector<std::string>{};
  engine.add(named("parent", [&](task& self, const json&) -> outcome {
    auto attempt = [&](task_options x) {
      try {
        self.add_task(std::move(x));
      } catch (const error& why) {
        codes.push_back(why.code);
      }
    };
    attempt({.agent = "strict"});
    attempt({.agent = "nobody"});
    attempt({.name = "no name", .agent = "strict", .input = {{"x", 1}}});
    attempt({.name = "a", .agent = "strict", .input = {{"x", 1}}});
    attempt({.name = "a", .agent = "strict", .input = {{"x", 1}}});
    return json(1);
  }));
  EXPECT_TRUE(got(engine.submit(one_task("job", "parent"))).completed());
  EXPECT_EQ(codes,
            (std::vector<std::string>{"invalid_input", "not_found", "invalid_input", "conflict"}));
}

TEST(agents, a_dependency_that_closes_a_cycle_is_refused_and_named_in_the_visit) {
  auto engine = dagger::engine{{.log = log_level::off}};
  engine.add(quick());
  auto why = error{};
  engine.add(named("parent", [&](task& self, const json&) -> outcome {
    auto a = self.add_task({.name = "a", .agent = "quick"});
    auto b = self.add_task({.name = "b", .agent = "quick", .after = {a}});
    try {
      self.add_dependency(a, b);
    } catch (const error& x) {
      why = x;
    }
    self.add_dependency("later", b);
    return json(1);
  }));
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "first", .agent = "parent"});
  job.add({.name = "later", .agent = "quick", .after = {first}});
  auto result = got(engine.submit(job));
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(why.code, code::wait_cycle);
  EXPECT_NE(why.message.find("a"), std::string::npos);
  auto tasks = result.tasks();
  EXPECT_EQ(tasks[1].after, (std::vector<std::uint32_t>{0, 3}));
}

TEST(agents, a_thread_that_ignores_its_time_out_is_left_behind) {
  auto block = std::make_shared<stone>();
  auto told = future<std::string>::promise{};
  auto engine = dagger::engine{{.log = log_level::off}};
  auto calls = std::make_shared<std::atomic<int>>(0);
  auto hanging = named("hanging", [=](task& self, const json&) -> outcome {
    if (++*calls > 1)
      return json{{"call", 2}};
    block->wait();
    try {
      self.add_task({.agent = "hanging"});
    } catch (const error& why) {
      told.set(why.code);
    }
    return json{{"call", 1}};
  });
  hanging.timeout = 200ms;
  hanging.grace = 20ms;
  // However slow the machine is: an attempt can be over before its function begins.
  hanging.retry = {.max_attempts = 1'000, .initial = duration{0}};
  engine.add(std::move(hanging));
  auto result = got(engine.submit(one_task("job", "hanging")));
  ASSERT_TRUE(result.completed());
  EXPECT_EQ(result["only"]["call"], 2);
  block->release();
  EXPECT_EQ(got(told.future()), code::attempt_lost);
  EXPECT_EQ(result.tasks().size(), 1u);
}

TEST(agents, an_agent_that_loses_too_many_threads_waits_until_one_comes_back) {
  auto block = std::make_shared<stone>();
  auto engine = dagger::engine{{.log = log_level::off}};
  auto hanging = named("hanging", [=](task&, const json& in) -> outcome {
    if (in.contains("hang"))
      block->wait();
    return json(1);
  });
  hanging.timeout = 200ms; // enough to begin, also on a busy machine
  hanging.grace = 10ms;
  engine.add(std::move(hanging));
  auto lost = static_cast<int>(limits::abandoned_threads) + 1;
  for (auto i = 0; i < lost; ++i) {
    auto job = one_task("hang-" + std::to_string(i), "hanging", {{"hang", true}});
    EXPECT_FALSE(got(engine.submit(job)).completed());
    ASSERT_TRUE(block->holds(i + 1));
  }
  auto job = dagger::job{"waiting"};
  job.add({.agent = "hanging", .timeout = 10min});
  auto waiting = engine.submit(job);
  EXPECT_TRUE(got(waiting.accepted()));
  auto view = engine.read();
  auto row = plan::find_job(*view, "waiting");
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->counts[static_cast<std::size_t>(task_state::ready)], 1u);
  block->release();
  EXPECT_TRUE(got(waiting).completed());
}

TEST(agents, a_stop_token_tells_the_function_that_its_time_is_over) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto polite = named("polite", [](task& self, const json&) -> outcome {
    auto token = self.stop_token();
    auto mutex = std::mutex{};
    auto guard = std::unique_lock{mutex};
    auto changed = std::condition_variable_any{};
    changed.wait(guard, token, [] { return false; });
    return json{{"stopped", token.stop_requested()}};
  });
  polite.timeout = 20ms;
  engine.add(std::move(polite));
  auto result = got(engine.submit(one_task("job", "polite")));
  ASSERT_EQ(result.state(), job_state::failed);
  EXPECT_EQ(result.failure()->code, code::timeout);
}

} // namespace

} // namespace dagger
