// What flow files do when they run.
#include "flows/flows.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

namespace {

using dagger::job_state;
using dagger::json;
using dagger::outcome;
using flows::run;

TEST(flows, references_and_expressions_carry_values) {
  const auto end = run(R"(
name: diamond
inputs: {x: {type: integer, default: 3}}
nodes:
  - {id: t0, action: set, inputs: [{name: v, expr: inputs.x + 1}]}
  - {id: t1, action: set, inputs: [{name: v, expr: t0.v + 1}]}
  - {id: t2, action: set, inputs: [{name: v, expr: nodes.t0.v * 2}]}
  - {id: t3, action: set, inputs: [{name: v, expr: t1.v * t2.v}, {name: text, value: "${t1.v}!"}]}
outputs: {result: t3.v, text: t3.text}
)");
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_EQ(end.outputs, (json{{"result", 40}, {"text", "5!"}}));
}

TEST(flows, a_false_condition_skips_the_node_and_what_needs_it) {
  const auto end = run(R"(
name: conditions
inputs: {n: {type: integer}}
nodes:
  - {id: big, action: set, when: inputs.n > 10, inputs: {v: 1}}
  - {id: uses, action: set, inputs: {v: "${big.v}"}}
  - {id: always, action: set, run_if: all_done, inputs: [{name: v, expr: big.v or 0}]}
outputs: {v: always.v}
)",
                       {{"n", 3}});
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_EQ(end.outputs, (json{{"v", 0}}));
  EXPECT_EQ(end.tasks.at("big"), "skipped: when: inputs.n > 10");
  EXPECT_TRUE(end.tasks.at("uses").starts_with("skipped"));
}

