// Channels and groups, one story each.
#include "support/hub_world.hpp"

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::hub_world;
using lines = std::vector<std::string>;

group_options group(std::string name, std::string pattern) {
  auto x = group_options{.name = std::move(name), .pattern = std::move(pattern)};
  x.max_deliver = 2;
  x.backoff = {duration{1'000}};
  return x;
}

constexpr auto from_first = log::start{log::start::at::first};

TEST(hub, positions_are_dense_and_each_group_gets_each_message) {
  auto w = hub_world{};
  for (auto i = 0; i < 3; ++i)
    EXPECT_EQ(w.publish("orders", i), static_cast<std::uint64_t>(i));
  w.join(1, group("billing", "orders"), from_first);
  w.join(2, group("mail", "orders"), from_first);
  w.publish("orders", 3);
  auto all = lines{"orders/0: 0", "orders/1: 1", "orders/2: 2", "orders/3: 3"};
  EXPECT_EQ(w.read(1), all);
  EXPECT_EQ(w.read(2), all);
  EXPECT_TRUE(w.refusals.empty());
}

TEST(hub, who_listens_begins_where_it_says) {
  auto w = hub_world{};
  for (auto i = 0; i < 4; ++i) {
    w.publish("a.b", i);
    w.now += 1s;
  }
  w.listen(1, "a.b");
  w.listen(2, "a.b", from_first);
  w.listen(3, "a.*", {log::start::at::last});
  w.listen(4, "a.b", {log::start::at::position, 2});
  w.listen(5, "a.>", {log::start::at::time, 0, w.now - 3s});
  w.publish("a.b", 4);
  w.publish("a.c", 5);
  EXPECT_EQ(w.read(1), (lines{"a.b/4: 4"}));
  EXPECT_EQ(w.read(2), (lines{"a.b/0: 0", "a.b/1: 1", "a.b/2: 2", "a.b/3: 3", "a.b/4: 4"}));
  EXPECT_EQ(w.read(3), (lines{"a.b/3: 3", "a.b/4: 4", "a.c/0: 5"}));
  EXPECT_EQ(w.read(4), (lines{"a.b/2: 2", "a.b/3: 3", "a.b/4: 4"}));
  EXPECT_EQ(w.read(5), (lines{"a.b/1: 1", "a.b/2: 2", "a.b/3: 3", "a.b/4: 4", "a.c/0: 5"}));
}

TEST(hub, a_group_reads_channels_that_are_born_later_from_their_first_message) {
  auto w = hub_world{};
  w.publish("orders.old", 1);
  w.join(1, group("g", "orders.>"));
  w.leave(1);
  w.publish("orders.new", 2);
  w.publish("orders.old", 3);
  w.join(1, group("g", "orders.>"));
  auto got = w.read(1);
  std::ranges::sort(got);
  EXPECT_EQ(got, (lines{"orders.new/0: 2", "orders.old/1: 3"}));
}

TEST(hub, the_same_id_in_the_window_is_stored_once) {
  auto w = hub_world{};
  auto x = message{};
  x.id = "order-1";
  x.data = payload::from(1);
  EXPECT_EQ(w.publish("orders", 0), 0u);
  EXPECT_EQ(w.publish("orders", x), 1u);
  w.wait(119s);
  x.time = w.now;
  EXPECT_EQ(w.publish("orders", x), 1u);
  w.crash();
  EXPECT_EQ(w.publish("orders", x), 1u);
  w.wait(2s);
  x.time = w.now;
  EXPECT_EQ(w.publish("orders", x), 2u);
  EXPECT_EQ(w.publish("orders", x), 2u);
  EXPECT_EQ(w.messages_of("orders").size(), 3u);
}

TEST(hub, what_cannot_be_delivered_goes_to_the_dead_letters_and_back_to_its_group_alone) {
  auto w = hub_world{};
  w.publish("orders", json{{"id", 7}}, "k");
  w.join(1, group("bad", "orders"), from_first);
  w.join(2, group("good", "orders"), from_first);
  EXPECT_EQ(w.read(2).size(), 1u);
  auto got = w.take(1);
  ASSERT_EQ(got.size(), 1u);
  w.answer(1, got[0], log::verdict::nak, "no");
  EXPECT_TRUE(w.take(1).empty()) << "before the pause is over";
  w.wait(1s);
  got = w.take(1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].delivery, 2u);
  w.answer(1, got[0], log::verdict::nak, "still no");
  w.wait(1h);
  EXPECT_TRUE(w.take(1).empty());
  auto letters = w.messages_of("orders.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].data.value(), (json{{"id", 7}}));
  EXPECT_EQ(letters[0].key, "k");
  EXPECT_EQ(letters[0].headers["dagger-group"], "bad");
  EXPECT_EQ(letters[0].headers["dagger-reason"], "still no");
  EXPECT_EQ(letters[0].headers["dagger-deliveries"], "2");
  EXPECT_EQ(letters[0].headers["dagger-position"], "0");

  auto client = w.next_client();
  w.run(log::dead_letters_redriven{client, "orders"});
  EXPECT_EQ(w.done.at(client), 1u);
  EXPECT_TRUE(w.messages_of("orders.dead").empty());
  EXPECT_EQ(w.read(1), (lines{"orders/1: {\"id\":7}"}));
  EXPECT_TRUE(w.read(2).empty()) << "it has had it";
}

TEST(hub, what_nobody_answers_in_time_goes_to_another_member) {
  auto w = hub_world{};
  w.join(1, group("g", "orders"), {}, 1);
  w.publish("orders", 0);
  ASSERT_EQ(w.take(1).size(), 1u);
  w.join(2, group("g", "orders"));
  w.wait(31s);
  EXPECT_EQ(w.read(2), (lines{"orders/0: 0"}));
}

TEST(hub, members_share_and_what_one_leaves_behind_the_other_gets) {
  auto w = hub_world{};
  w.join(1, group("g", "orders"), {}, 2);
  w.join(2, group("g", "orders"), {}, 2);
  for (auto i = 0; i < 6; ++i)
    w.publish("orders", i);
  auto first = w.take(1);
  auto second = w.take(2);
  EXPECT_EQ(first.size(), 2u);
  EXPECT_EQ(second.size(), 2u) << "none has more than it may";
  w.leave(1);
  for (auto& x : second)
    w.answer(2, x, log::verdict::ack);
  auto rest = w.read(2);
  EXPECT_EQ(rest.size(), 4u);
  EXPECT_EQ(w.rows(store::table::attempts), 0u);
  EXPECT_EQ(w.rows(store::table::acks), 0u);
}

TEST(hub, a_message_that_kills_the_engine_takes_no_other_with_it) {
  auto w = hub_world{};
  for (auto i = 0; i < 5; ++i)
    w.publish("orders", i);
  for (auto start = 0; start < 2; ++start) {
    w.join(1, group("g", "orders"), from_first);
    for (auto xs = w.take(1); !xs.empty(); xs = w.take(1)) {
      EXPECT_EQ(xs.size(), start == 0 ? 5u : 1u) << "alone after a crash";
      if (start == 0 || xs[0].position == 2)
        break; // the engine dies
      for (auto& x : xs)
        w.answer(1, x, log::verdict::ack);
    }
    w.crash();
  }
  w.join(1, group("g", "orders"), from_first);
  EXPECT_EQ(w.read(1), (lines{"orders/3: 3", "orders/4: 4"}));
  auto letters = w.messages_of("orders.dead");
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].headers["dagger-position"], "2");
}

