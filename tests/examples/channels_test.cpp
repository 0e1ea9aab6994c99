// Examples of channels.
#include "programs.hpp"

#include <csignal>

namespace {

using examples::program;

constexpr auto printed =
  R"(refused: the message does not fit the schema of the channel 'orders' (version 1):
missing property 'total'
given up: {"customer":"ann","total":-20.0}: a negative total
sent back: 1
done: {"ann":[10.0,30.0,-20.0],"tim":[1.0,2.0,3.0]}
)";

TEST(orders, keeps_the_order_of_each_customer_and_sends_back_what_was_given_up) {
  const auto end = support::run({program("orders")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, printed);
}

TEST(orders, goes_on_in_a_store_where_it_was) {
  const auto place = support::folder{};
  for (auto i = 0; i < 2; ++i) {
    const auto end = support::run({program("orders"), place / "shop.db"});
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_EQ(end.out, printed);
  }
}

constexpr auto digest = R"(  start((start))
  a0["editor"]
  a1["fetcher"]
  a2["writer"]
  c2(["articles"])
  c1(["summaries"])
  c0(["topics"])
  start -- "2" --> c0
  a0 -- "5" --> c1
  a1 -- "5" --> c2
  c2 -- "5" --> a0
  c0 -- "2" --> a1
  c1 -- "5" --> a2
)";

TEST(pubsub_basic, works_to_its_end_and_draws_what_was_said) {
  const auto end = support::run({program("pubsub_basic")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_TRUE(end.out.ends_with(digest)) << end.out;
  for (const auto* line : {"actors: Mailboxes instead of locks.", "storage: A log is a table."})
    EXPECT_NE(end.out.find(line), std::string::npos) << end.out;
}

TEST(pubsub_basic, writes_nothing_twice_in_its_store) {
  const auto place = support::folder{};
  EXPECT_EQ(support::run({program("pubsub_basic"), place / "news.db"}).code, 0);
  const auto again = support::run({program("pubsub_basic"), place / "news.db"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out.find("actors:"), std::string::npos) << "the topics were done before";
}

TEST(ask, gets_answers_or_the_reason_why_not) {
  const auto end = support::run({program("ask")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, R"(before anybody is there: no_responders: nobody reads the channel 'prices'
tea: {"item":"tea","price":3}
cake: {"item":"cake","price":4}
gold: timeout: nobody answered on the channel 'prices' in time
)");
}

TEST(tokens, are_read_on_where_the_reader_was) {
  const auto end = support::run({program("tokens")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, R"(a reader: so much depends upon a 
it comes back: red wheel barrow glazed with rain water 
the job: {"poet-0":{"words":12}}
)");
}

TEST(fan_out, each_reader_gets_all_whatever_the_others_do) {
  const auto end = support::run({program("fan_out")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, R"(audit: 1000
mail: 1000
other screen: 1000
screen: 1000
and the slow one has just begun
)");
}

TEST(trigger, a_message_makes_an_invoice) {
  const auto place = support::folder{};
  const auto store = place / "shop";
  const auto file = std::string{DAGGER_EXAMPLE_FILES} + "/trigger/invoice.yaml";
  const auto dagger = std::string{DAGGER_BINARY};
  auto server = support::process{{dagger, "serve", file, "--store", store, "-v"}};
  ASSERT_TRUE(server.says("serving"));
  auto publish = [&](const std::string& data) {
    return support::run({dagger, "publish", "orders.created", data, "--store", store});
  };
  EXPECT_EQ(publish(R"({"id": 17, "items": [{"price": 3}, {"price": 4}]})").code, 0);
  EXPECT_EQ(publish(R"({"id": "none", "items": []})").code, 0);
  auto read = [&](const std::string& channel) {
    return support::run(
             {dagger, "subscribe", channel, "--from", "first", "--count", "1", "--store", store})
      .out;
  };
  EXPECT_NE(read("invoices").find(R"({"order":17,"total":7})"), std::string::npos);
  EXPECT_NE(read("orders.created.dead").find("dagger-reason"), std::string::npos);
  server.send(SIGTERM);
  EXPECT_EQ(server.wait().code, 0);
}

} // namespace
