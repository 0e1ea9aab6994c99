// Definitions as JSON: everything that the hash looks at comes back.
#include <dagger/codec/json.hpp>
#include <dagger/plan/definition_text.hpp>

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace dagger::plan;

/// Nothing of it has its default.
job_spec full() {
  auto made = job_spec{};
  made.id = "job-1";
  made.name = "report";
  made.description = "what it is for";
  made.priority = -3;
  made.tags = {"a", "b"};
  made.created_by = "ann";
  made.traceparent = "00-1-2-3";
  made.inputs = payload::from({{"n", 1.5}});
  made.outputs = payload::from({{"out", "second.x"}});
  made.allowed_agents = {"one", "two"};
  made.limits = {.tasks = 10, .depth = 2, .running = 3, .deadline = duration{60'000}};
  made.stall_action = stall_action::notify_planning_agent;
  made.planning_agent = "two";
  made.on_failure = on_failure::stop;
  made.resources = {{"gpu", 4}};
  made.is_flow = true;
  made.retry = retry_policy{.max_attempts = 2, .backoff = backoff::fixed};
  made.folder = "/home/ann";
  auto first = task_spec{};
  first.agent = "one";
  auto second = task_spec{};
  second.name = "second";
  second.agent = "two";
  second.description = "after the first";
  second.kind = task_kind::story;
  second.priority = 7;
  second.optional = second.at_most_once = second.templated = true;
  second.retry = retry_policy{.max_attempts = 4,
                              .initial = duration{5},
                              .backoff = backoff::linear,
                              .multiplier = 1.25,
                              .max = duration{50},
                              .jitter = 0.5,
                              .retry_on = {"timeout"},
                              .abort_on = {"misuse"}};
  second.timeout = duration{1};
  second.total_timeout = duration{2};
  second.heartbeat = duration{3};
  second.run_if = run_if::one_failed;
  second.on_failure = on_failure::pause;
  second.max_children = 5;
  second.resources = {{"gpu", 1}, {"memory_gb", 16}};
  second.compensate = "one";
  second.after = {task_ref::nth(0), "second"};
  second.input = payload::from_bytes(R"({"text": "a\u00e4 ${inputs.n}"})");
  made.tasks = {first, second};
  return made;
}

TEST(definition_text, brings_everything_back) {
  for (auto& spec : {full(), job_spec{.id = "x"}}) {
    auto read = spec_from(parse_json(to_text(to_json(spec))).value());
    ASSERT_TRUE(read) << to_string(read.error());
    EXPECT_EQ(*read, spec);
    EXPECT_EQ(hash_of(*read), hash_of(spec));
  }
}

TEST(definition_text, carries_inputs_that_nest_as_deep_as_they_may) {
  auto deep = json(1);
  for (auto i = std::size_t{0}; i < limits::nesting; ++i)
    deep = json::array({std::move(deep)});
  auto spec = job_spec{.id = "x"};
  spec.tasks.push_back({.agent = "a", .input = payload::from(deep)});
  auto read = spec_from(parse_json(to_text(to_json(spec))).value());
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(*read, spec);
}

TEST(definition_text, refuses_any_other_shape) {
  auto why = [](const char* pointer, json value) {
    auto text = to_json(full());
    text[json::json_pointer{pointer}] = std::move(value);
    auto read = spec_from(text);
    return read ? "none" : read.error().where + ": " + read.error().message;
  };
  EXPECT_EQ(why("/id", 1), "id: must be a string, not number");
  EXPECT_EQ(why("/nam", "x"), ": unknown member 'nam'");
  EXPECT_EQ(why("/priority", 1.5),
            "priority: must be a whole number from -2147483648 to 2147483647");
  EXPECT_EQ(why("/tags/1", nullptr), "tags[1]: must be a string, not null");
  EXPECT_EQ(why("/limits/tasks", -1), "limits.tasks: must be a whole number from 0 to 4294967295");
  EXPECT_EQ(why("/stall_action", "panic"),
            "stall_action: must be one of fail_wait, notify_planning_agent, terminate_job, "
            "callback");
  EXPECT_EQ(why("/tasks", 1), "tasks: must be a list");
  EXPECT_EQ(why("/tasks/0", 1), "tasks[0]: must be an object, not number");
  EXPECT_EQ(why("/tasks/1/retry/jitter", "x"), "tasks[1].retry.jitter: must be a number");
  EXPECT_EQ(why("/tasks/1/timeout", 0.5),
            "tasks[1].timeout: must be a whole number of milliseconds");
  EXPECT_EQ(why("/tasks/1/resources/gpu", "two"),
            "tasks[1].resources.gpu: must be a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(why("/tasks/1/run_if", "always"),
            "tasks[1].run_if: must be one of all_success, all_done, one_success, one_failed, "
            "none_failed");
  EXPECT_EQ(why("/tasks/1/after", {-1}),
            "tasks[1].after: must be the name of a task or its number");
  EXPECT_NE(why("/tasks/1/input", "{").find("tasks[1].input: is no text of JSON"),
            std::string::npos);
}

} // namespace
