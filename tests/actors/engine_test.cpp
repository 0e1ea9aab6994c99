// Jobs on the real scheduler, over memory and LMDB.
#include "agents.hpp"

#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

namespace dagger {

namespace {

using namespace test;

agent gatherer() {
  auto made = named("gather", [](task&, const json& in) -> outcome {
    return json{{"data", "detailed " + in["query"].get<std::string>()}};
  });
  made.concurrency = 8;
  made.input = R"({"type": "object", "required": ["query"]})"_json;
  return made;
}

agent researcher() {
  return named("research", [](task& self, const json& in) -> outcome {
    if (self.first_visit()) {
      auto t = self.add_task({.agent = "gather", .input = {{"query", in["topic"]}}});
      return self.wait(t, {.state = {{"asked", in["topic"]}}});
    }
    auto parts = json::array();
    for (auto& d : self.dependencies())
      parts.push_back(d.output["data"]);
    return json{{"report", parts}, {"asked", self.state()["asked"]}};
  });
}

TEST(engine, a_calculator_adds) {
  auto engine = dagger::engine{};
  engine.add(adder());
  auto job = dagger::job{"calculator"};
  job.add({.name = "sum", .agent = "add", .input = {{"a", 2}, {"b", 40}}});
  auto result = got(engine.submit(job));
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result["sum"]["sum"], 42);
  EXPECT_EQ(result.outputs(), (json{{"sum", {{"sum", 42}}}}));
}

TEST(engine, a_researcher_asks_for_what_it_lacks) {
  auto folder = temporary_folder{};
  auto engine = dagger::engine{{.store = folder / "store"}};
  engine.add(gatherer());
  engine.add(researcher());
  auto job = dagger::job{"research-001"};
  job.add({.name = "research", .agent = "research", .input = {{"topic", "AI"}}});
  auto result = got(engine.submit(job));
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result["research"], (json{{"asked", "AI"}, {"report", {"detailed AI"}}}));
  auto tasks = result.tasks();
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].visit, 2u);
  EXPECT_EQ(tasks[1].parent, 0u);
  EXPECT_EQ(tasks[1].name, "gather-1");
  EXPECT_NE(result.mermaid().find("gather-1"), std::string::npos);
  EXPECT_NE(result.dot().find("gather-1"), std::string::npos);
  EXPECT_GE(result.history().size(), 4u);
}

