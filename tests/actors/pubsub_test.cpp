// Programs of agents that talk over channels.
#include "actors/agents.hpp"
#include "support/temporary_folder.hpp"

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <future>
#include <set>

namespace {

using namespace dagger;
using flows = std::vector<pubsub_report::flow>;
using test::got;

pubsub_agent worker(std::string name, std::vector<std::string> from, std::vector<std::string> to,
                    std::function<void(pubsub&)> handle) {
  auto x = pubsub_agent{};
  x.name = std::move(name);
  x.subscribes = std::move(from);
  x.publishes = std::move(to);
  x.backoff = {duration{1}};
  x.handle = std::move(handle);
  return x;
}

std::vector<pubsub_agent> pipeline() {
  return {worker("fetch", {"topic"}, {"article"},
                 [](pubsub& self) {
                   for (auto i = 0; i < 3; ++i)
                     self.publish("article", {{"n", i}, {"topic", self.data()}});
                 }),
          worker("count", {"article"}, {"report"},
                 [](pubsub& self) { self.publish("report", self.data()["n"]); }),
          worker("print", {"report"}, {}, [](pubsub&) {})};
}

TEST(pubsub, a_program_ends_when_nothing_is_left_to_do) {
  auto e = engine{};
  auto p = run(e, "news", pipeline());
  got(p.publish("topic", "a"));
  got(p.publish("topic", "b"));
  auto end = p.wait();
  EXPECT_EQ(end.started, (flows{{"", "topic", 2}}));
  EXPECT_EQ(end.sent, (flows{{"count", "report", 6}, {"fetch", "article", 6}}));
  EXPECT_EQ(end.received,
            (flows{{"count", "article", 6}, {"fetch", "topic", 2}, {"print", "report", 6}}));
  EXPECT_TRUE(end.failed.empty());
}

TEST(pubsub, a_program_to_which_nothing_was_said_is_quiet) {
  auto e = engine{};
  auto p = run(e, "news", pipeline());
  EXPECT_TRUE(p.wait().received.empty());
  EXPECT_TRUE(p.wait_for(duration{10'000}));
}

TEST(pubsub, it_is_not_quiet_while_a_function_runs) {
  auto e = engine{};
  auto go = std::promise<void>{};
  auto wait = go.get_future().share();
  auto p = run(e, "slow", {worker("slow", {"in"}, {}, [wait](pubsub&) { wait.get(); })});
  got(p.publish("in", 1));
  EXPECT_FALSE(p.wait_for(duration{50}));
  go.set_value();
  EXPECT_EQ(p.wait().received, (flows{{"slow", "in", 1}}));
}

TEST(pubsub, an_agent_does_not_get_its_own_messages_unless_it_asks) {
  auto e = engine{};
  auto countdown = [](pubsub& self) {
    if (auto n = self.data().get<int>(); n > 0)
      self.publish("n", n - 1);
  };
  {
    auto p = run(e, "deaf", {worker("down", {"n"}, {"n"}, countdown)});
    got(p.publish("n", 5));
    EXPECT_EQ(p.wait().received, (flows{{"down", "n", 1}}));
  }
  auto other = engine{};
  auto hears = worker("down", {"n"}, {"n"}, countdown);
  hears.own_messages = true;
  auto p = run(other, "loop", {std::move(hears)});
  got(p.publish("n", 5));
  EXPECT_EQ(p.wait().received, (flows{{"down", "n", 6}}));
}

TEST(pubsub, what_is_not_declared_is_refused_and_nothing_of_the_message_remains) {
  auto e = engine{};
  auto p = run(e, "strict", {worker("a", {"in"}, {"out"}, [](pubsub& self) {
                 self.publish("out", 1);
                 self.publish("elsewhere", 1);
               })});
  auto why = std::promise<std::string>{};
  auto dead = e.subscribe(
    "in.dead", [&](delivery& d) { why.set_value(d.what().headers.at("dagger-reason")); });
  got(p.publish("in", 1));
  auto end = p.wait();
  EXPECT_EQ(end.failed, (flows{{"a", "in", 1}}));
  EXPECT_TRUE(end.sent.empty());
  auto said = why.get_future();
  ASSERT_EQ(said.wait_for(test::patience), std::future_status::ready);
  EXPECT_NE(said.get().find("does not declare that it publishes to 'elsewhere'"),
            std::string::npos);
  EXPECT_EQ((*dagger::log::channel_state_of(*e.read(), "out"))->end, 0u);
}

TEST(pubsub, channels_are_opened_and_read_at_run_time) {
  auto e = engine{};
  auto p = run(e, "open",
               {worker("a", {"in"}, {},
                       [](pubsub& self) {
                         if (self.channel() != "in")
                           return;
                         self.open("made");
                         self.publish("made", 1);
                       }),
                worker("b", {"in"}, {}, [](pubsub& self) {
                  if (self.channel() == "in")
                    self.subscribe("made");
                })});
  got(p.publish("in", 1));
  EXPECT_EQ(p.wait().received, (flows{{"a", "in", 1}, {"b", "in", 1}, {"b", "made", 1}}));
}

TEST(pubsub, messages_are_held_against_the_schemas_of_agents) {
  auto e = engine{};
  auto x = worker("a", {"in"}, {"out"}, [](pubsub& self) {
    self.publish("out", self.data() == 1 ? json("bad") : json(2));
  });
  x.input = {{"type", "integer"}};
  x.output = {{"type", "integer"}};
  x.max_deliver = 2;
  auto p = run(e, "schemas", {std::move(x)});
  got(p.publish("in", "text"));
  got(p.publish("in", 1));
  got(p.publish("in", 5));
  auto end = p.wait();
  EXPECT_EQ(end.received, (flows{{"a", "in", 1}}));
  EXPECT_EQ(end.failed, (flows{{"a", "in", 2}}));
  EXPECT_EQ(end.sent, (flows{{"a", "out", 1}}));
}

TEST(pubsub, a_program_goes_on_in_its_store_and_handles_nothing_twice) {
  auto folder = test::temporary_folder{};
  auto mutex = std::mutex{};
  auto seen = std::multiset<int>{};
  auto agents = [&] {
    return std::vector{
      worker("a", {"in"}, {"out"}, [](pubsub& self) { self.publish("out", self.data()); }),
      worker("b", {"out"}, {}, [&](pubsub& self) {
        auto guard = std::lock_guard{mutex};
        seen.insert(self.data().get<int>());
      })};
  };
  for (auto round = 0; round < 4; ++round) {
    auto e = engine{{.store = folder.path() / "s"}};
    auto p = run(e, "again", agents());
    for (auto i = 0; i < 25; ++i)
      got(p.publish("in", round * 25 + i));
    if (round == 3)
      p.wait();
  }
  auto guard = std::lock_guard{mutex};
  for (auto i = 0; i < 100; ++i)
    EXPECT_EQ(seen.count(i), 1u) << i;
}

TEST(pubsub, its_picture_says_who_sent_what_to_whom) {
  auto e = engine{};
  auto p = run(e, "news", pipeline());
  got(p.publish("topic", "a"));
  auto end = p.wait();
  EXPECT_EQ(end.mermaid(), R"(flowchart LR
  start((start))
  a0["count"]
  a1["fetch"]
  a2["print"]
  c2(["article"])
  c1(["report"])
  c0(["topic"])
  start -- "1" --> c0
  a0 -- "3" --> c1
  a1 -- "3" --> c2
  c2 -- "3" --> a0
  c0 -- "1" --> a1
  c1 -- "3" --> a2
)");
  EXPECT_NE(end.dot().find("a1 -> c2 [label=\"3\"];"), std::string::npos) << end.dot();
}

TEST(pubsub, what_cannot_be_a_program_is_refused) {
  auto e = engine{};
  auto refusal = [&](std::string name, std::vector<pubsub_agent> xs) {
    try {
      auto p = run(e, std::move(name), std::move(xs));
    } catch (const error& why) {
      return why.code;
    }
    return std::string{};
  };
  auto nothing = [](pubsub&) {};
  EXPECT_EQ(refusal("a b", {}), code::invalid_input);
  EXPECT_EQ(refusal("p", {worker("a b", {}, {}, nothing)}), code::invalid_input);
  EXPECT_EQ(refusal("p", {worker("a", {"x..y"}, {}, nothing)}), code::invalid_input);
  EXPECT_EQ(refusal("p", {worker("a", {}, {"x.*"}, nothing)}), code::invalid_input);
  EXPECT_EQ(refusal("p", {worker("a", {}, {}, nullptr)}), code::invalid_input);
  EXPECT_EQ(refusal("p", {worker("a", {}, {}, nothing), worker("a", {}, {}, nothing)}),
            code::conflict);
  auto bad = worker("a", {}, {}, nothing);
  bad.input = {{"type", "nonsense"}};
  EXPECT_EQ(refusal("p", {bad}), code::invalid_input);
}

} // namespace
