// Signals, reviews and other answers that a task waits for, in virtual time.
#include "agents.hpp"

#include <support/actors.hpp>
#include <support/faulty_store.hpp>

#include <gtest/gtest.h>

namespace dagger {

namespace {

using namespace test;

std::shared_ptr<store::store> memory() {
  return store::make_memory();
}

/// Waits for the signal `go` of this schema and returns its value.
agent waiter(json schema = true, wait_options options = {}) {
  return named("waiter", [=](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(condition::signal("go", schema), options);
    return json{{"answer", self.answer()}, {"late", self.deadline_passed()}};
  });
}

/// One task in review until somebody accepts it.
agent author() {
  auto made = named("author", [](task& self, const json&) -> outcome {
    return self.review({{"visit", self.visit()}, {"feedback", self.feedback()}});
  });
  made.output = R"({"required": ["visit"]})"_json;
  return made;
}

TEST(signals, wake_the_task_that_waits_with_their_value) {
  auto engine = staged_engine{memory()};
  engine->add(waiter());
  auto job = engine->submit(one_task("job", "waiter").spec());
  engine.run();
  engine.get(engine->signal("job", "go", {{"by", "ann"}}, {}));
  EXPECT_EQ(engine.get(job)["only"], (json{{"answer", {{"by", "ann"}}}, {"late", false}}));
}

TEST(signals, reach_the_agent_with_one_commit) {
  auto store = std::make_shared<faulty_store>(memory());
  auto engine = staged_engine{store};
  auto before = std::size_t{0};
  auto needed = std::size_t{0};
  auto waits = waiter();
  waits.run = [&, run = waits.run](task& self, const json& in) {
    needed = store->commits() - before;
    return run(self, in);
  };
  engine->add(std::move(waits));
  auto job = engine->submit(one_task("job", "waiter").spec());
  engine.run();
  before = store->commits();
  engine->signal("job", "go", 1, {});
  EXPECT_EQ(engine.get(job)["only"]["answer"], 1);
  EXPECT_EQ(needed, 1u);
}

TEST(signals, that_come_first_are_queued_and_taken_in_order) {
  auto engine = staged_engine{memory()};
  engine->add(named("twice", [](task& self, const json&) -> outcome {
    if (self.visit() < 3)
      return self.wait(condition::signal("go"), {.state = {{"last", self.answer()}}});
    return json{{"first", self.state()["last"]}, {"second", self.answer()}};
  }));
  engine->add(quick());
  auto job = dagger::job{"job"};
  job.add({.name = "late", .agent = "twice", .after = {"first"}});
  job.add({.name = "first", .agent = "quick"});
  auto end = engine->submit(job.spec());
  engine.get(end.accepted());
  engine->signal("job", "go", 1, {});
  engine->signal("job", "go", 2, {});
  EXPECT_EQ(engine.get(end)["late"], (json{{"first", 1}, {"second", 2}}));
}

TEST(signals, are_refused_with_all_violations_of_the_schema_and_nothing_is_sent) {
  auto engine = staged_engine{memory()};
  auto schema = R"({"type": "object", "required": ["amount"],
                    "properties": {"amount": {"type": "integer"}}})"_json;
  engine->add(waiter(schema));
  auto job = engine->submit(one_task("job", "waiter").spec());
  engine.run();
  auto why = error_of(engine->signal("job", "go", {{"amount", "much"}}, {}));
  EXPECT_EQ(why.code, code::invalid_input);
  EXPECT_NE(why.message.find("/amount"), std::string::npos) << why.message;
  EXPECT_NE(why.message.find("only"), std::string::npos) << why.message;
  engine.run();
  EXPECT_FALSE(staged_engine::ready(job));
  engine.get(engine->signal("job", "go", {{"amount", 7}}, {}));
  EXPECT_EQ(engine.get(job)["only"]["answer"]["amount"], 7);
}

TEST(signals, are_refused_for_no_such_job_and_when_nobody_waits_and_they_must_not_queue) {
  auto engine = staged_engine{memory()};
  engine->add(waiter());
  auto nobody = engine->signal("nobody", "go", 1, {});
  engine->submit(one_task("job", "waiter").spec());
  engine.run();
  EXPECT_EQ(error_of(nobody).code, code::not_found);
  auto wrong = engine->signal("job", "goo", 1, {.queue = false});
  auto no_name = engine->signal("job", "no name", 1, {});
  engine.run();
  EXPECT_EQ(error_of(wrong).code, code::not_found);
  EXPECT_EQ(error_of(wrong).hint, "did you mean 'go'?");
  EXPECT_EQ(error_of(no_name).code, code::invalid_input);
}

TEST(signals, have_a_bound) {
  auto engine = staged_engine{memory()};
  auto why = error_of(engine->signal("job", "go", std::string(limits::signal_bytes, 'x'), {}));
  EXPECT_EQ(why.code, code::too_large);
  auto deep = json{};
  for (auto i = std::size_t{0}; i <= limits::nesting; ++i)
    deep = json::array({std::move(deep)});
  EXPECT_EQ(error_of(engine->signal("job", "go", deep, {})).code, code::invalid_input);
}

TEST(signals, say_which_condition_held) {
  auto engine = staged_engine{memory()};
  engine->add(named("either", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(
        any_of(condition::signal("stop"), condition::signal("go"), condition::time(duration{1h})));
    return json{{"by", self.woken_by()}, {"answer", self.answer()}};
  }));
  auto one = engine->submit(one_task("one", "either").spec());
  auto two = engine->submit(one_task("two", "either").spec());
  engine.run();
  engine->signal("one", "go", "now", {});
  EXPECT_EQ(engine.get(one)["only"], (json{{"by", 1}, {"answer", "now"}}));
  engine.advance(1h);
  EXPECT_EQ(engine.get(two)["only"], (json{{"by", 2}, {"answer", nullptr}}));
}

