// The walks of history_test.cpp and random_test.cpp at full length.
#include <plan/alphabets.hpp>

#include <gtest/gtest.h>

#include <iostream>

namespace dagger::test {

TEST(long_history, every_alphabet_follows_the_model_over_longer_histories) {
  for (const auto& a : all_alphabets())
    for (auto mode : {disk::at_once, disk::any_prefix}) {
      const auto result = walk(a, mode == disk::at_once ? 6 : 5, mode, 3);
      std::cout << a.name << ": " << result.histories << " histories, " << result.steps
                << " steps\n";
      ASSERT_EQ(result.problem, "");
    }
}

TEST(long_history, many_long_random_ones_follow_the_model) {
  for (auto seed = std::uint64_t{100'000}; seed < 100'200; ++seed)
    for (auto scope : {plan::scope::every_job, plan::scope::named}) {
      const auto result = wander(seed, 3'000, {.scope = scope});
      ASSERT_EQ(result.problem, "") << "seed " << seed << ", step " << result.steps;
    }
}

} // namespace dagger::test
