// Cycle search against a slow one that is obviously right.
#include <dagger/graph/cycle.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace {

using dagger::graph::find_cycles;
using dagger::graph::predecessors;
using lists = std::vector<std::vector<std::uint32_t>>;

predecessors graph_of(const lists& before) {
  auto made = predecessors{};
  for (auto& xs : before) {
    for (auto x : xs)
      made.add(x);
    made.end_node();
  }
  return made;
}

/// Takes nodes away that wait for nothing, until none is left or all wait.
bool has_cycle(const lists& before) {
  auto gone = std::vector<bool>(before.size());
  for (auto round = std::size_t{0}; round < before.size(); ++round)
    for (auto i = std::size_t{0}; i < before.size(); ++i)
      if (std::all_of(before[i].begin(), before[i].end(), [&](auto x) { return gone[x]; }))
        gone[i] = true;
  return std::find(gone.begin(), gone.end(), false) != gone.end();
}

TEST(cycle, a_cycle_is_listed_in_order_of_execution_from_its_lowest_node) {
  // 2 after 1, 1 after 0, 0 after 2: 0, 1, 2.
  EXPECT_EQ(find_cycles(graph_of({{2}, {0}, {1}})), (lists{{0, 1, 2}}));
  EXPECT_EQ(find_cycles(graph_of({{}, {1}})), (lists{{1}}));
  EXPECT_EQ(find_cycles(graph_of({{1}, {0}, {3}, {2}})), (lists{{0, 1}, {2, 3}}));
  EXPECT_EQ(find_cycles(graph_of({{}, {0}, {0, 1, 1}})), lists{});
}

TEST(cycle, random_graphs_agree_with_the_slow_check) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  auto with = 0, without = 0;
  for (auto round = 0; round < 5'000; ++round) {
    auto size = 1 + random() % 12;
    auto before = lists(size);
    for (auto edges = random() % (size + 3); edges > 0; --edges)
      before[random() % size].push_back(static_cast<std::uint32_t>(random() % size));
    auto found = find_cycles(graph_of(before));
    ASSERT_EQ(!found.empty(), has_cycle(before));
    ++(found.empty() ? without : with);
    for (auto& cycle : found)
      for (auto i = std::size_t{0}; i < cycle.size(); ++i) {
        auto& after = before[cycle[(i + 1) % cycle.size()]];
        ASSERT_NE(std::find(after.begin(), after.end(), cycle[i]), after.end());
      }
  }
  EXPECT_GT(with, 500);
  EXPECT_GT(without, 500);
}

TEST(cycle, a_ring_of_a_million_nodes_needs_no_stack) {
  auto ring = predecessors{};
  for (auto i = std::uint32_t{0}; i < 1'000'000; ++i) {
    ring.add((i + 1) % 1'000'000);
    ring.end_node();
  }
  auto found = find_cycles(ring);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].size(), 1'000'000u);
  EXPECT_EQ(found[0][0], 0u);
  EXPECT_EQ(found[0][1], 999'999u);
}

TEST(cycle, at_most_the_wanted_number_is_listed) {
  auto pairs = lists{};
  for (auto i = std::uint32_t{0}; i < 100; ++i)
    pairs.push_back({i ^ 1});
  EXPECT_EQ(find_cycles(graph_of(pairs)).size(), 10u);
  EXPECT_EQ(find_cycles(graph_of(pairs), 3).size(), 3u);
}

} // namespace
