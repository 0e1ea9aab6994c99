// Backpressure on submits.
#include "agents.hpp"

#include <dagger/actors/clients.hpp>

#include <gtest/gtest.h>

#include <future>

namespace dagger {

namespace {

using namespace test;
using actors::clients;

/// The numbers of `n` clients that came in.
std::vector<plan::client_id> fill(clients& x, std::size_t n, std::size_t bytes = 1) {
  auto ids = std::vector<plan::client_id>{};
  for (auto i = std::size_t{0}; i < n; ++i)
    ids.push_back(x.open("job", bytes).value().id);
  return ids;
}

TEST(backpressure, a_submit_waits_until_one_of_those_in_flight_is_on_disk) {
  auto waiting = clients{nullptr};
  auto ids = fill(waiting, limits::submits_in_flight);
  auto next = std::async(std::launch::async, [&] { return waiting.open("next", 1).has_value(); });
  EXPECT_EQ(next.wait_for(20ms), std::future_status::timeout);
  waiting.accept(ids[7], true);
  EXPECT_TRUE(next.get());
}

TEST(backpressure, bytes_count_as_well) {
  auto waiting = clients{nullptr};
  auto ids = fill(waiting, 2, limits::submit_bytes_in_flight / 2);
  auto next = std::async(std::launch::async, [&] { return waiting.open("next", 1).has_value(); });
  EXPECT_EQ(next.wait_for(20ms), std::future_status::timeout);
  waiting.refuse(ids[0], error{code::conflict, "no"});
  EXPECT_TRUE(next.get());
}

TEST(backpressure, a_submit_larger_than_the_bound_passes_alone) {
  auto waiting = clients{nullptr};
  EXPECT_TRUE(waiting.open("huge", 2 * limits::submit_bytes_in_flight));
}

TEST(backpressure, never_holds_a_thread_of_the_engine) {
  auto waiting = clients{nullptr};
  fill(waiting, limits::submits_in_flight);
  auto owner = actors::engine_owned{};
  EXPECT_TRUE(waiting.open("next", 1));
}

TEST(backpressure, ends_with_the_engine) {
  auto waiting = clients{nullptr};
  fill(waiting, limits::submits_in_flight);
  auto next = std::async(std::launch::async, [&] { return waiting.open("next", 1).has_value(); });
  waiting.close(error{code::interrupted, "the end"});
  EXPECT_FALSE(next.get());
}

} // namespace

} // namespace dagger
