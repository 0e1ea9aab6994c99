// What jobs and programs need of channels: delayed messages, follow-ups of acknowledgements, groups
// that end with their member, word that nothing is left to do, the engine's own log.
#include "support/hub_world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::hub_world;
using lines = std::vector<std::string>;

constexpr auto from_first = log::start{log::start::at::first};

group_options group(std::string name, std::string pattern = "orders") {
  auto x = group_options{.name = std::move(name), .pattern = std::move(pattern)};
  x.max_deliver = 2;
  x.backoff = {duration{1'000}};
  return x;
}

std::string row_of(const json& data, std::string id = {}) {
  auto x = message{.data = payload::from(data)};
  x.id = std::move(id);
  return log::encode(x);
}

// -- delayed ------------------------------------------------------------------

void delay(hub_world& w, const json& data, duration by, std::string id = {}) {
  auto x = log::messages_published{w.next_client(), "orders", {}};
  x.messages.push_back({id, row_of(data, id), w.now + by});
  w.run(x);
}

lines data_of(hub_world& w, const std::string& channel) {
  auto out = lines{};
  for (auto& x : w.messages_of(channel))
    out.emplace_back(x.data.bytes());
  return out;
}

TEST(hub_delayed, a_delayed_message_comes_in_its_time_whatever_happens_meanwhile) {
  auto w = hub_world{};
  delay(w, 1, 10s);
  delay(w, 2, 5s);
  w.publish("orders", 3);
  EXPECT_EQ(data_of(w, "orders"), (lines{"3"}));
  w.crash();
  w.settle();
  w.wait(5s);
  EXPECT_EQ(data_of(w, "orders"), (lines{"3", "2"}));
  w.wait(4s);
  EXPECT_EQ(data_of(w, "orders").size(), 2u);
  w.wait(1s);
  EXPECT_EQ(data_of(w, "orders"), (lines{"3", "2", "1"}));
  EXPECT_EQ(w.rows(store::table::delayed), 0u);
  EXPECT_EQ(w.hub().wake_at(), std::nullopt);
}

TEST(hub_delayed, one_that_is_not_on_disk_yet_comes_too_and_once) {
  auto w = hub_world{};
  auto x = log::messages_published{w.next_client(), "orders", {{"", row_of(1), w.now + 1s}}};
  w.apply(x);
  w.now += 1s;
  w.apply(log::time_passed{});
  w.apply(log::time_passed{});
  w.settle();
  w.wait(1h);
  EXPECT_EQ(data_of(w, "orders"), (lines{"1"}));
}

TEST(hub_delayed, a_crash_between_two_batches_neither_loses_nor_repeats_it) {
  for (auto kept = std::size_t{0}; kept < 3; ++kept) {
    auto w = hub_world{};
    delay(w, 1, 1s);
    w.now += 1s;
    w.apply(log::time_passed{});
    w.crash(kept);
    w.settle();
    w.wait(1h);
    EXPECT_EQ(data_of(w, "orders"), (lines{"1"})) << kept;
  }
}

TEST(hub_delayed, it_can_be_cancelled_by_its_id_until_it_comes) {
  auto w = hub_world{};
  delay(w, 1, 1s, "a");
  delay(w, 2, 1s, "b");
  delay(w, 3, 2s, "b"); // the same
  EXPECT_EQ(w.rows(store::table::delayed), 2u);
  w.run(log::delayed_cancelled{w.next_client(), "orders", "a"});
  EXPECT_TRUE(w.refusals.empty());
  w.run(log::delayed_cancelled{w.next_client(), "orders", "a"});
  ASSERT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ(w.refusals[0].code, code::not_found);
  w.wait(1h);
  EXPECT_EQ(data_of(w, "orders"), (lines{"2"}));
  w.run(log::delayed_cancelled{w.next_client(), "orders", "b"});
  EXPECT_EQ(w.refusals.size(), 2u);
  EXPECT_EQ(w.rows(store::table::delays), 0u);
}

TEST(hub_delayed, one_on_its_way_to_the_disk_is_cancelled_as_well) {
  auto w = hub_world{};
  w.apply(log::messages_published{w.next_client(), "orders", {{"a", row_of(1, "a"), w.now + 1s}}});
  w.apply(log::delayed_cancelled{w.next_client(), "orders", "a"});
  w.settle();
  w.wait(1h);
  EXPECT_TRUE(data_of(w, "orders").empty());
  EXPECT_EQ(w.rows(store::table::delayed), 0u);
}

TEST(hub_delayed, many_that_are_due_come_all) {
  auto w = hub_world{};
  for (auto i = 0; i < 700; ++i)
    delay(w, i, 1s);
  w.wait(1s);
  EXPECT_EQ(data_of(w, "orders").size(), 700u);
  EXPECT_EQ(data_of(w, "orders")[699], "699");
}

TEST(hub_delayed, its_channel_may_be_gone_by_then) {
  auto w = hub_world{};
  delay(w, 1, 1s, "a");
  w.run(log::channel_deleted{w.next_client(), "orders"});
  w.publish("orders", 2);
  w.wait(1h);
  EXPECT_EQ(data_of(w, "orders"), (lines{"2"}));
  EXPECT_EQ(w.rows(store::table::delayed), 0u);
}

// -- follow-ups ---------------------------------------------------------------

log::deliveries_answered with_follow_up(log::member_id who, const hub_world::received& x,
                                        const json& data) {
  auto said = log::answer{x.position, x.delivery};
  said.publishes.push_back({"out", "", row_of(data)});
  return {who, x.log, {said}};
}

TEST(hub_follow_up, what_follows_from_an_acknowledgement_is_in_its_batch) {
  for (auto kept = std::size_t{0}; kept < 2; ++kept) {
    auto w = hub_world{};
    w.join(1, group("g"));
    w.publish("orders", 1);
    w.apply(with_follow_up(1, w.take(1).at(0), "done"));
    EXPECT_EQ(w.in_flight(), 1u);
    w.crash(kept);
    w.settle();
    w.join(2, group("g"));
    EXPECT_EQ(w.take(2).size(), 1 - kept) << "either both or none";
    EXPECT_EQ(w.messages_of("out").size(), kept);
  }
}

TEST(hub_follow_up, an_answer_that_comes_too_late_publishes_nothing) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.publish("orders", 1);
  auto first = w.take(1).at(0);
  w.wait(limits::ack_wait + 1s);
  w.wait(2s);
  auto second = w.take(1).at(0);
  w.run(with_follow_up(1, first, "late"));
  EXPECT_TRUE(w.messages_of("out").empty());
  w.run(with_follow_up(1, second, "in time"));
  EXPECT_EQ(data_of(w, "out"), (lines{"\"in time\""}));
  w.run(with_follow_up(1, second, "twice"));
  EXPECT_EQ(data_of(w, "out").size(), 1u);
}

TEST(hub_follow_up, a_full_channel_takes_it_all_the_same) {
  auto w = hub_world{};
  w.declare({.name = "out", .retention = {.max_messages = 1}});
  w.join(9, group("slow", "out"));
  w.publish("out", 0);
  w.publish("out", 1);
  EXPECT_EQ(w.publish("out", 2), std::nullopt) << "the group keeps it full";
  w.join(1, group("g"));
  w.publish("orders", 1);
  w.run(with_follow_up(1, w.take(1).at(0), "taken"));
  EXPECT_EQ(data_of(w, "out").back(), "\"taken\"");
}

// -- groups that end with their member ----------------------------------------

TEST(hub_finished, a_group_goes_with_the_member_that_has_finished) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.publish("orders", 1);
  EXPECT_EQ(w.take(1).size(), 1u);
  w.run(log::member_finished{1});
  EXPECT_EQ(w.rows(store::table::groups), 0u);
  EXPECT_EQ(w.rows(store::table::cursors), 0u);
  w.run(log::member_finished{1}); // again: nothing
  w.publish("orders", 2);
  EXPECT_TRUE(w.take(1).empty());
}

