// The decisions alone, beside the model: no actor system, no thread, every order of ends.
#include <model/flow_model.hpp>

#include <dagger/graph/ready_queue.hpp>
#include <dagger/graph/run.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace dagger {

namespace {

graph::graph graph_of(const model::flow& x) {
  auto ends = std::vector<std::uint32_t>{};
  auto before = std::vector<std::uint32_t>{};
  auto rules = std::vector<graph::node_rule>{};
  for (auto& n : x.nodes) {
    before.insert(before.end(), n.before.begin(), n.before.end());
    ends.push_back(static_cast<std::uint32_t>(before.size()));
    rules.push_back({n.run_if, n.on_failure, n.optional});
  }
  return {std::move(ends), std::move(before), std::move(rules)};
}

/// Runs what is ready in any order; states as the run has them at the end.
std::vector<task_state> run_in_any_order(const model::flow& x, graph::run& run,
                                         graph::run::nodes ready, std::mt19937& random) {
  auto failures = std::vector<std::uint32_t>(x.nodes.size());
  while (!ready.empty()) {
    std::swap(ready[random() % ready.size()], ready.back());
    auto node = ready.back();
    ready.pop_back();
    auto verdict = run.may_start(node);
    if (verdict == graph::run::verdict::skip)
      run.stopped(node, ready);
    if (verdict != graph::run::verdict::start)
      continue;
    auto& said = x.nodes[node];
    if (!said.condition)
      run.skipped(node, ready);
    else if (failures[node] >= said.failing)
      run.completed(node, ready);
    else if (++failures[node] < said.max_attempts)
      ready.push_back(node);
    else
      run.failed(node, ready);
  }
  auto states = std::vector<task_state>{};
  for (auto i = std::uint32_t{0}; i < x.nodes.size(); ++i)
    states.push_back(run.at(i).state);
  return states;
}

TEST(flow_run, every_order_of_ends_comes_to_what_is_done_by_hand) {
  for (auto seed = 1u; seed <= 3'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = std::mt19937{seed};
    auto x = model::random_flow(random, 25, false);
    auto shape = graph_of(x);
    auto run = graph::run{shape, x.policy};
    auto ready = graph::run::nodes{};
    run.begin(ready);
    auto states = run_in_any_order(x, run, ready, random);
    auto wanted = model::run_by_hand(x);
    ASSERT_EQ(run.finish(), wanted.state);
    for (auto i = std::uint32_t{0}; i < states.size(); ++i)
      ASSERT_EQ(states[i], wanted.nodes[i].state) << model::name_of(i) << "\n" << to_text(x);
  }
}

TEST(flow_run, a_stopped_run_starts_only_what_must_see_the_end) {
  for (auto seed = 1u; seed <= 3'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = std::mt19937{seed};
    auto x = model::random_flow(random, 25, true);
    auto shape = graph_of(x);
    auto run = graph::run{shape, x.policy};
    auto ready = graph::run::nodes{};
    run.begin(ready);
    auto states = run_in_any_order(x, run, ready, random);
    auto end = run.finish();
    if (end == job_state::paused) {
      ready.clear();
      run.resume(ready);
      for (auto& n : x.nodes)
        n.failing = 0;
      states = run_in_any_order(x, run, ready, random);
      EXPECT_NE(run.finish(), job_state::paused);
    }
    for (auto i = std::uint32_t{0}; i < states.size(); ++i)
      ASSERT_TRUE(settled(states[i])) << model::name_of(i) << "\n" << to_text(x);
  }
}

TEST(flow_run, what_a_cancelled_run_has_not_reached_is_cancelled) {
  auto shape = graph::graph{{0, 1, 2}, {0, 1}};
  auto run = graph::run{shape, on_failure::stop};
  auto ready = graph::run::nodes{};
  run.begin(ready);
  EXPECT_EQ(ready, graph::run::nodes{0});
  run.cancel();
  ready.clear();
  run.completed(0, ready);
  EXPECT_TRUE(ready.empty());
  EXPECT_EQ(run.finish(), job_state::cancelled);
  EXPECT_EQ(run.at(0).state, task_state::completed);
  EXPECT_EQ(run.at(1).state, task_state::cancelled);
  EXPECT_EQ(run.at(2).state, task_state::cancelled);
}

TEST(flow_run, a_failure_that_stops_counts_though_the_run_is_held) {
  auto shape = graph::graph{
    {0, 0},
    {},
    {{run_if::all_success, on_failure::pause}, {run_if::all_success, on_failure::stop, true}}};
  auto run = graph::run{shape, on_failure::carry_on};
  auto ready = graph::run::nodes{};
  run.begin(ready);
  ASSERT_EQ(ready.size(), 2u);
  run.failed(0, ready);
  run.failed(1, ready); // it was on its way when the other one paused the run
  EXPECT_EQ(run.finish(), job_state::paused);
  run.resume(ready);
  run.completed(0, ready);
  EXPECT_EQ(run.finish(), job_state::failed);
}

TEST(flow_run, a_node_twice_before_another_counts_twice) {
  auto shape = graph::graph{{0, 2}, {0, 0}};
  auto run = graph::run{shape, on_failure::stop};
  auto ready = graph::run::nodes{};
  run.completed(0, ready);
  EXPECT_EQ(ready, graph::run::nodes{1});
}

TEST(flow_run, the_queue_goes_by_priority_then_order_and_lets_those_pass_that_fit) {
  auto queue = graph::ready_queue{{2}};
  queue.push({.priority = 0, .node = 1}, {});
  queue.push({.priority = 5, .node = 4}, {{0, 2}});
  queue.push({.priority = 5, .node = 3}, {{0, 1}});
  queue.push({.priority = 0, .node = 0}, {});
  auto order = std::vector<std::uint32_t>{};
  while (auto next = queue.pop())
    order.push_back(next->node);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{3, 0, 1}));
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.has_next());
  queue.give_back({{0, 1}});
  ASSERT_TRUE(queue.has_next());
  EXPECT_TRUE(queue.take_if([](auto& x) { return x.node != 4; }).empty());
  EXPECT_EQ(queue.pop()->node, 4u);
  EXPECT_TRUE(queue.empty());
}

} // namespace

} // namespace dagger
