// What a program writes and gets back: values, options, reports, pictures, errors.
#include <actors/agents.hpp>

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <numeric>
#include <string>

namespace dagger {

namespace {

using test::error_of;
using test::got;

struct diamond {
  flow of{"diamond"};
  node<int> x = of.input<int>("x");
  node<int> t0 = of.add(
    "t0", [](int v) { return v + 1; }, x);
  node<int> t1 = of.add(
    "t1", [](int v) { return v + 1; }, t0);
  node<int> t2 = of.add(
    "t2", [](int v) { return v * 2; }, t0);
  node<int> t3 = of.add("t3", std::multiplies<>{}, t1, t2);
};

TEST(flow_builder, values_go_along_edges) {
  auto x = diamond{};
  auto engine = dagger::engine{};
  auto run = got(engine.run(x.of, {{"x", 3}}));
  ASSERT_TRUE(run.completed());
  EXPECT_EQ(run[x.t3], 40);
  EXPECT_EQ(run[x.x], 3);
  EXPECT_FALSE(run.failure());
}

TEST(flow_builder, a_flow_runs_as_often_as_one_likes_and_at_once) {
  auto x = diamond{};
  auto engine = dagger::engine{{.threads = 4}};
  auto runs = std::vector<flow_run>{};
  for (auto i = 0; i < 50; ++i)
    runs.push_back(engine.run(x.of, {{"x", i}}));
  for (auto i = 0; i < 50; ++i)
    EXPECT_EQ(got(runs[static_cast<std::size_t>(i)])[x.t3], (i + 2) * (i + 1) * 2);
}

TEST(flow_builder, what_is_added_later_does_not_change_a_run_that_was_started) {
  auto x = diamond{};
  auto engine = dagger::engine{};
  auto before = engine.run(x.of, {{"x", 1}});
  auto t4 = x.of.add("t4", std::negate<>{}, x.t3);
  auto after = engine.run(x.of, {{"x", 1}});
  EXPECT_EQ(got(after)[t4], -12);
  auto first = got(before);
  EXPECT_EQ(first.nodes().size(), 4u);
  EXPECT_THROW(static_cast<void>(first[t4]), error);
}

TEST(flow_builder, values_of_any_type_are_made_and_ended_once) {
  auto alive = std::make_shared<int>(7);
  auto x = flow{"values"};
  auto a = x.add("a", [alive] { return alive; });
  auto b = x.add(
    "b", [](const std::shared_ptr<int>& p) { return std::make_unique<int>(*p); }, a);
  auto c = x.add(
    "c", [](const std::unique_ptr<int>& p) { return std::string(20, 'x') += char(*p); }, b);
  {
    auto engine = dagger::engine{};
    auto run = got(engine.run(x));
    EXPECT_EQ(*run[b], 7);
    EXPECT_EQ(run[c].size(), 21u);
    EXPECT_EQ(alive.use_count(), 3) << "here, in the function, in the run";
  }
  EXPECT_EQ(alive.use_count(), 2);
}

TEST(flow_builder, inputs_have_fallbacks_and_convert_without_loss) {
  auto x = flow{"inputs"};
  auto d = x.input<double>("d");
  auto s = x.input<std::string>("s", "none");
  auto both = x.add(
    "both", [](double v, const std::string& t) { return t + std::to_string(v); }, d, s);
  auto engine = dagger::engine{};
  EXPECT_EQ(got(engine.run(x, {{"d", 3}}))[both], "none3.000000");
  EXPECT_EQ(got(engine.run(x, {{"d", 0.5f}, {"s", "a"}}))[both], "a0.500000");
  EXPECT_EQ(got(engine.run(x, flow_inputs::from({{"d", 2}, {"s", "b"}})))[both], "b2.000000");
  auto wrong = [&](flow_inputs in) { return error_of(engine.run(x, in)); };
  EXPECT_EQ(wrong({}).message, "the input 'd' is missing");
  EXPECT_EQ(wrong({{"d", 1}, {"e", 1}}).message, "there is no input 'e'");
  EXPECT_EQ(wrong({{"d", 1}, {"d", 2}}).message, "the input 'd' is given twice");
  EXPECT_NE(wrong({{"d", "three"}}).message.find("does not fit"), std::string::npos);
  auto whole = flow{"whole"};
  whole.input<int>("n");
  EXPECT_EQ(error_of(engine.run(whole, {{"n", 3.7}})).code, code::invalid_input);
}

TEST(flow_builder, void_nodes_order_others) {
  auto order = std::vector<std::string>{};
  auto x = flow{"order"};
  auto a = x.add("a", [&] { order.push_back("a"); });
  auto b = x.add("b", [&] { order.push_back("b"); }).after(a);
  auto c = x.add("c", [&] { order.push_back("c"); }).after(b);
  auto first = x.add("first", [&] { order.push_back("first"); });
  a.after(first); // to a node that others stand behind
  auto engine = dagger::engine{};
  auto run = got(engine.run(x));
  EXPECT_TRUE(run.completed());
  EXPECT_EQ(order, (std::vector<std::string>{"first", "a", "b", "c"}));
  EXPECT_EQ(run.at(c).state, task_state::completed);
}

TEST(flow_builder, all_that_is_wrong_with_a_flow_is_said_at_once) {
  auto x = flow{"wrong"};
  x.resources({{"gpu", 1}});
  auto a = x.add("same", [] {});
  auto b = x.add("same", [] {}).after(a);
  a.after(b);
  x.add("9lives", [] {});
  x.add("greedy", [] {}).resources({{"gpu", 2}});
  auto engine = dagger::engine{};
  auto why = error_of(engine.run(x));
  EXPECT_EQ(why.code, code::invalid_input);
  EXPECT_EQ(why.where, "flow 'wrong'");
  for (auto part : {"the name 'same' is used twice", "9lives is no name of a node",
                    "these nodes wait for each other: same -> same -> same"})
    EXPECT_NE(why.message.find(part), std::string::npos) << part << "\n" << why.message;
  auto y = flow{"greedy"};
  y.add("greedy", [] {}).resources({{"gpu", 2}});
  EXPECT_EQ(error_of(engine.run(y)).message, "node 'greedy' needs 2 of 'gpu', and the flow has 0");
}

TEST(flow_builder, an_exception_or_an_error_fails_the_attempt_with_its_words) {
  auto x = flow{"failing"};
  x.on_failure(on_failure::carry_on);
  auto a = x.add("a", []() -> int { throw std::runtime_error{"no luck"}; });
  auto b = x.add("b", []() -> result<int> { return fail(error{"test.mine", "no reason"}); });
  auto c = x.add("c", []() -> result<int> { return 4; });
  auto d = x.add(
    "d", [](int v) { return v; }, a);
  auto e = x.add(
              "e", [](const int* v) { return v ? *v : -1; }, maybe(a))
             .run_if(run_if::all_done);
  auto g = x.add(
              "g", [](int v) { return v; }, a)
             .run_if(run_if::all_done);
  auto engine = dagger::engine{};
  auto run = got(engine.run(x));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.at(a).attempts.at(0).error->message, "no luck");
  EXPECT_EQ(run.at(a).attempts.at(0).error->code, code::exception);
  EXPECT_EQ(run.at(b).attempts.at(0).error->code, "test.mine");
  EXPECT_EQ(run[c], 4);
  EXPECT_EQ(run.at(d).skipped_because, "upstream failed: a");
  EXPECT_EQ(run[e], -1);
  EXPECT_EQ(run.at(g).attempts.at(0).error->message,
            "a has no value: take it as dagger::maybe(...)");
  ASSERT_TRUE(run.failure());
  try {
    static_cast<void>(run[d]);
    FAIL();
  } catch (const error& why) {
    EXPECT_EQ(why.message, "node 'd' has no value (skipped: upstream failed: a)");
  }
}

TEST(flow_builder, a_condition_sees_values_and_skips) {
  auto x = flow{"when"};
  auto n = x.input<int>("n");
  auto big = x.add("big", [] { return 1; }).when([](int v) { return v > 10; }, n);
  auto more = x.add(
    "more", [](int v) { return v; }, big);
  auto engine = dagger::engine{};
  EXPECT_EQ(got(engine.run(x, {{"n", 11}}))[more], 1);
  auto run = got(engine.run(x, {{"n", 10}}));
  EXPECT_TRUE(run.completed());
  EXPECT_EQ(run.at(big).skipped_because, "its condition does not hold");
  EXPECT_EQ(run.at(more).skipped_because, "upstream skipped: big");
}

TEST(flow_builder, reports_and_pictures_show_how_it_went) {
  auto x = flow{"report"};
  x.on_failure(on_failure::carry_on);
  auto a = x.add("a", [] {});
  auto tries = 0;
  auto b = x.add("b",
                 [&] {
                   if (++tries == 1)
                     throw error{"test.first", "not yet"};
                 })
             .after(a);
  auto policy = retry_policy{};
  policy.max_attempts = 2;
  policy.initial = duration{0};
  b.retry(policy);
  auto c = x.add("c", [] { throw error{"test.never", "never"}; }).after(a);
  x.add("d", [] {}).after(c);
  auto engine = dagger::engine{};
  auto run = got(engine.run(x));
  auto report = run.report();
  EXPECT_EQ(report["flow"], "report");
  EXPECT_EQ(report["state"], "failed");
  EXPECT_EQ(report["error"]["code"], "test.never");
  EXPECT_EQ(report["error"]["where"], "c");
  ASSERT_EQ(report["nodes"].size(), 4u);
  EXPECT_EQ(report["nodes"][1]["attempts"].size(), 2u);
  EXPECT_EQ(report["nodes"][1]["attempts"][0]["error"]["message"], "not yet");
  EXPECT_FALSE(report["nodes"][1]["attempts"][1].contains("error"));
  EXPECT_EQ(report["nodes"][3]["skipped_because"], "upstream failed: c");
  auto text = run.report_text();
  EXPECT_NE(text.find("flow 'report' failed"), std::string::npos);
  EXPECT_NE(text.find("d: skipped (upstream failed: c)"), std::string::npos);
  EXPECT_NE(run.dot().find("n0 -> n1"), std::string::npos);
  EXPECT_NE(run.dot().find("completed, 2 attempts"), std::string::npos);
  EXPECT_NE(run.mermaid().find(":::failed"), std::string::npos);
  EXPECT_EQ(x.dot().find("failed"), std::string::npos) << "a flow has no states";
}

TEST(flow_builder, handles_of_other_flows_are_refused) {
  auto x = diamond{};
  auto y = diamond{};
  auto engine = dagger::engine{};
  auto run = got(engine.run(x.of, {{"x", 3}}));
  EXPECT_THROW(static_cast<void>(run[y.t3]), error);
  EXPECT_THROW(static_cast<void>(run.at(y.t3)), error);
}

} // namespace

} // namespace dagger
