// The order of added tasks, edge by edge, against a search of the whole graph.
#include "agents.hpp"

#include <dagger/actors/order.hpp>
#include <dagger/graph/cycle.hpp>

#include <gtest/gtest.h>

#include <random>

namespace dagger {

namespace {

using namespace test;

plan::task_spec spec_of(std::string name, std::vector<task_ref> after = {}) {
  return plan::to_spec({.name = std::move(name), .agent = "x", .after = std::move(after)});
}

TEST(order, names_the_cycle_that_an_edge_would_close) {
  auto x = actors::order{std::nullopt};
  x.add(spec_of("a"));
  x.add(spec_of("b", {task_ref::nth(0)}));
  x.add(spec_of("c", {task_ref::nth(1)}));
  EXPECT_EQ(x.cycle(0, 2), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(x.cycle(0, 0), (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(x.cycle(2, 0).empty());
}

TEST(order, a_name_may_come_after_the_task_that_waits_for_it) {
  auto x = actors::order{std::nullopt};
  x.add(spec_of("first", {"second"}));
  x.add(spec_of("second"));
  EXPECT_TRUE(x.cycle(0, 1).empty());
  EXPECT_EQ(x.cycle(1, 0), (std::vector<std::uint32_t>{0, 1}));
}

TEST(order, stored_tasks_have_their_numbers_and_bring_what_they_wait_for) {
  auto stored = std::vector<plan::task_status>(3);
  for (auto i = 0u; i < 3; ++i) {
    stored[i].number = i;
    stored[i].name = std::string(1, static_cast<char>('a' + i));
  }
  stored[1].after = {0};
  stored[1].state = task_state::suspended;
  stored[1].waited = {2};
  auto x = actors::order{stored};
  x.add(spec_of("new", {"b"}));
  EXPECT_EQ(x.number_of("c"), 2u);
  EXPECT_EQ(x.number_of(task_ref::nth(0)), 3u);
  EXPECT_FALSE(x.number_of("nobody"));
  EXPECT_FALSE(x.number_of(task_ref::nth(1)));
  EXPECT_EQ(x.cycle(2, 3), (std::vector<std::uint32_t>{1, 3, 2}));
  EXPECT_TRUE(x.cycle(3, 2).empty());
}

TEST(order, agrees_with_a_search_of_the_whole_graph) {
  auto random = std::mt19937{7};
  for (auto round = 0; round < 60; ++round) {
    auto size = 2 + random() % 20;
    auto x = actors::order{std::nullopt};
    for (auto i = 0u; i < size; ++i)
      x.add(spec_of("t" + std::to_string(i)));
    auto before = std::vector<std::vector<std::uint32_t>>(size);
    for (auto i = 0; i < 60; ++i) {
      auto later = static_cast<std::uint32_t>(random() % size);
      auto earlier = static_cast<std::uint32_t>(random() % size);
      before[later].push_back(earlier);
      auto edges = graph::predecessors{};
      for (auto& list : before) {
        for (auto on : list)
          edges.add(on);
        edges.end_node();
      }
      auto expected = !graph::find_cycles(edges, 1).empty();
      auto cycle = x.cycle(later, earlier);
      ASSERT_EQ(!cycle.empty(), expected) << "round " << round << ", edge " << i;
      // Each comes after the one before it.
      for (auto at = std::size_t{0}; at < cycle.size(); ++at) {
        auto& list = before[cycle[(at + 1) % cycle.size()]];
        EXPECT_NE(std::find(list.begin(), list.end(), cycle[at]), list.end());
      }
      if (expected)
        before[later].pop_back();
      else
        x.put(later, earlier);
    }
  }
}

TEST(order, a_visit_adds_thousands_of_tasks_and_dependencies) {
  auto engine = dagger::engine{};
  engine.add(quick());
  auto codes = std::vector<std::string>{};
  engine.add(named("parent", [&](task& self, const json&) -> outcome {
    auto added = std::vector<task_ref>{};
    for (auto i = 0; i < 4'000; ++i) {
      added.push_back(self.add_task({.name = "n" + std::to_string(i), .agent = "quick"}));
      if (i > 0)
        self.add_dependency(added[i], added[i - 1]);
    }
    self.add_dependency("last", added.back());
    auto code_of = [&](const std::function<void()>& run) {
      try {
        run();
      } catch (const error& why) {
        codes.push_back(why.code);
      }
    };
    code_of([&] { self.add_dependency(added.front(), "last"); });
    code_of([&] { self.add_dependency(added.front(), "nobody"); });
    code_of([&] { self.add_dependency("first", added.front()); });
    code_of([&] { self.add_task({.name = "n7", .agent = "quick"}); });
    return json(1);
  }));
  auto job = dagger::job{"job"};
  auto first = job.add({.name = "first", .agent = "parent"});
  job.add({.name = "last", .agent = "quick", .after = {first}});
  auto result = got(engine.submit(job));
  ASSERT_TRUE(result.completed());
  EXPECT_EQ(codes, (std::vector<std::string>{"wait_cycle", "not_found", "misuse", "conflict"}));
  auto tasks = result.tasks();
  EXPECT_EQ(tasks.size(), 4'002u);
  EXPECT_EQ(tasks[1].after, (std::vector<std::uint32_t>{0, 4'001}));
}

} // namespace

} // namespace dagger
