// Long random histories against the model; DAGGER_SEED repeats one of them alone.
#include <support/histories.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace dagger::test {

namespace {

constexpr auto seeds = std::uint64_t{24};
constexpr auto steps = std::uint32_t{1'000};

void wander_all(std::uint64_t first, std::uint64_t last, const world_options& options) {
  if (const auto* chosen = std::getenv("DAGGER_SEED"))
    first = last = std::stoull(chosen);
  for (auto seed = first; seed <= last; ++seed) {
    const auto result = wander(seed, steps, options);
    ASSERT_EQ(result.problem, "") << "DAGGER_SEED=" << seed << ", step " << result.steps;
  }
  std::cout << "seeds " << first << " to " << last << ", " << steps << " steps each\n";
}

} // namespace

TEST(random_history, long_ones_follow_the_model) {
  wander_all(1, seeds, {});
}

TEST(random_history, an_engine_that_takes_up_only_named_jobs_follows_the_model) {
  wander_all(1'001, 1'000 + seeds / 2, {.scope = plan::scope::named});
}

} // namespace dagger::test