TEST(hub_finished, it_stays_while_another_member_is_there) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.join(2, group("g"));
  w.run(log::member_finished{1});
  EXPECT_EQ(w.rows(store::table::groups), 1u);
  w.publish("orders", 1);
  EXPECT_EQ(w.take(2).size(), 1u);
}

// -- readers ------------------------------------------------------------------

TEST(hub_readers, a_message_that_needs_a_reader_is_refused_without_one) {
  auto w = hub_world{};
  auto ask = [&] {
    auto x = log::messages_published{w.next_client(), "orders", {{"", row_of(1)}}};
    x.needs_reader = true;
    w.refusals.clear();
    w.run(x);
    return w.refusals.empty();
  };
  EXPECT_FALSE(ask());
  EXPECT_TRUE(w.messages_of("orders").empty());
  w.listen(1, "or*");
  EXPECT_FALSE(ask()) << "a wildcard is a whole token";
  w.listen(2, "*");
  EXPECT_TRUE(ask());
  w.leave(2);
  EXPECT_FALSE(ask());
  w.join(3, group("g"));
  EXPECT_TRUE(ask());
  w.leave(3);
  EXPECT_FALSE(ask()) << "a group without members answers nobody";
}

TEST(hub_readers, who_begins_with_what_arrived_since_gets_just_that) {
  auto w = hub_world{};
  auto times = std::vector<timestamp>{};
  for (auto i = 0; i < 5; ++i) {
    times.push_back(w.now);
    // Written long before: what counts is when it was on disk.
    w.publish("orders", message{.time = w.now - 1h, .data = payload::from(i)});
    w.now += 1s;
  }
  auto who = log::member_id{1};
  for (auto i = 0; i < 5; ++i, ++who) {
    w.join(who, group("g" + std::to_string(i)),
           log::start::at_arrival(times[static_cast<std::size_t>(i)]));
    EXPECT_EQ(w.read(who).size(), static_cast<std::size_t>(5 - i));
  }
  w.join(who, group("after"), log::start::at_arrival(w.now));
  EXPECT_TRUE(w.read(who).empty());
}