void thousand_jobs(const std::filesystem::path& where) {
  auto engine = dagger::engine{{.store = where}};
  auto runs = std::atomic{0};
  auto count = named("count", [&](task&, const json&) -> outcome {
    ++runs;
    return json{{"ok", true}};
  });
  count.cooperative = true;
  engine.add(std::move(count));
  auto handles = std::vector<submission>{};
  for (auto i = 0; i < 1'000; ++i)
    handles.push_back(engine.submit(chain("job-" + std::to_string(i), 3, "count")));
  for (auto& x : handles)
    EXPECT_TRUE(got(x).completed()) << x.id();
  EXPECT_EQ(runs, 3'000);
  auto jobs = 0;
  auto tasks = std::uint32_t{0};
  auto view = engine.read();
  ASSERT_TRUE(plan::list_jobs(*view, [&](auto& x) {
    ++jobs;
    tasks += x.counts[static_cast<std::size_t>(task_state::completed)];
    return true;
  }));
  EXPECT_EQ(jobs, 1'000);
  EXPECT_EQ(tasks, 3'000u);
}

TEST(engine, a_thousand_jobs_run_in_memory) {
  thousand_jobs({});
}

TEST(engine, a_thousand_jobs_run_over_lmdb) {
  auto folder = temporary_folder{};
  thousand_jobs(folder / "store");
}

TEST(engine, a_thousand_jobs_run_on_threads_of_a_pool) {
  auto engine = dagger::engine{};
  auto threads = std::set<std::thread::id>{};
  auto mutex = std::mutex{};
  auto note = named("note", [&](task&, const json&) -> outcome {
    auto guard = std::lock_guard{mutex};
    threads.insert(std::this_thread::get_id());
    return json(1);
  });
  note.concurrency = 4;
  engine.add(std::move(note));
  auto handles = std::vector<submission>{};
  for (auto i = 0; i < 1'000; ++i)
    handles.push_back(engine.submit(chain("job-" + std::to_string(i), 3, "note")));
  for (auto& x : handles)
    EXPECT_TRUE(got(x).completed());
  EXPECT_LE(threads.size(), 4u);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
}

TEST(engine, a_fan_of_ten_thousand_joins) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto job = dagger::job{"fan"};
  auto first = job.add({.name = "first", .agent = "quick"});
  auto middle = std::vector<task_ref>{};
  for (auto i = 0; i < 10'000; ++i)
    middle.push_back(job.add({.agent = "quick", .after = {first}}));
  job.add({.name = "last", .agent = "quick", .after = middle});
  auto result = got(engine.submit(job));
  EXPECT_TRUE(result.completed());
  EXPECT_EQ(result["last"], (json{{"ok", true}}));
}

TEST(engine, the_same_id_with_the_same_content_is_the_same_job) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto first = engine.submit(chain("twice", 2));
  EXPECT_TRUE(got(first.accepted()));
  EXPECT_TRUE(got(first).completed());
  auto second = engine.submit(chain("twice", 2));
  EXPECT_FALSE(got(second.accepted()));
  EXPECT_TRUE(got(second).completed());
  auto other = engine.submit(chain("twice", 3));
  EXPECT_EQ(error_of(other.accepted()).code, code::id_conflict);
  EXPECT_EQ(error_of(other).code, code::id_conflict);
}

TEST(engine, what_is_wrong_with_a_job_is_in_both_futures) {
  auto engine = dagger::engine{};
  engine.add(gatherer());
  auto unknown = engine.submit(one_task("a", "gatherer"));
  EXPECT_EQ(error_of(unknown).code, code::not_found);
  EXPECT_NE(error_of(unknown).hint.find("gather"), std::string::npos);
  auto wrong = engine.submit(one_task("b", "gather", {{"ask", 1}}));
  EXPECT_EQ(error_of(wrong.accepted()).code, code::invalid_input);
  EXPECT_EQ(error_of(wrong).where, "tasks[0].input");
  EXPECT_EQ(error_of(engine.submit(one_task("no id!", "gather"))).code, code::invalid_input);
  EXPECT_EQ(error_of(engine.resume("nobody")).code, code::not_found);
}

TEST(engine, an_agent_is_added_once_and_with_a_good_schema) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto code_of = [&](agent x) {
    try {
      engine.add(std::move(x));
    } catch (const error& why) {
      return why.code;
    }
    return std::string{};
  };
  EXPECT_EQ(code_of(quick()), code::conflict);
  EXPECT_EQ(code_of(quick("")), code::invalid_input);
  EXPECT_EQ(code_of(agent{.name = "empty"}), code::invalid_input);
  auto odd = quick("odd");
  odd.input = {{"type", "nothing"}};
  EXPECT_EQ(code_of(odd), code::invalid_input);
  ASSERT_EQ(engine.agents().size(), 1u);
  EXPECT_EQ(engine.agents().front().concurrency, 256u);
}

TEST(engine, references_of_a_templated_input_are_resolved_at_the_visit) {
  auto engine = dagger::engine{};
  engine.add(adder());
  auto job = dagger::job{"templated"};
  job.inputs({{"start", 5}});
  auto spec = job.spec();
  auto first =
    plan::to_spec({.name = "one", .agent = "add", .input = {{"a", "${inputs.start}"}, {"b", 1}}});
  first.templated = true;
  auto second = plan::to_spec(
    {.name = "two", .agent = "add", .after = {"one"}, .input = {{"a", "${one.sum}"}, {"b", 10}}});
  second.templated = true;
  spec.tasks = {first, second};
  auto result = got(engine.submit(spec));
  ASSERT_TRUE(result.completed()) << result.failure()->message;
  EXPECT_EQ(result["two"]["sum"], 16);
}

TEST(engine, a_callback_runs_when_the_job_has_ended) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto told = future<std::string>::promise{};
  engine.submit(chain("called", 1)).then([told](result<job_result> x) {
    told.set(x ? x->id() : x.error().message);
  });
  EXPECT_EQ(got(told.future()), "called");
}

TEST(engine, submits_from_many_threads_wait_for_room_and_all_arrive) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto accepted = std::atomic{0};
  auto threads = std::vector<std::jthread>{};
  for (auto t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto handles = std::vector<submission>{};
      for (auto i = 0; i < 1'500; ++i)
        handles.push_back(engine.submit(chain(std::to_string(t) + "-" + std::to_string(i), 1)));
      for (auto& x : handles)
        if (got(x.accepted()) && got(x).completed())
          ++accepted;
    });
  threads.clear();
  EXPECT_EQ(accepted, 6'000);
}

TEST(engine, an_agent_may_submit_jobs_itself) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto inner = std::optional<submission>{};
  auto starter = named("starter", [&](task&, const json&) -> outcome {
    inner.emplace(engine.submit(chain("inner", 2)));
    return json(1);
  });
  starter.cooperative = true;
  engine.add(std::move(starter));
  EXPECT_TRUE(got(engine.submit(one_task("outer", "starter"))).completed());
  ASSERT_TRUE(inner);
  EXPECT_TRUE(got(*inner).completed());
}

} // namespace

} // namespace dagger
