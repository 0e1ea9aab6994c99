// Names and patterns: the index against the walk, the walk against a table.
#include <dagger/log/pattern_index.hpp>

#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace dagger;

/// All texts of one to three tokens out of these.
std::vector<std::string> texts(const std::vector<std::string>& tokens) {
  auto out = tokens;
  for (auto from = std::size_t{0}, round = std::size_t{0}; round < 2; ++round) {
    auto end = out.size();
    for (; from < end; ++from)
      for (auto& token : tokens)
        out.push_back(out[from] + "." + token);
  }
  return out;
}

TEST(pattern, matches_what_it_says) {
  struct row {
    const char* pattern;
    const char* name;
    bool yes;
  };
  for (auto& x : std::initializer_list<row>{
         {"orders.created", "orders.created", true},
         {"orders.created", "orders.create", false},
         {"orders.*", "orders.created", true},
         {"orders.*", "orders", false},
         {"orders.*", "orders.eu.created", false},
         {"orders.>", "orders.eu.created", true},
         {"orders.>", "orders", false},
         {">", "orders", true},
         {"*.created", "orders.created", true},
         {"orders.>", "orders.dead", false},
         {"orders.*", "orders.dead", false},
         {"orders.dead", "orders.dead", true},
         {"*.dead", "orders.dead", true},
         {"orders.*.dead", "orders.eu.dead", true},
         {">", "orders.eu.dead", false},
         {">", "dagger.jobs", false},
         {"*.jobs", "dagger.jobs", false},
         {"dagger.>", "dagger.jobs", true},
         {"dagger.jobs.>", "dagger.jobs.j1", true},
       })
    EXPECT_EQ(log::matches(x.pattern, x.name), x.yes) << x.pattern << " " << x.name;
}

TEST(pattern, the_index_finds_what_a_walk_over_all_patterns_finds) {
  auto names = texts({"a", "b", "dead", "dagger"});
  auto index = log::pattern_index<std::string>{};
  auto patterns = std::set<std::string>{};
  for (auto& x : texts({"a", "*", ">", "dead", "dagger"}))
    if (log::check_pattern(x)) {
      index.add(x, x);
      patterns.insert(x);
    }
  ASSERT_GT(patterns.size(), 100u);
  auto compare = [&] {
    for (auto& name : names) {
      auto found = std::set<std::string>{};
      index.match(name, [&](auto& x) { EXPECT_TRUE(found.insert(x).second) << x; });
      auto expected = std::set<std::string>{};
      for (auto& x : patterns)
        if (log::matches(x, name))
          expected.insert(x);
      ASSERT_EQ(found, expected) << name;
    }
  };
  compare();
  for (auto i = 0; !patterns.empty(); ++i) {
    auto gone = *std::next(patterns.begin(), i * 7 % static_cast<int>(patterns.size()));
    index.remove(gone, gone);
    patterns.erase(gone);
    if (i % 10 == 0)
      compare();
  }
  EXPECT_TRUE(index.empty());
}

TEST(pattern, what_is_neither_name_nor_pattern_is_refused) {
  for (auto x : {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\x7f", "\xff"}) {
    EXPECT_FALSE(log::check_name(x)) << x;
    EXPECT_FALSE(log::check_pattern(x)) << x;
  }
  for (auto x : {"a*", "*a.b", "a.>.b", ">>", "a.b>"})
    EXPECT_FALSE(log::check_pattern(x)) << x;
  for (auto x : {"dagger", "dagger.jobs", "a.dead", "dead"}) {
    EXPECT_TRUE(log::check_name(x)) << x;
    EXPECT_FALSE(log::check_writable(x)) << x;
  }
  auto longest = std::string(limits::channel_bytes - 5, 'x');
  EXPECT_TRUE(log::check_writable(longest));
  EXPECT_FALSE(log::check_writable(longest + "x"));
  EXPECT_TRUE(log::check_name(log::dead_letters_of(longest)));
}

} // namespace
