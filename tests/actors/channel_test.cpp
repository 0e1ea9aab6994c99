// Channels through the engine's door: real threads, a real store.
#include "support/temporary_folder.hpp"

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace dagger;
using namespace std::chrono_literals;

/// Takes what handlers hand it, and waits for it.
class basket {
public:
  void put(std::string x) {
    auto guard = std::lock_guard{mutex_};
    all_.push_back(std::move(x));
    changed_.notify_all();
  }

  /// All of it, as soon as there are `n`; fewer after ten seconds.
  std::vector<std::string> wait_for(std::size_t n) {
    auto guard = std::unique_lock{mutex_};
    changed_.wait_for(guard, 10s, [&] { return all_.size() >= n; });
    return all_;
  }

  std::size_t size() {
    auto guard = std::lock_guard{mutex_};
    return all_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

std::string text_of(const delivery& d) {
  return d.channel() + "/" + std::to_string(d.position()) + " "
       + std::string{d.what().data.bytes()};
}

TEST(channel, a_message_reaches_all_who_subscribe) {
  auto e = engine{};
  auto one = basket{};
  auto all = basket{};
  auto a = e.subscribe("orders.created", [&](delivery& d) { one.put(text_of(d)); });
  auto b = e.subscribe("orders.>", [&](delivery& d) { all.put(text_of(d)); });
  EXPECT_EQ(e.publish("orders.created", 1).get(), 0u);
  EXPECT_EQ(e.publish("orders.shipped", 2).get(), 0u);
  EXPECT_EQ(e.publish("orders.created", 3).get(), 1u);
  EXPECT_EQ(one.wait_for(2),
            (std::vector<std::string>{"orders.created/0 1", "orders.created/1 3"}));
  auto got = all.wait_for(3);
  std::ranges::sort(got);
  EXPECT_EQ(got, (std::vector<std::string>{"orders.created/0 1", "orders.created/1 3",
                                           "orders.shipped/0 2"}));
}

TEST(channel, what_was_published_and_answered_is_known_to_the_next_engine) {
  auto folder = test::temporary_folder{};
  auto work = subscribe_options{.group = "work", .from = start::first};
  {
    auto e = engine{{.store = folder.path() / "s"}};
    auto done = basket{};
    auto sub = e.subscribe("jobs", work, [&](delivery& d) { done.put(text_of(d)); });
    for (auto i = 0; i < 100; ++i)
      e.publish("jobs", i);
    EXPECT_EQ(done.wait_for(100).size(), 100u);
  }
  auto e = engine{{.store = folder.path() / "s"}};
  EXPECT_EQ(e.publish("jobs", 100).get(), 100u);
  auto done = basket{};
  auto sub = e.subscribe("jobs", work, [&](delivery& d) { done.put(text_of(d)); });
  EXPECT_EQ(done.wait_for(1), (std::vector<std::string>{"jobs/100 100"}));
  auto other = basket{};
  auto all = e.subscribe("jobs", {.group = "other", .from = start::first},
                         [&](delivery& d) { other.put(text_of(d)); });
  EXPECT_EQ(other.wait_for(101).size(), 101u);
}

TEST(channel, a_handler_that_throws_gets_it_again_and_then_it_is_a_dead_letter) {
  auto e = engine{};
  auto tries = basket{};
  auto how = subscribe_options{.group = "g", .max_deliver = 3, .backoff = {duration{1}}};
  auto dead = basket{};
  auto letters = e.subscribe("orders.dead", [&](delivery& d) {
    dead.put(d.what().headers.at("dagger-reason") + " after "
             + d.what().headers.at("dagger-deliveries"));
  });
  auto sub = e.subscribe("orders", how, [&](delivery& d) {
    tries.put(std::to_string(d.number()));
    throw std::runtime_error{"no stock"};
  });
  e.publish("orders", 1).get();
  EXPECT_EQ(dead.wait_for(1), (std::vector<std::string>{"no stock after 3"}));
  EXPECT_EQ(tries.wait_for(3), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(e.redrive("orders").get(), 1u);
  EXPECT_EQ(dead.wait_for(2).size(), 2u);
  EXPECT_EQ(e.redrive("orders").get(), 1u);
  EXPECT_EQ(e.redrive("other").get(), 0u);
}

TEST(channel, members_of_a_group_share_and_none_is_lost_when_they_come_and_go) {
  auto e = engine{};
  auto mutex = std::mutex{};
  auto seen = std::multiset<std::uint64_t>{};
  auto handle = [&](delivery& d) {
    auto guard = std::lock_guard{mutex};
    seen.insert(d.position());
  };
  auto how = subscribe_options{.group = "g", .from = start::first, .max_in_flight = 7};
  auto members = std::vector<subscription>{};
  auto publisher = std::jthread{[&] {
    for (auto i = 0; i < 5'000; ++i)
      e.publish("work", i);
  }};
  for (auto i = 0; i < 60; ++i) {
    if (members.size() < 4)
      members.push_back(e.subscribe("work", how, handle));
    else
      members.erase(members.begin());
    std::this_thread::sleep_for(1ms);
  }
  publisher.join();
  for (auto i = 0; i < 1'000; ++i) {
    std::this_thread::sleep_for(10ms);
    auto guard = std::lock_guard{mutex};
    if (std::set(seen.begin(), seen.end()).size() == 5'000)
      break;
  }
  auto guard = std::lock_guard{mutex};
  EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 5'000u);
}

TEST(channel, a_slow_subscriber_holds_nobody_else_up) {
  auto e = engine{};
  auto go = std::atomic<bool>{false};
  auto slow = basket{};
  auto fast = basket{};
  auto a = e.subscribe("work", {.group = "slow", .max_in_flight = 1}, [&](delivery& d) {
    go.wait(false);
    slow.put(text_of(d));
  });
  auto b = e.subscribe("work", {.group = "fast"}, [&](delivery& d) { fast.put(text_of(d)); });
  for (auto i = 0; i < 1'000; ++i)
    e.publish("work", i);
  EXPECT_EQ(fast.wait_for(1'000).size(), 1'000u);
  EXPECT_EQ(slow.size(), 0u);
  go = true;
  go.notify_all();
  EXPECT_EQ(slow.wait_for(1'000).size(), 1'000u);
}

TEST(channel, data_against_the_schema_is_refused_with_every_violation) {
  auto e = engine{};
  e.channel(
     {.name = "orders",
      .schema = {{"type", "object"},
                 {"required", {"id"}},
                 {"properties", {{"id", {{"type", "integer"}}}, {"to", {{"type", "string"}}}}}}})
    .get();
  EXPECT_EQ(e.publish("orders", {{"id", 1}}).get(), 0u);
  try {
    e.publish("orders", {{"id", "x"}, {"to", 5}}).get();
    FAIL() << "it was taken";
  } catch (const error& why) {
    EXPECT_EQ(why.code, code::invalid_input);
    EXPECT_NE(why.message.find("/id: "), std::string::npos) << why.message;
    EXPECT_NE(why.message.find("/to: "), std::string::npos) << why.message;
  }
  e.channel({.name = "orders", .schema = {{"type", "string"}}}).get();
  EXPECT_EQ(e.publish("orders", "now it fits").get(), 1u);
  auto got = std::vector<std::uint32_t>{};
  auto seen = basket{};
  auto sub = e.subscribe("orders", {.from = start::first},
                         [&](delivery& d) { seen.put(std::to_string(d.what().schema)); });
  EXPECT_EQ(seen.wait_for(2), (std::vector<std::string>{"1", "2"}));
}

TEST(channel, wrong_messages_are_refused_and_nothing_is_stored) {
  auto e = engine{};
  auto code_of = [&](auto&& publish) -> std::string {
    try {
      publish().get();
    } catch (const error& why) {
      return why.code;
    }
    return "";
  };
  auto bytes = message{};
  bytes.content_type = "application/octet-stream";
  bytes.data = payload::from_bytes(std::string(limits::message_bytes, 'x'));
  EXPECT_EQ(code_of([&] { return e.publish_message("a", bytes); }), code::too_large);
  EXPECT_EQ(code_of([&] { return e.publish("a.", 1); }), code::invalid_input);
  EXPECT_EQ(code_of([&] { return e.publish("dagger.jobs", 1); }), code::invalid_input);
  EXPECT_EQ(code_of([&] { return e.publish("a", 1, {.id = std::string(129, 'x')}); }),
            code::invalid_input);
  EXPECT_EQ(code_of([&] { return e.publish("a", 1, {.id = "a\nb"}); }), code::invalid_input);
  auto view = e.read();
  EXPECT_TRUE(log::channel_states(*view)->empty());
  EXPECT_THROW(e.subscribe("a.>.b", [](delivery&) {}), error);
}

TEST(channel, all_of_several_messages_are_taken_or_none) {
  auto e = engine{};
  auto make = [](json x) {
    auto m = message{};
    m.data = payload::from(std::move(x));
    return m;
  };
  EXPECT_EQ(e.publish_all("a", {make(1), make(2), make(3)}).get(),
            (std::vector<std::uint64_t>{0, 1, 2}));
  auto bad = make(5);
  bad.id = "a\nb";
  EXPECT_THROW(e.publish_all("a", {make(4), bad}).get(), error);
  EXPECT_EQ(e.publish("a", 6).get(), 3u);
}

TEST(channel, the_same_id_is_one_message) {
  auto folder = test::temporary_folder{};
  auto e = engine{{.store = folder.path() / "s"}};
  auto threads = std::vector<std::jthread>{};
  auto positions = std::vector<std::uint64_t>(8);
  for (auto i = std::size_t{0}; i < 8; ++i)
    threads.emplace_back(
      [&, i] { positions[i] = e.publish("a", static_cast<int>(i), {.id = "x"}).get(); });
  threads.clear();
  EXPECT_EQ(std::set(positions.begin(), positions.end()).size(), 1u);
  EXPECT_EQ(e.publish("a", 0).get(), 1u);
}

TEST(channel, a_handler_may_end_its_own_subscription_and_publish) {
  auto e = engine{};
  auto done = basket{};
  auto sub = subscription{};
  auto out = e.subscribe("out", [&](delivery& d) { done.put(text_of(d)); });
  sub = e.subscribe("in", [&](delivery& d) {
    e.publish("out", d.data()).get();
    sub.cancel();
  });
  e.publish("in", 1).get();
  EXPECT_EQ(done.wait_for(1), (std::vector<std::string>{"out/0 1"}));
  e.publish("in", 2).get();
  EXPECT_EQ(done.size(), 1u);
}

TEST(channel, a_handler_that_leaves_has_answered_before) {
  auto e = engine{};
  auto how = subscribe_options{.group = "g", .from = start::first};
  for (auto i = 0; i < 3; ++i)
    e.publish("in", i).get();
  for (auto i = 0; i < 3; ++i) {
    auto got = basket{};
    auto sub = subscription{};
    auto there = std::atomic<bool>{false};
    sub = e.subscribe("in", how, [&](delivery& d) {
      there.wait(false);
      got.put(text_of(d) + " " + std::to_string(d.number()));
      sub.cancel();
    });
    there = true;
    there.notify_all();
    auto n = std::to_string(i);
    EXPECT_EQ(got.wait_for(1), (std::vector<std::string>{"in/" + n + " " + n + " 1"}));
    while (log::channel_state_of(*e.read(), "in").value()->groups[0].position != i + 1u)
      std::this_thread::sleep_for(1ms);
  }
}

TEST(channel, the_engine_ends_while_handlers_run_and_what_they_had_comes_again) {
  auto folder = test::temporary_folder{};
  auto how = subscribe_options{.group = "g", .from = start::first};
  auto sub = subscription{};
  {
    auto e = engine{{.store = folder.path() / "s", .grace = 100ms, .log = log_level::off}};
    auto begun = basket{};
    auto never = std::make_shared<std::atomic<bool>>(false);
    sub = e.subscribe("work", how, [&begun, never](delivery& d) {
      begun.put(text_of(d));
      never->wait(false);
    });
    e.publish("work", 1).get();
    e.publish("work", 2).get();
    EXPECT_EQ(begun.wait_for(1).size(), 1u);
    std::thread{[never] {
      std::this_thread::sleep_for(500ms);
      *never = true;
      never->notify_all();
    }}.detach();
  }
  sub.cancel();
  auto e = engine{{.store = folder.path() / "s"}};
  auto done = basket{};
  auto again = e.subscribe(
    "work", how, [&](delivery& d) { done.put(text_of(d) + " " + std::to_string(d.number())); });
  EXPECT_EQ(done.wait_for(2), (std::vector<std::string>{"work/0 1 1", "work/1 2 1"}));
}

} // namespace
