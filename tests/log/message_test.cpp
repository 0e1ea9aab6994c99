// Messages as rows and as CloudEvents.
#include <dagger/log/message.hpp>

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace std::chrono_literals;

message full() {
  auto x = message{};
  x.id = "id-1";
  x.source = "shop";
  x.type = "order.created";
  x.time = timestamp{1'700'000'000s};
  x.key = "customer-7";
  x.content_type = "application/json; charset=utf-8";
  x.headers = {{"traceparent", "00-ab-cd-01"}, {"region", "eu"}};
  x.expires = x.time + 1h;
  x.only_for = "billing";
  x.schema = 3;
  x.data = payload::from(json{{"total", 12.5}});
  return x;
}

TEST(message, comes_back_from_its_row_as_it_was_whatever_parts_it_has) {
  auto parts = std::vector<void (*)(message&)>{
    [](message& x) { x.id.clear(); },      [](message& x) { x.source.clear(); },
    [](message& x) { x.type.clear(); },    [](message& x) { x.key.clear(); },
    [](message& x) { x.expires.reset(); }, [](message& x) { x.content_type.clear(); },
    [](message& x) { x.headers.clear(); }, [](message& x) { x.only_for.clear(); },
    [](message& x) { x.schema = 0; }};
  for (auto without = 0u; without < 1u << parts.size(); ++without) {
    auto x = full();
    for (auto i = std::size_t{0}; i < parts.size(); ++i)
      if (without >> i & 1)
        parts[i](x);
    auto row = log::encode(x);
    auto again = log::decode_message(row);
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_EQ(*again, x) << without;
    auto head = log::decode_head(row);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->id, x.id);
    EXPECT_EQ(head->key, x.key);
    EXPECT_EQ(head->only_for, x.only_for);
    EXPECT_EQ(head->expires, x.expires);
    for (auto size = std::size_t{0}; size < row.size(); ++size)
      EXPECT_FALSE(log::decode_message(std::string_view{row}.substr(0, size))) << size;
  }
}

TEST(message, a_small_one_has_a_small_row) {
  auto x = message{};
  x.time = timestamp{1'700'000'000s};
  x.data = payload::from(1);
  EXPECT_LE(log::encode(x).size(), 12u);
}

TEST(message, is_a_cloud_event_and_comes_back_from_it) {
  auto x = full();
  x.expires.reset();
  x.only_for.clear();
  x.schema = 0;
  auto event = log::to_cloud_event(x, "orders.created", 42);
  EXPECT_EQ(event, (json{{"specversion", "1.0"},
                         {"id", "id-1"},
                         {"source", "shop"},
                         {"type", "order.created"},
                         {"time", "2023-11-14T22:13:20.000Z"},
                         {"subject", "customer-7"},
                         {"datacontenttype", "application/json; charset=utf-8"},
                         {"traceparent", "00-ab-cd-01"},
                         {"region", "eu"},
                         {"channel", "orders.created"},
                         {"position", 42},
                         {"data", {{"total", 12.5}}}}));
  auto again = log::from_cloud_event(event);
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(*again, x);
}

TEST(message, bytes_that_are_no_json_are_base64) {
  auto x = message{};
  x.content_type = "application/octet-stream";
  x.data = payload::from_bytes(std::string{"\0\xff\n", 3});
  auto event = log::to_cloud_event(x, "files", 0);
  EXPECT_EQ(event["data_base64"], "AP8K");
  EXPECT_EQ(event["id"], "files/0");
  auto again = log::from_cloud_event(event);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->data.bytes(), x.data.bytes());
}

TEST(message, what_is_no_cloud_event_is_refused_with_the_place) {
  struct row {
    json event;
    const char* where;
  };
  for (auto& x : std::initializer_list<row>{
         {json::array(), ""},
         {{{"id", "1"}}, ""},
         {{{"specversion", "0.3"}}, "specversion"},
         {{{"specversion", "1.0"}, {"id", 7}}, "id"},
         {{{"specversion", "1.0"}, {"time", "noon"}}, "time"},
         {{{"specversion", "1.0"}, {"data", 1}, {"data_base64", "AA=="}}, "data"},
         {{{"specversion", "1.0"}, {"data_base64", "?"}}, "data_base64"},
         {{{"specversion", "1.0"}, {"Big", "x"}}, "Big"},
         {{{"specversion", "1.0"}, {"list", json::array()}}, "list"},
       }) {
    auto read = log::from_cloud_event(x.event);
    ASSERT_FALSE(read) << x.event;
    EXPECT_EQ(read.error().code, code::invalid_input);
    EXPECT_EQ(read.error().where, x.where) << to_string(read.error());
  }
}

} // namespace
