// Tasks that wait for messages, requests that wait for answers, handlers that publish.
#include "actors/channels.hpp"
#include "support/temporary_folder.hpp"

#include <optional>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::basket;
using test::end_of;
using test::error_of;
using test::got;
using test::named;
using test::wait_until;

std::size_t groups_in(const engine& e) {
  auto n = std::size_t{0};
  (void)dagger::log::each_group(*e.read(), [&](auto&, auto&) {
    ++n;
    return true;
  });
  return n;
}

// -- a task waits for a message -----------------------------------------------

TEST(channel_wait, a_task_waits_for_the_message_that_fits) {
  auto folder = test::temporary_folder{};
  auto waiter = [] {
    return named("wait", [](task& self, const json&) -> outcome {
      if (self.first_visit())
        return self.wait(condition::message("paid.*", "message.data.order == 17"));
      return json{{"sum", self.answer()["data"]["sum"]}, {"channel", self.answer()["channel"]}};
    });
  };
  {
    auto e = engine{{.store = folder.path() / "s"}};
    e.add(waiter());
    e.submit(test::one_task("a", "wait")).accepted().get();
    wait_until([&] {
      auto waits = plan::signal_waits(*e.read(), "a");
      return waits && waits->size() == 1;
    });
    got(e.publish("paid.card", {{"order", 16}, {"sum", 1}}));
  }
  auto e = engine{{.store = folder.path() / "s"}};
  e.add(waiter());
  got(e.publish("paid.cash", {{"order", 17}, {"sum", 2}}));
  got(e.publish("paid.card", {{"order", 17}, {"sum", 3}}));
  auto end = got(e.resume("a"));
  ASSERT_TRUE(end.completed());
  EXPECT_TRUE(end["only"]["sum"] == 2 || end["only"]["sum"] == 3);
  wait_until([&] { return groups_in(e) == 0; });
}

TEST(channel_wait, a_message_that_comes_while_the_visit_runs_counts) {
  auto e = engine{};
  e.add(named("wait", [&](task& self, const json&) -> outcome {
    if (self.first_visit()) {
      e.publish("reply", "during").get(); // what was asked for outside has answered already
      return self.wait(condition::message("reply"), {.deadline = 20s});
    }
    return self.answer()["data"];
  }));
  got(e.publish("reply", "before"));
  auto end = got(e.submit(test::one_task("a", "wait")));
  ASSERT_TRUE(end.completed());
  EXPECT_EQ(end["only"], "during");
}

TEST(channel_wait, waits_one_after_the_other_get_each_message_once) {
  auto e = engine{};
  e.add(named("wait", [](task& self, const json&) -> outcome {
    auto seen = self.state().is_null() ? json::array() : self.state();
    if (!self.first_visit())
      seen.push_back(self.answer()["data"]);
    if (seen.size() == 5)
      return json{{"seen", seen}};
    return self.wait(condition::message("numbers"), {.state = seen});
  }));
  auto run = e.submit(test::one_task("a", "wait"));
  run.accepted().get();
  for (auto i = 0; i < 5; ++i) {
    wait_until([&] {
      auto waits = plan::signal_waits(*e.read(), "a");
      return waits && waits->size() == 1;
    });
    got(e.publish("numbers", i));
    wait_until([&] {
      auto tasks = plan::tasks_of(*e.read(), 1);
      return tasks && tasks->at(0).visit >= static_cast<std::uint32_t>(i + 2);
    });
  }
  EXPECT_EQ(got(run)["only"]["seen"], (json{0, 1, 2, 3, 4}));
}

TEST(channel_wait, a_wait_that_ended_otherwise_leaves_nothing_behind) {
  auto e = engine{};
  e.add(named("wait", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(any_of(condition::message("never"), condition::signal("go")));
    return json{{"by", self.woken_by()}};
  }));
  auto run = e.submit(test::one_task("a", "wait"));
  run.accepted().get();
  got(e.signal("a", "go"));
  EXPECT_EQ(got(run)["only"]["by"], 1);
  EXPECT_EQ(error_of(e.signal("a", "dagger.message.never.0.1.0.1")).code, code::invalid_input);
  got(e.publish("never", 1));
  wait_until([&] { return groups_in(e) == 0; });
}

// -- request and reply --------------------------------------------------------

TEST(channel_wait, a_request_gets_the_first_answer) {
  auto e = engine{};
  auto sub = e.subscribe("sums", {.group = "adders"}, [](delivery& d) {
    EXPECT_TRUE(d.wants_reply());
    d.reply(d.data()["a"].get<int>() + d.data()["b"].get<int>());
    d.reply("too late");
  });
  EXPECT_EQ(got(e.request("sums", {{"a", 1}, {"b", 2}})), 3);
  auto many = std::vector<future<json>>{};
  for (auto i = 0; i < 200; ++i)
    many.push_back(e.request("sums", {{"a", i}, {"b", 1}}));
  for (auto i = 0; i < 200; ++i)
    EXPECT_EQ(got(many[static_cast<std::size_t>(i)]), i + 1);
}

TEST(channel_wait, a_request_that_nobody_can_answer_fails_at_once) {
  auto e = engine{};
  EXPECT_EQ(error_of(e.request("sums", 1, 1h)).code, code::no_responders);
  EXPECT_EQ(end_of(e, "sums"), 0u) << "and is not stored";
  auto sub = e.subscribe("sums", [](delivery&) {});
  EXPECT_EQ(error_of(e.request("sums", 1, 20ms)).code, code::timeout);
  sub.cancel();
  EXPECT_EQ(error_of(e.request("sums", 1, 1h)).code, code::no_responders);
}

TEST(channel_wait, a_request_ends_with_the_engine) {
  auto waiting = std::optional<future<json>>{};
  {
    auto e = engine{};
    auto sub = e.subscribe("sums", [](delivery&) {});
    waiting = e.request("sums", 1, 1h);
  }
  EXPECT_EQ(error_of(*waiting).code, code::interrupted);
}

// -- a handler publishes ------------------------------------------------------

TEST(channel_wait, what_a_handler_publishes_comes_with_its_acknowledgement) {
  auto e = engine{};
  auto seen = basket{};
  auto out = e.subscribe("out", [&](delivery& d) { seen.put(d.data()); });
  auto how = subscribe_options{.group = "g", .backoff = {duration{1}}};
  auto sub = e.subscribe("in", how, [](delivery& d) {
    d.publish("out", {{"try", d.number()}});
    if (d.number() == 1)
      throw std::runtime_error{"once more"};
    d.publish("out", "second");
  });
  got(e.publish("in", 1));
  EXPECT_EQ(seen.wait_for(2), (std::vector<json>{{{"try", 2}}, "second"}));
  EXPECT_EQ(end_of(e, "out"), 2u);
}

TEST(channel_wait, only_a_group_publishes_as_it_acknowledges) {
  auto e = engine{};
  auto told = basket{};
  auto sub = e.subscribe("in", [&](delivery& d) {
    try {
      d.publish("out", 1);
    } catch (const error& why) {
      told.put(why.code);
    }
  });
  got(e.publish("in", 1));
  EXPECT_EQ(told.wait_for(1), (std::vector<json>{code::misuse}));
}

} // namespace
