// Nodes that are more than one call: lists, flows, agents.
#include <actors/agents.hpp>

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <string>
#include <thread>

namespace dagger {

namespace {

using test::error_of;
using test::got;

std::vector<int> count_to(int n) {
  auto made = std::vector<int>(static_cast<std::size_t>(n));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

TEST(flow_lists, results_stand_in_the_order_of_the_elements) {
  auto engine = dagger::engine{{.threads = 4}};
  auto x = flow{"squares"};
  auto n = x.input<int>("n");
  auto all = x.add("all", count_to, n);
  auto squares = x.map(
    "squares", [](int v, int plus) { return std::int64_t{v} * v + plus; }, all, n);
  auto sum = x.add(
    "sum",
    [](const std::vector<std::int64_t>& v) {
      return std::accumulate(v.begin(), v.end(), std::int64_t{0});
    },
    squares);
  for (auto size : {0, 1, 2, 1'000, 100'000}) {
    auto run = got(engine.run(x, {{"n", size}}));
    ASSERT_TRUE(run.completed()) << run.report_text();
    auto wanted = std::int64_t{0};
    for (auto i = 0; i < size; ++i)
      wanted += std::int64_t{i} * i + size;
    EXPECT_EQ(run[sum], wanted);
    ASSERT_EQ(run[squares].size(), static_cast<std::size_t>(size));
    for (auto i = std::size_t{0}; i < run[squares].size(); ++i)
      ASSERT_EQ(run[squares][i], static_cast<std::int64_t>(i * i) + size);
  }
}

TEST(flow_lists, an_element_that_fails_fails_the_node_and_no_other_one_starts) {
  auto engine = dagger::engine{};
  auto x = flow{"failing"};
  x.max_parallel(1);
  auto all = x.add("all", [] { return count_to(100); });
  auto started = 0;
  auto each = x.map(
    "each",
    [&](int v) {
      ++started;
      if (v == 3)
        throw error{"test.three", "not three"};
    },
    all);
  auto run = got(engine.run(x));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(started, 4);
  auto report = run.at(each);
  EXPECT_EQ(report.attempts.at(0).error->message, "each[3]: not three");
  ASSERT_EQ(report.elements.size(), 4u);
  EXPECT_EQ(report.elements[3].name, "each[3]");
  EXPECT_EQ(report.elements[3].state, task_state::failed);
}

TEST(flow_lists, each_element_has_its_own_attempts_and_a_resumed_run_keeps_what_is_done) {
  auto engine = dagger::engine{{.threads = 4}};
  auto x = flow{"elements"};
  x.on_failure(on_failure::pause);
  auto all = x.add("all", [] { return count_to(20); });
  auto calls = std::vector<std::atomic<int>>(20);
  auto repaired = std::atomic{false};
  auto policy = retry_policy{};
  policy.max_attempts = 2;
  policy.initial = duration{0};
  auto each = x.map(
                 "each",
                 [&](int v) {
                   auto n = ++calls[static_cast<std::size_t>(v)];
                   if (v % 3 == 0 && n == 1)
                     throw error{"test.once", "the first time"};
                   if (v == 7 && !repaired)
                     throw error{"test.broken", "until it is repaired"};
                   return v;
                 },
                 all)
                .retry(policy)
                .max_parallel(2);
  auto run = got(engine.run(x));
  ASSERT_EQ(run.state(), job_state::paused);
  repaired = true;
  auto next = got(engine.resume(run));
  ASSERT_TRUE(next.completed()) << next.report_text();
  EXPECT_EQ(next[each], count_to(20));
  for (auto v = 0; v < 20; ++v)
    EXPECT_EQ(calls[static_cast<std::size_t>(v)], v == 7 ? 3 : v % 3 == 0 ? 2 : 1) << v;
}

struct sub {
  flow of{"inside"};
  node<int> a = of.input<int>("a");
  node<int> b = of.input<int>("b", 10);
  node<int> sum = of.add("sum", std::plus<>{}, a, b);
  node<int> twice = of.add(
    "twice", [](int v) { return v * 2; }, sum);
};

TEST(flow_sub_flows, a_flow_is_a_node_of_another) {
  auto engine = dagger::engine{};
  auto inside = sub{};
  auto x = flow{"outside"};
  auto n = x.input<int>("n");
  auto first = x.add("first", inside.of, inside.twice, bind(inside.a, n));
  auto second = x.add("second", inside.of, inside.sum, bind(inside.b, first), bind(inside.a, n));
  auto run = got(engine.run(x, {{"n", 1}}));
  ASSERT_TRUE(run.completed()) << run.report_text();
  EXPECT_EQ(run[first], 22);
  EXPECT_EQ(run[second], 23);
  EXPECT_EQ(run.at(first).nodes.at(1).name, "twice");
  EXPECT_NE(run.dot().find("subgraph cluster_"), std::string::npos);
}

TEST(flow_sub_flows, its_failure_is_an_attempt_of_the_node) {
  auto engine = dagger::engine{};
  auto inside = flow{"inside"};
  auto calls = 0;
  auto end = inside.add("end", [&] {
    if (++calls < 3)
      throw error{"test.early", "too early"};
    return calls;
  });
  auto x = flow{"outside"};
  auto policy = retry_policy{};
  policy.max_attempts = 3;
  policy.initial = duration{0};
  auto node = x.add("node", inside, end).retry(policy);
  auto run = got(engine.run(x));
  ASSERT_TRUE(run.completed()) << run.report_text();
  EXPECT_EQ(run[node], 3);
  ASSERT_EQ(run.at(node).attempts.size(), 3u);
  EXPECT_EQ(run.at(node).attempts[0].error->message, "end: too early");
}

TEST(flow_sub_flows, an_input_without_a_value_is_an_error_before_the_run) {
  auto engine = dagger::engine{};
  auto inside = sub{};
  auto x = flow{"outside"};
  x.add("first", inside.of, inside.twice);
  EXPECT_EQ(error_of(engine.run(x)).message,
            "node 'first': the input 'a' of flow 'inside' is not bound to a value");
}

TEST(flow_sub_flows, a_failure_stops_the_sub_flow_and_nothing_around_it) {
  auto engine = dagger::engine{};
  for (auto policy : {on_failure::stop, on_failure::carry_on}) {
    auto inside = flow{"inside"};
    inside.on_failure(policy).max_parallel(1);
    auto broken = inside.add("broken", []() -> int { throw error{"test.no", "no luck"}; });
    inside.add("free", [] { return 1; });
    inside
      .add(
        "tidy", [](const int* v) { return v == nullptr; }, maybe(broken))
      .run_if(run_if::all_done);
    auto x = flow{"outside"};
    x.on_failure(on_failure::carry_on);
    auto node = x.add("node", inside, broken);
    auto beside = x.add("beside", [] { return 2; });
    auto run = got(engine.run(x));
    EXPECT_EQ(run.state(), job_state::failed);
    EXPECT_EQ(run.failure()->message, "broken: no luck");
    EXPECT_EQ(run[beside], 2);
    auto nodes = run.at(node).nodes;
    EXPECT_EQ(nodes.at(1).skipped_because, policy == on_failure::stop ? "stopped" : "");
    EXPECT_EQ(nodes.at(2).state, task_state::completed);
  }
}

TEST(flow_sub_flows, one_that_pauses_pauses_the_run_which_goes_on_with_it) {
  auto engine = dagger::engine{};
  auto inside = flow{"inside"};
  inside.on_failure(on_failure::pause);
  auto firsts = 0;
  auto first = inside.add("first", [&] { return ++firsts; });
  auto repaired = false;
  auto second = inside.add(
    "second",
    [&](int v) {
      if (!repaired)
        throw error{"test.broken", "until it is repaired"};
      return v + 1;
    },
    first);
  auto x = flow{"outside"};
  auto node = x.add("node", inside, second);
  auto after = x.add(
    "after", [](int v) { return v * 10; }, node);
  auto paused = got(engine.run(x));
  ASSERT_EQ(paused.state(), job_state::paused) << paused.report_text();
  EXPECT_EQ(paused.at(node).state, task_state::waiting);
  EXPECT_EQ(paused.at(node).nodes.at(1).state, task_state::failed);
  auto again = got(engine.resume(paused));
  ASSERT_EQ(again.state(), job_state::paused) << "it is still broken";
  repaired = true;
  auto run = got(engine.resume(again));
  ASSERT_TRUE(run.completed()) << run.report_text();
  EXPECT_EQ(run[after], 20);
  EXPECT_EQ(firsts, 1) << "what has completed does not run again";
}

TEST(flow_sub_flows, max_parallel_of_one_is_for_its_nodes) {
  auto engine = dagger::engine{{.threads = 4}};
  auto present = std::atomic{0};
  auto most = std::atomic{0};
  auto inside = flow{"inside"};
  inside.max_parallel(1);
  auto busy = [&] {
    most = std::max(most.load(), ++present);
    std::this_thread::yield();
    return --present;
  };
  auto last = inside.add("last", busy);
  for (auto i = 0; i < 20; ++i)
    inside.add("n" + std::to_string(i), busy);
  auto x = flow{"outside"};
  x.max_parallel(4);
  x.add("node", inside, last);
  EXPECT_TRUE(got(engine.run(x)).completed());
  EXPECT_EQ(most, 1);
}

TEST(flow_actions, agents_are_nodes_with_references_to_others) {
  auto engine = dagger::engine{};
  engine.add(test::adder());
  auto x = flow{"agents"};
  auto n = x.input<int>("n");
  auto list = x.add(
    "list",
    [](int v) {
      return std::vector<int>{v, v * 10};
    },
    n);
  auto sum = x.add("sum", "add", {{"a", "${inputs.n}"}, {"b", "${list.1}"}});
  auto text = x.add(
    "text", [](const json& y) { return y.dump(); }, sum);
  auto run = got(engine.run(x, {{"n", 4}}));
  ASSERT_TRUE(run.completed()) << run.report_text();
  EXPECT_EQ(run[text], R"({"sum":44})");
  EXPECT_EQ(run.at(list).state, task_state::completed);
}

TEST(flow_actions, what_an_agent_says_and_what_is_not_there_fails_the_node) {
  auto engine = dagger::engine{};
  engine.add(test::named("broken", [](task&, const json&) -> outcome {
    return failure{.code = "test.broken", .message = "is broken"};
  }));
  auto x = flow{"agents"};
  x.on_failure(on_failure::carry_on);
  auto broken = x.add("broken", "broken");
  auto missing = x.add("missing", "nobody");
  auto run = got(engine.run(x));
  EXPECT_EQ(run.at(broken).attempts.at(0).error->code, "test.broken");
  EXPECT_EQ(run.at(missing).state, task_state::failed);
  EXPECT_THROW(x.add("lost", "broken", {{"a", "${nothing.x}"}}), error);
}

} // namespace

} // namespace dagger