TEST(flows, an_error_in_an_expression_fails_its_node_and_says_where) {
  const auto end = run(R"(
name: wrong
nodes:
  - {id: a, action: set, inputs: {v: {}}}
  - {id: b, action: set, inputs: [{name: v, expr: a.v.x.y}]}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_NE(end.tasks.at("b").find("flow.yaml:5:"), std::string::npos) << end.tasks.at("b");
}

TEST(flows, for_each_keeps_the_order_of_the_elements) {
  const auto end = run(R"(
name: squares
nodes:
  - {id: numbers, action: set, inputs: {list: [3, 1, 2]}}
  - id: square
    action: set
    for_each: numbers.list
    inputs: [{name: v, expr: item * item}, {name: nth, reference: index}]
  - {id: sum, action: set, inputs: [{name: v, expr: 'square.v[1] + square.v[2] + square.v[3]'}]}
outputs: {squares: square.v, nth: square.nth, sum: sum.v}
)");
  EXPECT_EQ(end.outputs, (json{{"squares", {9, 1, 4}}, {"nth", {0, 1, 2}}, {"sum", 14}}));
  EXPECT_EQ(end.tasks.at("square[2]"), "completed");
}

TEST(flows, for_each_over_nothing_gives_empty_lists) {
  const auto end = run(R"(
name: nothing
inputs: {list: {type: array, default: []}}
nodes:
  - {id: each, action: set, for_each: inputs.list, inputs: {v: "${item}"}}
  - {id: count, action: set, inputs: [{name: n, expr: '#each.v'}]}
outputs: {n: count.n, v: each.v}
)");
  EXPECT_EQ(end.outputs, (json{{"n", 0}, {"v", json::array()}}));
}

TEST(flows, for_each_needs_a_list) {
  const auto end = run(R"(
name: no_list
inputs: {list: {default: text}}
nodes:
  - {id: each, action: set, for_each: inputs.list, inputs: {v: "${item}"}}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_NE(end.tasks.at("each").find("a list is needed"), std::string::npos)
    << end.tasks.at("each");
}

TEST(flows, a_condition_that_reads_the_element_is_one_of_each) {
  const auto end = run(R"(
name: some
inputs: {list: {type: array, default: [1, 2, 3, 4]}}
nodes:
  - {id: even, action: set, for_each: inputs.list, when: item % 2 == 0, inputs: {v: "${item}"}}
outputs: {even: even.v}
)");
  EXPECT_EQ(end.outputs, (json{{"even", {nullptr, 2, nullptr, 4}}}));
}

TEST(flows, no_more_than_max_parallel_elements_run_at_once) {
  auto now = std::atomic<int>{0};
  auto most = std::atomic<int>{0};
  const auto end =
    run(R"(
name: bounded
inputs: {list: {type: array, default: [1, 2, 3, 4, 5, 6, 7, 8]}}
nodes:
  - {id: each, action: count, for_each: inputs.list, max_parallel: 2, inputs: {v: "${item}"}}
)",
        json::object(), [&](dagger::engine& to) {
          to.add({.name = "count", .concurrency = 8, .run = [&](auto&, auto&) -> outcome {
                    const auto n = ++now;
                    for (auto seen = most.load(); n > seen;)
                      if (most.compare_exchange_weak(seen, n))
                        break;
                    --now;
                    return json::object();
                  }});
        });
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_LE(most, 2);
}

TEST(flows, the_first_element_that_fails_fails_the_node) {
  const auto end = run(R"(
name: broken
inputs: {list: {type: array, default: [1, 0, 2]}}
nodes:
  - id: each
    action: lua
    for_each: inputs.list
    inputs: {n: "${item}", script: "if n == 0 then error('none') end return {v = n}"}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_NE(end.tasks.at("each").find("element 1: "), std::string::npos) << end.tasks.at("each");
}

TEST(flows, tolerated_failures_are_null_and_are_listed) {
  const auto end = run(R"(
name: tolerant
inputs: {list: {type: array, default: [1, 0, 2]}}
nodes:
  - id: each
    action: lua
    for_each: inputs.list
    tolerate: 1
    inputs:
      n: "${item}"
      script: |
        if n == 0 then error({code = 'none.there', message = 'no'}) end
        return {v = n}
outputs: {v: each.v, errors: each.errors}
)");
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_EQ(end.outputs["v"], json({1, nullptr, 2}));
  ASSERT_EQ(end.outputs["errors"].size(), 1u);
  EXPECT_EQ(end.outputs["errors"][0]["index"], 1);
  EXPECT_EQ(end.outputs["errors"][0]["code"], "none.there");
}

TEST(flows, repeat_goes_on_until_it_is_done) {
  const auto end = run(R"(
name: doubling
nodes:
  - id: double
    action: set
    repeat: {until: double.v > 50, max: 10}
    inputs: [{name: v, expr: (previous and previous.v or 1) * 2}]
outputs: {v: double.v}
)");
  EXPECT_EQ(end.outputs, (json{{"v", 64}}));
  EXPECT_EQ(end.tasks.at("double[5]"), "completed");
  EXPECT_FALSE(end.tasks.contains("double[6]"));
}

TEST(flows, repeat_fails_when_it_has_not_got_there) {
  const auto end = run(R"(
name: never
nodes:
  - {id: n, action: set, repeat: {until: 'false', max: 3}, inputs: {v: 1}}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_EQ(end.tasks.at("n"), "failed: limit: after 3 iterations it is still not true that false");
}

TEST(flows, for_each_of_a_repeat_repeats_each_element) {
  const auto end = run(R"(
name: both
inputs: {list: {type: array, default: [1, 30]}}
nodes:
  - id: up
    action: set
    for_each: inputs.list
    repeat: {until: up.v > 40, max: 10}
    inputs: [{name: v, expr: (previous and previous.v or item) * 2}]
outputs: {v: up.v}
)");
  EXPECT_EQ(end.outputs, (json{{"v", {64, 60}}}));
}

TEST(flows, a_sub_flow_is_one_node) {
  const auto end = run(R"(
name: outer
inputs: {celsius: {type: number, default: 100}}
nodes:
  - {id: boiling, action: 'flow:fahrenheit', inputs: {celsius: "${inputs.celsius}"}}
  - {id: freezing, action: 'flow:fahrenheit', inputs: {celsius: 0}}
  - {id: span, action: set, inputs: [{name: v, expr: boiling.f - freezing.f}]}
outputs: {span: span.v}
flows:
  - name: fahrenheit
    inputs: {celsius: {type: number}}
    nodes:
      - {id: scaled, action: set, inputs: [{name: v, expr: inputs.celsius * 9 / 5}]}
      - {id: moved, action: set, inputs: [{name: v, expr: scaled.v + 32}]}
    outputs: {f: moved.v}
)");
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_EQ(end.outputs.at("span"), 180);
  EXPECT_EQ(end.tasks.at("boiling/moved"), "completed");
}

TEST(flows, a_node_that_fails_in_a_sub_flow_fails_its_node) {
  const auto end = run(R"(
name: outer
nodes:
  - {id: inner, action: 'flow:broken'}
  - {id: after, action: set, inputs: {v: "${inner.v}"}}
flows:
  - name: broken
    nodes:
      - {id: a, action: fail, inputs: {message: no luck, code: my.code}}
      - {id: b, action: set, dependencies: [a], inputs: {v: 1}}
    outputs: {v: b.v}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_EQ(end.tasks.at("inner"), "failed: my.code: a: no luck");
}

TEST(flows, for_each_runs_sub_flows) {
  const auto end = run(R"(
name: outer
inputs: {list: {type: array, default: [1, 2]}}
nodes:
  - {id: each, action: 'flow:twice', for_each: inputs.list, inputs: {n: "${item}"}}
outputs: {v: each.v}
flows:
  - name: twice
    inputs: {n: {type: integer}}
    nodes:
      - {id: a, action: set, inputs: [{name: v, expr: inputs.n * 2}]}
    outputs: {v: a.v}
)");
  EXPECT_EQ(end.outputs, (json{{"v", {2, 4}}}));
  EXPECT_EQ(end.tasks.at("each[1]/a"), "completed");
}

TEST(flows, declared_outputs_must_be_there_and_right) {
  const auto end = run(R"(
name: declared
config: {on_failure: continue}
nodes:
  - {id: missing, action: set, inputs: {a: 1}, outputs: [{name: a}, {name: b}]}
  - {id: more, action: set, inputs: {a: 1, c: 2}, outputs: [{name: a}]}
  - {id: wrong, action: set, inputs: {a: 1}, outputs: [{name: a, schema: {type: string}}]}
)");
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_NE(end.tasks.at("missing").find("missing outputs: 'b'"), std::string::npos);
  EXPECT_NE(end.tasks.at("more").find("not declared: 'c'"), std::string::npos);
  EXPECT_NE(end.tasks.at("wrong").find("/a"), std::string::npos) << end.tasks.at("wrong");
}

TEST(flows, a_failure_action_gets_the_error_and_the_inputs) {
  auto seen = json{};
  auto guard = std::mutex{};
  const auto end = run(R"(
name: notify
nodes:
  - {id: load, action: fail, inputs: {message: no room, code: my.code}, failure: tell}
)",
                       json::object(), [&](dagger::engine& to) {
                         to.add({.name = "tell", .run = [&](auto&, const json& in) -> outcome {
                                   auto lock = std::lock_guard{guard};
                                   seen = in;
                                   return json::object();
                                 }});
                       });
  EXPECT_EQ(end.state, job_state::failed);
  EXPECT_EQ(end.tasks.at("load.failure"), "completed");
  EXPECT_EQ(seen, (json{{"error", {{"code", "my.code"}, {"message", "no room"}}},
                        {"inputs", {{"message", "no room"}, {"code", "my.code"}}},
                        {"attempts", 1}}));
}

TEST(flows, one_failed_runs_what_stands_in) {
  const auto end = run(R"(
name: fallback
nodes:
  - {id: first, action: fail, inputs: {message: down}, optional: true}
  - {id: second, action: set, dependencies: [first], run_if: one_failed, inputs: {price: 12.5}}
  - id: price
    action: set
    run_if: all_done
    inputs: [{name: v, expr: first.price or second.price}]
outputs: {price: price.v}
)");
  EXPECT_EQ(end.state, job_state::completed) << testing::PrintToString(end.tasks);
  EXPECT_EQ(end.outputs, (json{{"price", 12.5}}));
}

} // namespace