TEST(signals, that_do_not_come_leave_the_default_when_the_deadline_passes) {
  auto engine = staged_engine{memory()};
  engine->add(waiter(true, {.deadline = 1h, .default_answer = "no"}));
  auto job = engine->submit(one_task("job", "waiter").spec());
  engine.advance(59min);
  EXPECT_FALSE(staged_engine::ready(job));
  engine.advance(1min);
  EXPECT_EQ(engine.get(job)["only"], (json{{"answer", "no"}, {"late", true}}));
}

TEST(signals, to_an_engine_that_ends_are_not_lost_silently) {
  auto engine = std::optional<staged_engine>{std::in_place, memory()};
  (*engine)->add(waiter());
  (*engine)->submit(one_task("job", "waiter").spec());
  engine->run();
  auto sent = (*engine)->signal("job", "go", 1, {});
  (*engine)->close();
  EXPECT_TRUE(staged_engine::ready(sent));
  EXPECT_EQ(error_of((*engine)->signal("job", "go", 1, {})).code, code::cancelled);
}

/// The codes of the errors that these waits throw, one after the other.
std::vector<std::string> refusals(std::vector<std::function<outcome(task&)>> waits) {
  auto codes = std::vector<std::string>{};
  auto engine = staged_engine{memory()};
  engine->add(named("wrong", [&](task& self, const json&) -> outcome {
    for (auto& wait : waits)
      try {
        wait(self);
        codes.emplace_back("none");
      } catch (const error& why) {
        codes.push_back(why.code);
      }
    return json(1);
  }));
  EXPECT_TRUE(engine.get(engine->submit(one_task("job", "wrong").spec())).completed());
  return codes;
}

TEST(waits, that_make_no_sense_are_refused_where_they_are_made) {
  auto large = json{{"enum", {std::string(limits::signal_schema_bytes, 'x')}}};
  auto codes = refusals({
    [](task& self) { return self.wait(std::vector<condition>{}); },
    [](task& self) { return self.wait(condition{.mode = wait_mode::review}); },
    [](task& self) { return self.wait(condition::signal("no name")); },
    [](task& self) {
      return self.wait(condition::signal("go", {{"type", "nothing"}}));
    },
    [=](task& self) { return self.wait(condition::signal("go", large)); },
    [](task& self) { return self.wait(condition::signal("go"), {.default_answer = 1}); },
    [](task& self) { return self.review(1, {.deadline = 1h, .default_answer = 1}); },
    [](task& self) { return self.wait(condition::signal("go"), {.deadline = 1h}); },
  });
  EXPECT_EQ(codes, (std::vector<std::string>{"misuse", "misuse", "invalid_input", "invalid_input",
                                             "too_large", "misuse", "misuse", "none"}));
}

TEST(reviews, complete_the_task_when_somebody_accepts) {
  auto engine = staged_engine{memory()};
  engine->add(author());
  engine->add(quick());
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "text", .agent = "author"});
  job.add({.name = "print", .agent = "quick", .after = {first}});
  auto end = engine->submit(job.spec());
  engine.run();
  EXPECT_FALSE(staged_engine::ready(end));
  engine.get(engine->decide({"job", "text", true, {}, false, 0}));
  auto result = engine.get(end);
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result["text"]["visit"], 1);
}

TEST(reviews, go_back_with_the_reason_and_fail_when_it_is_final) {
  auto engine = staged_engine{memory()};
  engine->add(author());
  auto end = engine->submit(one_task("job", "author").spec());
  engine.run();
  engine.get(engine->decide({"job", "only", false, "too short", false, 0}));
  engine.run();
  auto view = engine->read();
  auto number = plan::find_job(*view, "job").value()->number;
  auto tasks = plan::tasks_of(*view, number).value();
  auto output = plan::load_value(*view, number, 0, store::slot::output, tasks[0].output).value();
  EXPECT_EQ(output["feedback"], (json{{"rejected", "too short"}}));
  engine.get(engine->decide({"job", "only", false, "never", true, 0}));
  auto result = engine.get(end);
  EXPECT_EQ(result.failure()->code, code::rejected);
  EXPECT_EQ(result.failure()->message, "never");
}

TEST(reviews, of_an_output_that_breaks_the_schema_are_failed_attempts) {
  auto engine = staged_engine{memory()};
  auto sloppy = author();
  sloppy.run = [](task& self, const json&) -> outcome {
    return self.review(self.feedback().is_null() ? json::object() : json{{"visit", 1}});
  };
  sloppy.retry = {.max_attempts = 2, .initial = duration{0}};
  engine->add(sloppy);
  auto end = engine->submit(one_task("job", "author").spec());
  engine.run();
  engine.get(engine->decide({"job", "only", true, {}, false, 0}));
  auto result = engine.get(end);
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result.tasks()[0].starts, 2u);
}

TEST(reviews, are_refused_where_there_is_nothing_to_judge) {
  auto engine = staged_engine{memory()};
  engine->add(waiter());
  engine->submit(one_task("job", "waiter").spec());
  engine.run();
  auto codes = std::vector<std::string>{};
  for (auto& x : {engine->decide({"nobody", "only", true, {}, false, 0}),
                  engine->decide({"job", "nobody", true, {}, false, 0}),
                  engine->decide({"job", "only", true, {}, false, 0}),
                  engine->decide({"job", "only", false, std::string(5'000, 'x'), false, 0})}) {
    engine.run();
    codes.push_back(error_of(x).code);
  }
  EXPECT_EQ(codes, (std::vector<std::string>{"not_found", "not_found", "conflict", "too_large"}));
}

} // namespace

} // namespace dagger