TEST(hub, messages_of_a_key_come_one_after_the_other) {
  auto w = hub_world{};
  auto how = group("g", "orders");
  how.ordered_by_key = true;
  w.join(1, how);
  w.join(2, how);
  for (auto i = 0; i < 6; ++i)
    w.publish("orders", i, i % 2 == 0 ? "even" : "odd");
  auto seen = std::map<std::string, std::vector<std::uint64_t>>{};
  for (auto round = 0; round < 3; ++round) {
    auto xs = w.take(1);
    for (auto& x : w.take(2))
      xs.push_back(x);
    EXPECT_EQ(xs.size(), 2u) << "one of each key";
    for (auto& x : xs)
      seen[x.what.key].push_back(x.position);
    for (auto& x : xs) {
      w.answer(1, x, log::verdict::ack);
      w.answer(2, x, log::verdict::ack);
    }
  }
  EXPECT_EQ(seen["even"], (std::vector<std::uint64_t>{0, 2, 4}));
  EXPECT_EQ(seen["odd"], (std::vector<std::uint64_t>{1, 3, 5}));
}

TEST(hub, what_has_expired_is_skipped_and_counted) {
  auto w = hub_world{};
  auto x = message{};
  x.data = payload::from(1);
  x.expires = w.now + 10s;
  w.publish("orders", x);
  w.publish("orders", 2);
  w.wait(10s);
  w.join(1, group("g", "orders"), from_first);
  w.listen(2, "orders", from_first);
  EXPECT_EQ(w.read(1), (lines{"orders/1: 2"}));
  EXPECT_EQ(w.read(2), (lines{"orders/1: 2"}));
  auto row = w.disk().read()->get(store::table::cursors,
                                  store::key::cursor(1, store::log_id::first_channel));
  EXPECT_EQ(log::decode_cursor((*row)->body)->expired, 1u);
}

