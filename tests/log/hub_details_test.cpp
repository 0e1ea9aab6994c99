// What the stories of hub_test.cpp pass by: numbers, restarts, many messages at once, exact bounds.
#include "support/hub_world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::hub_world;
using lines = std::vector<std::string>;

constexpr auto from_first = log::start{log::start::at::first};

group_options group(std::string name, std::uint32_t max_deliver = 2) {
  auto x = group_options{.name = std::move(name), .pattern = "orders"};
  x.max_deliver = max_deliver;
  x.backoff = {duration{1'000}};
  return x;
}

void publish_many(hub_world& w, int n) {
  auto x = log::messages_published{w.next_client(), "orders", {}};
  for (auto i = 0; i < n; ++i)
    x.messages.push_back({"", log::encode(message{.time = w.now, .data = payload::from(i)})});
  w.run(x);
}

TEST(hub_details, a_group_whose_engine_died_has_the_whole_month_from_the_next_start) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.wait(1h);
  w.crash();
  w.settle();
  w.wait(10 * 24h);
  w.crash();
  w.settle();
  w.wait(duration{limits::group_ttl} - 10 * 24h - 1s);
  EXPECT_EQ(w.rows(store::table::groups), 1u);
  w.wait(2s);
  EXPECT_EQ(w.rows(store::table::groups), 0u);
}

TEST(hub_details, a_group_without_members_wakes_nobody_but_to_be_forgotten) {
  auto w = hub_world{};
  w.publish("orders", 0);
  w.join(1, group("g"), from_first);
  auto xs = w.take(1);
  ASSERT_EQ(xs.size(), 1u);
  w.answer(1, xs[0], log::verdict::nak);
  w.leave(1);
  EXPECT_EQ(w.hub().wake_at(), w.now + limits::group_ttl);
}

TEST(hub_details, no_number_of_a_channel_or_group_is_given_twice) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.publish("orders", 0);
  w.leave(1);
  w.run(log::group_deleted{w.next_client(), "g"});
  w.run(log::channel_deleted{w.next_client(), "orders"});
  w.crash();
  w.settle();
  w.join(1, group("g"));
  EXPECT_EQ(w.publish("orders", 0), 0u);
  auto view = w.disk().read();
  EXPECT_EQ((*log::find_group(*view, "g"))->number, 2u);
  EXPECT_EQ(static_cast<std::uint32_t>((*log::find_channel(*view, "orders"))->log), 1'025u);
}

TEST(hub_details, who_is_far_behind_gets_each_message_as_it_was) {
  auto w = hub_world{};
  w.listen(1, "orders", {}, 1);
  w.join(2, group("g"), {}, 1);
  auto want = lines{};
  for (auto i = 0; i < 50; ++i)
    publish_many(w, 100);
  for (auto i = 0; i < 5'000; ++i)
    want.push_back("orders/" + std::to_string(i) + ": " + std::to_string(i % 100));
  EXPECT_GE((*log::find_channel(*w.disk().read(), "orders"))->counted_to, limits::rows_per_count);
  EXPECT_EQ(w.read(1), want);
  EXPECT_EQ(w.read(2), want);
}

TEST(hub_details, channels_that_are_not_on_disk_stay_in_memory) {
  auto w = hub_world{};
  for (auto i = 0; i < 1'100; ++i)
    w.apply(log::messages_published{
      w.next_client(), "c" + std::to_string(i), {{"", log::encode(message{})}}});
  w.apply(log::time_passed{});
  EXPECT_EQ(w.hub().channels_in_memory(), 1'100u);
  EXPECT_EQ(w.publish("c0", 1), 1u);
}

TEST(hub_details, less_time_is_taken_at_its_word) {
  auto w = hub_world{};
  w.publish("orders", 0);
  w.join(1, group("g"), from_first);
  auto xs = w.take(1);
  ASSERT_EQ(xs.size(), 1u);
  w.run(log::delivery_extended{1, xs[0].log, 0, 1, 1s});
  w.wait(3s); // and the pause before the next delivery
  EXPECT_EQ(w.take(1).size(), 1u);
}

TEST(hub_details, a_channel_holds_as_many_bytes_as_it_may) {
  auto w = hub_world{};
  auto size = log::encode(message{.time = w.now, .data = payload::from(0)}).size();
  w.declare({.name = "orders", .retention = {.max_bytes = 2 * size}});
  for (auto i = 0; i < 3; ++i)
    w.publish("orders", i);
  EXPECT_EQ(w.messages_of("orders").size(), 2u);
}

TEST(hub_details, a_letter_lasts_and_what_comes_back_begins_anew) {
  auto w = hub_world{};
  w.publish("orders", message{.expires = w.now + 1h, .data = payload::from(0)});
  w.join(1, group("g", 1), from_first);
  w.answer(1, w.take(1).at(0), log::verdict::nak);
  EXPECT_EQ(w.messages_of("orders.dead").at(0).expires, std::nullopt);
  w.wait(2h);
  w.run(log::dead_letters_redriven{w.next_client(), "orders"});
  auto back = w.messages_of("orders").at(1);
  EXPECT_EQ(back.time, w.now);
  EXPECT_EQ(back.only_for, "g");
  EXPECT_TRUE(back.headers.empty());
  w.answer(1, w.take(1).at(0), log::verdict::nak);
  EXPECT_EQ(w.messages_of("orders.dead").at(0).only_for, "");
}

TEST(hub_details, many_letters_come_back_once_however_often_they_are_asked_for) {
  auto w = hub_world{};
  w.join(1, group("g"), {}, 1'000);
  publish_many(w, 600);
  auto xs = w.take(1);
  for (auto more = w.take(1); !more.empty(); more = w.take(1))
    xs.insert(xs.end(), more.begin(), more.end());
  ASSERT_EQ(xs.size(), 600u);
  auto all = log::deliveries_answered{1, xs[0].log, {}};
  for (auto& x : xs)
    all.answers.push_back({x.position, 1, log::verdict::term});
  w.run(all);
  EXPECT_EQ(w.messages_of("orders.dead").size(), 600u);
  auto first = w.next_client();
  w.apply(log::dead_letters_redriven{first, "orders"});
  w.apply(log::dead_letters_redriven{w.next_client(), "orders"});
  w.settle();
  EXPECT_EQ(w.done.at(first), 600u);
  ASSERT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ(w.refusals[0].code, code::conflict);
  EXPECT_TRUE(w.messages_of("orders.dead").empty());
  EXPECT_EQ(w.messages_of("orders").size(), 1'200u);
  EXPECT_EQ(w.take(1).size(), 600u);
}

} // namespace
