// Channels from the command line: real processes, real stores.
#include "call.hpp"
#include "support/temporary_folder.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <sstream>
#include <thread>

namespace {

using namespace support;

class channels : public testing::Test {
protected:
  ended run(std::vector<std::string> words, std::string input = {}) {
    words.insert(words.end(), {"--store", store});
    return call(words, {.input = std::move(input)});
  }

  /// Another process that holds the store, listens, and works on nothing.
  std::unique_ptr<process> hold() {
    auto made = std::make_unique<process>(dagger_command({"serve", "--store", store, "-v"}));
    EXPECT_TRUE(made->says("serving"));
    return made;
  }

  static std::vector<dagger::json> events(const std::string& lines) {
    auto out = std::vector<dagger::json>{};
    auto in = std::istringstream{lines};
    for (auto line = std::string{}; std::getline(in, line);)
      out.push_back(valid(line, "message"));
    return out;
  }

  dagger::test::temporary_folder folder;
  std::string store = (folder.path() / "s.db").string();
};

TEST_F(channels, what_is_published_is_printed_to_those_who_subscribe) {
  EXPECT_EQ(
    run({"publish", "orders.created", R"({"id": 7})", "--key", "k", "--header", "region=eu"}).out,
    "0\n");
  EXPECT_EQ(run({"publish", "orders.created", "just text"}).out, "1\n");
  EXPECT_EQ(run({"publish", "orders.shipped", "-"}, "[1, 2]").out, "0\n");
  auto got = run({"subscribe", "orders.*", "--from", "first", "--count", "3"});
  EXPECT_TRUE(ended_with(got, 0));
  auto all = events(got.out);
  ASSERT_EQ(all.size(), 3u);
  std::ranges::sort(all, {}, [](auto& x) { return x["channel"].dump() + x["position"].dump(); });
  EXPECT_EQ(all[0]["data"], (dagger::json{{"id", 7}}));
  EXPECT_EQ(all[0]["subject"], "k");
  EXPECT_EQ(all[0]["region"], "eu");
  EXPECT_EQ(all[1]["data"], "just text");
  EXPECT_EQ(all[2]["data"], (dagger::json{1, 2}));
}

TEST_F(channels, lines_become_messages_and_cloud_events_come_back) {
  auto lines = std::string{};
  for (auto i = 0; i < 2'500; ++i)
    lines += std::to_string(i) + "\n";
  EXPECT_EQ(run({"publish", "a", "--lines"}, lines).out, "2500\n");
  auto got = run({"subscribe", "a", "--from", "first", "--count", "2500"});
  EXPECT_EQ(events(got.out).size(), 2'500u);
  EXPECT_EQ(run({"publish", "b", "--lines", "--cloudevents"}, got.out).out, "2500\n");
  auto again = events(run({"subscribe", "b", "--from", "2499", "--count", "1"}).out);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0]["data"], 2'499);
  EXPECT_EQ(again[0]["id"], "a/2499");
}

TEST_F(channels, a_bad_line_is_named_and_those_before_it_are_published) {
  auto bad = run({"publish", "a", "--lines", "--cloudevents"},
                 "{\"specversion\": \"1.0\", \"data\": 1}\n{nonsense}\n");
  EXPECT_TRUE(ended_with(bad, 2));
  EXPECT_TRUE(holds(bad.err, "line 2"));
  EXPECT_TRUE(holds(bad.err, "1 messages before it are published"));
  EXPECT_EQ(run({"publish", "a", "1"}).out, "1\n");
}

TEST_F(channels, an_exec_that_fails_gets_it_again_and_then_it_is_a_dead_letter) {
  run({"publish", "work", "good"});
  run({"publish", "work", "bad"});
  run({"publish", "work", "good"});
  auto got =
    run({"subscribe", "work", "--group", "g", "--from", "first", "--count", "2", "--exec",
         "grep good || { echo no good >&2; exit 3; }", "--max-deliver", "2", "--backoff", "1ms"});
  EXPECT_TRUE(ended_with(got, 0));
  EXPECT_EQ(events(got.out).size(), 2u);
  // Where the dead letter is not yet: it may have been in its pause.
  run({"publish", "work", "good"});
  run({"subscribe", "work", "--group", "g", "--count", "1", "--exec",
       "grep good || { echo no good >&2; exit 3; }", "--max-deliver", "2", "--backoff", "1ms"});
  auto letters = events(run({"subscribe", "work.dead", "--from", "first", "--count", "1"}).out);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0]["data"], "bad");
  EXPECT_EQ(letters[0]["dagger-reason"], "exit 3: no good");
  EXPECT_EQ(letters[0]["dagger-deliveries"], "2");
  auto shown = valid(run({"channels", "--json"}).out, "channels");
  EXPECT_EQ(shown[0]["dead_letters"], 1);
  EXPECT_EQ(shown[0]["groups"][0]["given_up"], 1);
  EXPECT_EQ(valid(run({"redrive", "work", "--json"}).out, "redrive")["redriven"], 1);
  auto back = events(run({"subscribe", "work", "--group", "g", "--count", "1", "--max-deliver", "2",
                          "--backoff", "1ms"})
                       .out);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0]["data"], "bad");
}