TEST(hub, the_oldest_messages_go_but_not_before_the_groups_have_them) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_messages = 3}});
  for (auto i = 0; i < 5; ++i)
    w.publish("orders", i);
  EXPECT_EQ(w.messages_of("orders").size(), 3u);
  w.join(1, group("slow", "orders"), from_first);
  w.publish("orders", 5);
  EXPECT_EQ(w.messages_of("orders").size(), 4u);
  EXPECT_EQ(w.publish("orders", 6), std::nullopt);
  ASSERT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ(w.refusals[0].code, code::channel_full);
  EXPECT_NE(w.refusals[0].message.find("'slow'"), std::string::npos);
  EXPECT_EQ(w.read(1).size(), 4u);
  EXPECT_EQ(w.messages_of("orders").size(), 3u) << "as soon as the group is through";
  EXPECT_EQ(w.publish("orders", 7), 6u);
}

TEST(hub, a_channel_that_may_drop_moves_the_groups_on_and_counts) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_messages = 3}, .on_full = on_full::drop_oldest});
  w.join(1, group("slow", "orders"), {}, 1);
  for (auto i = 0; i < 8; ++i)
    w.publish("orders", i);
  EXPECT_EQ(w.messages_of("orders").size(), 3u);
  EXPECT_EQ(w.read(1), (lines{"orders/0: 0", "orders/5: 5", "orders/6: 6", "orders/7: 7"}));
  auto view = w.disk().read();
  EXPECT_EQ((*log::find_channel(*view, "orders"))->dropped, 5u);
}

TEST(hub, old_messages_go_by_themselves) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_age = duration{60'000}}});
  w.publish("orders", 0);
  w.wait(30s);
  w.publish("orders", 1);
  w.wait(30s);
  EXPECT_EQ(w.messages_of("orders").size(), 1u);
  w.crash();
  w.settle();
  w.wait(30s);
  EXPECT_TRUE(w.messages_of("orders").empty());
  EXPECT_EQ(w.publish("orders", 2), 2u) << "positions go on";
}