// -- quiet --------------------------------------------------------------------

TEST(hub_quiet, word_comes_when_the_last_message_is_answered_and_on_disk) {
  auto w = hub_world{};
  w.join(1, group("g"));
  w.join(2, group("h", "out"));
  auto ask = w.next_client();
  w.publish("orders", 1);
  auto x = w.take(1).at(0);
  w.run(log::quiet_wanted{ask, {"g", "h"}});
  EXPECT_FALSE(w.done.contains(ask));
  w.run(with_follow_up(1, x, "more"));
  EXPECT_FALSE(w.done.contains(ask)) << "what follows is not answered";
  w.answer(2, w.take(2).at(0), log::verdict::nak);
  EXPECT_FALSE(w.done.contains(ask)) << "it comes again";
  w.wait(2s);
  w.answer(2, w.take(2).at(0), log::verdict::ack);
  EXPECT_TRUE(w.done.contains(ask));
  ask = w.next_client();
  w.run(log::quiet_wanted{ask, {"g", "nobody"}});
  EXPECT_TRUE(w.done.contains(ask));
}

TEST(hub_quiet, what_was_given_up_is_answered) {
  auto w = hub_world{};
  w.join(1, group("g"));
  auto ask = w.next_client();
  w.publish("orders", 1);
  w.run(log::quiet_wanted{ask, {"g"}});
  w.answer(1, w.take(1).at(0), log::verdict::term, "no");
  EXPECT_TRUE(w.done.contains(ask));
}

// -- schemas ------------------------------------------------------------------

TEST(hub_schema, a_new_schema_must_keep_what_the_channel_promises) {
  auto w = hub_world{};
  auto old_schema = json{{"type", "object"}, {"properties", {{"id", {{"type", "integer"}}}}}};
  auto narrower = old_schema;
  narrower["required"] = {"id"};
  w.declare({.name = "orders", .schema = old_schema, .compatibility = compatibility::backward});
  w.declare({.name = "orders", .schema = narrower, .compatibility = compatibility::none});
  ASSERT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ(w.refusals[0].code, code::conflict);
  EXPECT_NE(w.refusals[0].message.find("'id' was not required"), std::string::npos)
    << w.refusals[0].message;
  w.declare({.name = "orders", .schema = old_schema});
  w.declare({.name = "orders", .schema = narrower});
  EXPECT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ((*log::find_channel(*w.disk().read(), "orders"))->schema_version, 2u);
}

} // namespace