TEST_F(channels, all_of_it_works_through_the_engine_that_holds_the_store) {
  auto holder = hold();
  EXPECT_EQ(run({"publish", "orders", "1"}).out, "0\n");
  auto reader = process{dagger_command(
    {"subscribe", "orders", "--group", "g", "--from", "first", "--count", "3", "--store", store})};
  EXPECT_TRUE(reader.prints("\"position\":0"));
  auto published = valid(run({"publish", "orders", "--lines", "--json"}, "2\n3\n").out, "publish");
  EXPECT_EQ(published,
            (dagger::json{{"channel", "orders"}, {"published", 2}, {"first", 1}, {"last", 2}}));
  auto end = reader.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(events(end.out).size(), 3u);
  EXPECT_TRUE(ended_with(run({"channel", "create", "strict"}), 0));
  EXPECT_TRUE(ended_with(run({"channel", "delete", "strict"}), 0));
  EXPECT_TRUE(ended_with(run({"channel", "show", "strict"}), 2));
  holder->send(SIGTERM);
  EXPECT_TRUE(ended_with(holder->wait(), 0));
  auto all = valid(run({"channels", "--json"}).out, "channels");
  EXPECT_EQ(all[0]["groups"][0]["pending"], 0);
  EXPECT_EQ(dagger::parse_json(run({"channel", "show", "orders", "--json"}).out), all[0]);
}

TEST_F(channels, a_subscriber_that_is_killed_leaves_its_messages_to_the_next) {
  auto holder = hold();
  run({"publish", "work", "1"});
  const auto begun = folder.path() / "begun";
  auto slow =
    process{dagger_command({"subscribe", "work", "--group", "g", "--from", "first", "--exec",
                            "touch " + begun.string() + "; sleep 5", "--store", store})};
  for (auto i = 0; i < 1'000 && !std::filesystem::exists(begun); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  ASSERT_TRUE(std::filesystem::exists(begun));
  slow.send(SIGKILL);
  slow.wait();
  auto got = run({"subscribe", "work", "--group", "g", "--count", "1"});
  EXPECT_EQ(events(got.out).size(), 1u);
}

TEST_F(channels, wrong_requests_end_with_2_and_leave_nothing) {
  auto refused = [&](std::vector<std::string> words, std::string_view part,
                     std::string input = {}) {
    auto x = run(std::move(words), std::move(input));
    EXPECT_TRUE(ended_with(x, 2)) << part;
    EXPECT_TRUE(holds(x.err, part));
    EXPECT_EQ(x.out, "");
  };
  refused({"publish", "a..b", "1"}, "empty token");
  refused({"publish", "a.*", "1"}, "wildcard");
  refused({"publish", "dagger.jobs", "1"}, "engine's own");
  refused({"publish", "a"}, "DATA is missing");
  refused({"publish", "a", "1", "--header", "x"}, "NAME=VALUE");
  refused({"publish", "a", "1", "--id", std::string(200, 'x')}, "at most 128 bytes");
  refused({"publish", "a", "-"}, "at most 1048576", std::string(2 << 20, 'x'));
  refused({"publish", "a", "--lines", "--cloudevents"}, "line 1: a CloudEvent is an object", "5\n");
  refused({"subscribe", "a.>.b", "--count", "1"}, "goes on after '>'");
  refused({"subscribe", "a", "--from", "soon"}, "no place to begin");
  refused({"subscribe", "a", "--max-deliver", "3"}, "--group");
  refused({"channel", "create"}, "name");
  refused({"channel", "create", "-f", "-"}, "must be a time span",
          "channel: a\nretention: {max_age: -3}");
  refused({"channel", "create", "-f", "-"}, "schema", "channel: a\nschema: {type: 5}");
  refused({"channel", "delete", "a"}, "no channel 'a'");
  EXPECT_EQ(run({"channels", "--json"}).out, "[]\n");
}

} // namespace