TEST(hub, a_channel_with_waiting_groups_goes_only_by_force_and_leaves_nothing) {
  auto w = hub_world{};
  for (auto i = 0; i < 5'000; ++i)
    w.publish("orders", i);
  w.join(1, group("g", "orders"), from_first, 1);
  w.run(log::channel_deleted{w.next_client(), "orders"});
  ASSERT_EQ(w.refusals.size(), 1u);
  EXPECT_EQ(w.refusals[0].code, code::conflict);
  w.run(log::channel_deleted{w.next_client(), "orders", true});
  EXPECT_EQ(w.refusals.size(), 1u);
  for (auto t : {store::table::channels, store::table::log, store::table::once,
                 store::table::cursors, store::table::acks, store::table::attempts})
    EXPECT_EQ(w.rows(t), 0u) << store::name_of(t);
  EXPECT_EQ(w.publish("orders", 1), 0u) << "a new channel";
  EXPECT_EQ(w.take(1).size(), 1u) << "what it had before";
}

TEST(hub, a_channel_that_was_being_erased_at_a_crash_is_erased_by_the_next_engine) {
  auto w = hub_world{};
  for (auto i = 0; i < 5'000; ++i)
    w.publish("orders", i);
  w.apply(log::channel_deleted{w.next_client(), "orders"});
  w.crash(1);
  EXPECT_GT(w.rows(store::table::log), 0u);
  w.settle();
  EXPECT_EQ(w.rows(store::table::log), 0u);
  EXPECT_EQ(w.rows(store::table::channels), 0u);
}

TEST(hub, wrong_requests_are_refused_and_change_nothing) {
  auto w = hub_world{};
  w.settle();
  auto refused = [&](std::string_view code, std::string_view part) {
    ASSERT_FALSE(w.refusals.empty()) << part;
    EXPECT_EQ(w.refusals.back().code, code);
    EXPECT_NE(to_string(w.refusals.back()).find(part), std::string::npos)
      << to_string(w.refusals.back());
    w.refusals.clear();
  };
  w.publish("a..b", 1);
  refused(code::invalid_input, "empty token");
  w.publish("a.*", 1);
  refused(code::invalid_input, "wildcard");
  w.publish("dagger.jobs", 1);
  refused(code::invalid_input, "engine's own");
  w.publish("a.dead", 1);
  refused(code::invalid_input, "could not be delivered");
  w.publish("a", message{.id = std::string(507, 'i')});
  refused(code::invalid_input, "at most 506");
  w.declare({.name = "a", .schema = json{{"type", 5}}});
  refused(code::invalid_input, "schema");
  w.listen(9, "a.>.b");
  refused(code::invalid_input, "after '>'");
  w.listen(9, "a.*", {log::start::at::position, 3});
  refused(code::invalid_input, "one channel");
  w.join(9, group("", "a"));
  refused(code::invalid_input, "name of a group");
  w.run(log::channel_deleted{1, "a"});
  refused(code::not_found, "no channel 'a'");
  EXPECT_EQ(w.rows(store::table::channels) + w.rows(store::table::groups), 0u);
  w.join(1, group("g", "a"));
  auto other = group("g", "a");
  other.max_deliver = 9;
  w.join(2, other);
  refused(code::conflict, "max_deliver");
}

TEST(hub, idle_channels_leave_memory_and_come_back) {
  auto w = hub_world{};
  for (auto i = 0; i < 2'000; ++i)
    w.publish("c" + std::to_string(i), i);
  EXPECT_LE(w.hub().channels_in_memory(), limits::idle_channels + 1);
  for (auto i = 0; i < 2'000; i += 100)
    EXPECT_EQ(w.publish("c" + std::to_string(i), i), 1u);
}

TEST(hub, a_group_without_members_is_forgotten_after_a_month) {
  auto w = hub_world{};
  w.join(1, group("g", "orders"), from_first);
  w.publish("orders", 1);
  w.leave(1);
  w.wait(duration{limits::group_ttl} - 1s);
  EXPECT_EQ(w.rows(store::table::groups), 1u);
  w.wait(2s);
  EXPECT_EQ(w.rows(store::table::groups), 0u);
  EXPECT_EQ(w.rows(store::table::cursors), 0u);
}

TEST(hub, however_many_messages_are_old_they_all_go) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_age = duration{60'000}}});
  for (auto i = 0; i < 9'000; ++i)
    w.publish("orders", i);
  w.wait(60s);
  EXPECT_EQ(w.rows(store::table::log), 0u);
}

TEST(hub, an_answer_counts_once_and_not_for_one_who_came_later) {
  auto w = hub_world{};
  for (auto i = 0; i < 6; ++i)
    w.publish("orders", i);
  w.join(1, group("g", "orders"), from_first, 2);
  auto before = w.take(1);
  ASSERT_EQ(before.size(), 2u);
  w.leave(1);
  w.join(1, group("g", "orders"), {}, 1);
  auto x = w.take(1);
  ASSERT_EQ(x.size(), 1u);
  w.answer(1, before[1], log::verdict::ack);
  EXPECT_TRUE(w.take(1).empty()) << "it has one, and may have one";
  w.answer(1, x[0], log::verdict::ack);
  w.answer(1, x[0], log::verdict::ack);
  EXPECT_EQ(w.take(1).size(), 1u);
}

TEST(hub, a_message_whose_time_is_over_while_its_key_was_busy_is_skipped) {
  auto w = hub_world{};
  auto how = group("g", "orders");
  how.ordered_by_key = true;
  w.join(1, how);
  auto x = message{};
  x.key = "k";
  x.data = payload::from(0);
  w.publish("orders", x);
  x.expires = w.now + 10s;
  w.publish("orders", x);
  x.expires.reset();
  w.publish("orders", x);
  auto first = w.take(1);
  ASSERT_EQ(first.size(), 1u);
  w.wait(10s);
  w.answer(1, first[0], log::verdict::ack);
  EXPECT_EQ(w.read(1), (lines{"orders/2: 0"}));
}

TEST(hub, a_group_that_goes_while_its_rows_are_on_their_way_leaves_none) {
  for (auto channel_goes_first : {false, true}) {
    auto w = hub_world{};
    for (auto i = 0; i < 3; ++i)
      w.publish("orders", i);
    w.join(1, group("g", "orders"), from_first);
    auto xs = w.take(1);
    ASSERT_EQ(xs.size(), 3u);
    w.apply(log::deliveries_answered{1, xs[0].log, {{1}, {2, 1, log::verdict::nak, 1h}}});
    w.apply(log::member_left{1});
    if (channel_goes_first)
      w.apply(log::channel_deleted{w.next_client(), "orders", true});
    w.apply(log::group_deleted{w.next_client(), "g"});
    w.settle();
    EXPECT_TRUE(w.refusals.empty());
    for (auto t :
         {store::table::groups, store::table::cursors, store::table::acks, store::table::attempts})
      EXPECT_EQ(w.rows(t), 0u) << store::name_of(t);
  }
}

TEST(hub, who_listens_gets_what_goes_at_once) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_messages = 1}});
  w.listen(1, "orders");
  auto x = log::messages_published{w.next_client(), "orders", {}};
  for (auto i = 0; i < 3; ++i)
    x.messages.push_back({"", log::encode(message{.data = payload::from(i)})});
  w.run(x);
  EXPECT_EQ(w.read(1), (lines{"orders/0: 0", "orders/1: 1", "orders/2: 2"}));
  EXPECT_EQ(w.messages_of("orders").size(), 1u);
}

TEST(hub, a_group_that_loses_what_held_it_up_goes_on) {
  auto w = hub_world{};
  auto how = group("g", "orders");
  how.ordered_by_key = true;
  w.join(1, how);
  for (auto i = 0; i < 4; ++i)
    w.publish("orders", i, "k");
  EXPECT_EQ(w.take(1).size(), 1u);
  w.declare({.name = "orders", .retention = {.max_messages = 2}, .on_full = on_full::drop_oldest});
  EXPECT_EQ(w.read(1), (lines{"orders/2: 2", "orders/3: 3"}));
}

TEST(hub, what_a_crash_kept_from_being_erased_goes_with_the_next_look) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_messages = 1}});
  w.join(1, group("g", "orders"));
  for (auto i = 0; i < 2; ++i)
    w.publish("orders", i);
  auto xs = w.take(1);
  w.apply(log::deliveries_answered{1, xs[0].log, {{0}, {1}}});
  w.crash(0);
  w.settle();
  EXPECT_EQ(w.messages_of("orders").size(), 2u);
  w.join(1, group("g", "orders"));
  w.read(1);
  EXPECT_EQ(w.messages_of("orders").size(), 1u);
}

