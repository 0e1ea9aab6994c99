// The agent `http` against a server of our own.
#include "acting.hpp"

#include <support/http_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

using namespace dagger;
using test::acting;
using test::http_answer;
using test::http_server;

TEST(http, an_answer_is_returned_whole) {
  auto it = acting{};
  auto there = http_server{[](const std::string&) {
    return http_answer("200 OK", R"({"a": [1, 2]})",
                       "Content-Type: application/json\r\nX-A: 1\r\n"
                       "X-A: 2\r\n");
  }};
  auto got = it.run("http", {{"url", there.url("/path?x=1")}, {"headers", {{"X-Mine", "yes"}}}});
  EXPECT_EQ(got["status"], 200);
  EXPECT_EQ(got["json"], json({{"a", {1, 2}}}));
  EXPECT_EQ(got["body"], R"({"a": [1, 2]})");
  EXPECT_EQ(got["headers"]["x-a"], "1, 2");
  const auto asked = there.seen().at(0).text;
  EXPECT_TRUE(asked.starts_with("GET /path?x=1 HTTP/1.1\r\n"));
  EXPECT_NE(asked.find("X-Mine: yes\r\n"), std::string::npos);
}

TEST(http, bodies_are_sent) {
  auto it = acting{};
  auto there =
    http_server{[&](const std::string& request) { return http_answer("201 Created", request); }};
  auto sent = [&](json input) {
    input["url"] = there.url();
    return it.run("http", std::move(input))["body"].get<std::string>();
  };
  auto with_json = sent({{"json", {{"a", 1}}}});
  EXPECT_TRUE(with_json.starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(with_json.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_TRUE(with_json.ends_with("\r\n\r\n{\"a\":1}"));
  auto put = sent({{"method", "PUT"}, {"body", "text"}, {"headers", {{"Content-Type", "a/b"}}}});
  EXPECT_TRUE(put.starts_with("PUT / HTTP/1.1\r\n"));
  EXPECT_NE(put.find("Content-Type: a/b\r\n"), std::string::npos);
  EXPECT_TRUE(put.ends_with("\r\n\r\ntext"));
  EXPECT_TRUE(sent({{"method", "DELETE"}}).starts_with("DELETE / "));
}

TEST(http, another_status_than_expected_fails) {
  auto it = acting{};
  auto there = http_server{[](const std::string& request) {
    return request.starts_with("GET /gone") ? http_answer("404 Not Found", "no such page")
                                            : http_answer("204 No Content", "");
  }};
  EXPECT_EQ(it.failure("http", {{"url", there.url("/gone")}}),
            "http_status: " + there.url("/gone") + " answered with status 404:\nno such page");
  EXPECT_EQ(it.run("http", {{"url", there.url("/gone")}, {"expected", 404}})["status"], 404);
  EXPECT_EQ(it.run("http", {{"url", there.url("/gone")}, {"expected", {200, 404}}})["status"], 404);
  EXPECT_TRUE(it.failure("http", {{"url", there.url("/")}, {"expected", {200}}})
                .starts_with("http_status: "));
}

/// How often a task with three attempts asks a server that always answers so.
int attempts_at(const std::string& said) {
  auto engine = dagger::engine{{.log = log_level::off}};
  add_builtin_agents(engine);
  auto there = http_server{[&](const std::string&) { return said; }};
  auto made = job{"a"};
  auto options = task_options{.name = "only", .agent = "http", .input = {{"url", there.url()}}};
  options.retry = retry_policy{.max_attempts = 3, .initial = std::chrono::milliseconds{1}};
  made.add(std::move(options));
  EXPECT_FALSE(test::got(engine.submit(made)).completed());
  return static_cast<int>(there.seen().size());
}

TEST(http, what_may_pass_is_tried_again) {
  EXPECT_EQ(attempts_at(http_answer("503 Unavailable", "")), 3);
  EXPECT_EQ(attempts_at(http_answer("408 Timeout", "")), 3);
  EXPECT_EQ(attempts_at(http_answer("404 Not Found", "")), 1);
  EXPECT_EQ(attempts_at(http_answer("400 Bad Request", "")), 1);
}

TEST(http, the_server_says_when_to_try_again) {
  auto engine = dagger::engine{{.log = log_level::off}};
  add_builtin_agents(engine);
  auto there = http_server{[first = true](const std::string&) mutable {
    return std::exchange(first, false) ? http_answer("429 Too Many", "", "Retry-After: 1\r\n")
                                       : http_answer("200 OK", "");
  }};
  auto made = job{"a"};
  auto options = task_options{.name = "only", .agent = "http", .input = {{"url", there.url()}}};
  options.retry = retry_policy{.max_attempts = 2, .initial = std::chrono::milliseconds{1}};
  made.add(std::move(options));
  ASSERT_TRUE(test::got(engine.submit(made)).completed());
  const auto seen = there.seen();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_GE(seen[1].at - seen[0].at, std::chrono::milliseconds{900});
}

TEST(http, redirections_are_followed_within_http) {
  auto it = acting{};
  auto there = http_server{[](const std::string& request) {
    if (request.starts_with("GET /a "))
      return http_answer("302 Found", "", "Location: /b\r\nX-Old: 1\r\n");
    if (request.starts_with("GET /file "))
      return http_answer("302 Found", "", "Location: file:///etc/hostname\r\n");
    if (request.starts_with("GET /round "))
      return http_answer("302 Found", "", "Location: /round\r\n");
    return http_answer("200 OK", "arrived");
  }};
  auto got = it.run("http", {{"url", there.url("/a")}});
  EXPECT_EQ(got["body"], "arrived");
  EXPECT_FALSE(got["headers"].contains("x-old"));
  EXPECT_TRUE(it.failure("http", {{"url", there.url("/file")}}).starts_with("invalid_input: "));
  EXPECT_TRUE(it.failure("http", {{"url", there.url("/round")}}).starts_with("unavailable: "));
}

TEST(http, what_cannot_be_reached_or_asked_is_said) {
  auto it = acting{};
  auto closed = std::string{};
  {
    auto there = http_server{[](const std::string&) { return http_answer("200 OK", ""); }};
    closed = there.url();
  }
  EXPECT_TRUE(it.failure("http", {{"url", closed}}).starts_with("unavailable: " + closed + ": "));
  for (auto wrong : {"ftp://127.0.0.1/", "file:///etc/hostname", "nothing", "http:/x"})
    EXPECT_TRUE(it.failure("http", {{"url", wrong}}).starts_with("invalid_input: ")) << wrong;
  EXPECT_EQ(it.failure("http", {{"url", closed}, {"headers", {{"A", "b\r\nC: d"}}}}),
            "invalid_input: the header 'A' holds a line break or a colon");
  EXPECT_TRUE(it.failure("http", {{"url", closed}, {"json", 1}, {"body", "x"}})
                .starts_with("invalid_input: "));
}

TEST(http, an_answer_is_bounded) {
  auto it = acting{};
  auto there = http_server{[](const std::string&) {
    return http_answer("200 OK", std::string(limits::http_body_bytes + 1, 'x'));
  }};
  EXPECT_EQ(it.failure("http", {{"url", there.url()}}),
            "too_large: the answer is larger than 16 MiB");
}

TEST(http, a_time_out_ends_a_request_that_is_not_answered) {
  auto it = acting{};
  auto there = http_server{[](const std::string&) { return std::string{}; }};
  EXPECT_TRUE(it.failure("http", {{"url", there.url()}}, std::chrono::milliseconds{500})
                .starts_with("timeout: "));
}

} // namespace