TEST(hub, a_group_that_is_forgotten_holds_nothing_any_more) {
  auto w = hub_world{};
  w.declare({.name = "orders", .retention = {.max_age = duration{60'000}}});
  w.join(1, group("g", "orders"));
  w.publish("orders", 0);
  w.leave(1);
  w.wait(60s);
  EXPECT_EQ(w.messages_of("orders").size(), 1u);
  w.run(log::group_deleted{w.next_client(), "g"});
  EXPECT_TRUE(w.messages_of("orders").empty());
}

TEST(hub, the_engines_own_log_is_left_alone) {
  auto w = hub_world{};
  auto batch = store::batch{};
  batch.append(store::log_id::jobs, store::kind::job_event, "x");
  const auto* writes = &batch;
  ASSERT_TRUE(w.disk().commit({&writes, 1}));
  w.run(log::messages_appended{store::log_id::jobs, 0, {std::make_shared<std::string>("x")}});
  EXPECT_EQ(w.rows(store::table::log), 1u);
}

TEST(hub, messages_of_a_channel_that_is_gone_go_even_if_the_engine_ends) {
  auto w = hub_world{};
  w.publish("orders", 0);
  w.run(log::channel_deleted{w.next_client(), "orders"});
  auto batch = store::batch{};
  batch.append(store::log_id::first_channel, store::kind::message, log::encode(message{}));
  const auto* writes = &batch;
  ASSERT_TRUE(w.disk().commit({&writes, 1}));
  w.apply(log::messages_appended{store::log_id::first_channel, 1, {}});
  w.crash(1);
  w.settle();
  EXPECT_EQ(w.rows(store::table::log) + w.rows(store::table::channels), 0u);
}

} // namespace
