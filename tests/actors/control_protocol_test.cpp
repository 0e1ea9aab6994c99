// Lines of the control socket: what is written is read, and nothing else is.
#include <dagger/actors/control_protocol.hpp>

#include <gtest/gtest.h>

namespace dagger::actors {

namespace {

/// The line that the request read from `x` makes again.
std::string again(const control_request& x) {
  auto read = read_request(to_line(x));
  return read ? to_line(*read) : to_line(read.error());
}

TEST(control_protocol, requests_pass_both_ways) {
  auto spec = plan::job_spec{.id = "a"};
  spec.tasks.push_back({.name = "t", .agent = "x", .input = payload::from({{"n", 1}})});
  auto with = std::make_shared<const plan::job_spec>(spec);
  for (auto& x : std::vector<control_request>{
         control_ping{}, control_signal{"a", "go", {{"deep", {1, nullptr}}}, false},
         control_accept{"a", "t"}, control_reject{"a", "t", "why\nnot \"that\"", true},
         control_pause{"a"}, control_resume{"a"}, control_cancel{"a"},
         control_retry{"a", "t", nullptr}, control_retry{"a", {}, with}, control_purge{"a"},
         control_watch{"a", {}}, control_watch{"a", ~std::uint64_t{0}},
         control_add_node{"a", "id: x\naction: set\n", "node.yaml", "/tmp"},
         control_add_node{"a", {{"id", "x"}}, {}, {}}, control_remove_node{"a", "x"},
         control_enable{"a", "x"}, control_disable{"a", "x"},
         control_set_input{"a", "x", {{"n", 1}}}}) {
    auto line = to_line(x);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_EQ(again(x), line);
  }
  auto read = read_request(to_line(control_retry{"a", {}, with}));
  ASSERT_TRUE(read);
  EXPECT_EQ(*std::get<control_retry>(*read).with, spec);
}

TEST(control_protocol, wrong_requests_say_what_is_wrong) {
  auto why = [](std::string_view line) {
    auto read = read_request(line);
    return read ? "none" : read.error().where + ": " + read.error().message;
  };
  EXPECT_NE(why("").find("1:1"), std::string::npos) << why("");
  EXPECT_EQ(why("[]"), ": must be an object, not array");
  EXPECT_EQ(why("{}"), ": 'do' is missing");
  EXPECT_EQ(why(R"({"do": 1})"), "do: must be a string, not number");
  EXPECT_EQ(why(R"({"do": "pauze", "job": "a"})"),
            "do: 'pauze' is none of ping, signal, accept, reject, pause, resume, cancel, retry, "
            "purge, watch, add_node, remove_node, enable, disable, set_input, publish, "
            "declare_channel, delete_channel, redrive, subscribe, answer");
  EXPECT_EQ(why(R"({"do": "pause"})"), ": 'job' is missing");
  EXPECT_EQ(why(R"({"do": "pause", "job": "a", "jib": 1})"), ": unknown member 'jib'");
  EXPECT_EQ(why(R"({"do": "watch", "job": "a", "from": -1})"),
            "from: must be a whole number from 0 to 18446744073709551615");
  EXPECT_EQ(why(R"({"do": "retry", "job": "a", "with": {"id": "a", "tasks": [{}]}})"),
            "with.tasks[0]: 'agent' is missing");
  EXPECT_EQ(why(R"({"do": "signal", "job": "a", "name": "go", "queue": "yes"})"),
            "queue: must be true or false");
}

TEST(control_protocol, answers_pass_both_ways) {
  auto ok = read_answer(to_line_ok({{"holder", "dagger serve"}}));
  ASSERT_TRUE(ok);
  EXPECT_EQ((*ok)["holder"], "dagger serve");
  auto why = error{code::conflict, "no", "here", "do it"};
  auto refused = read_answer(to_line(why));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), why);
  EXPECT_EQ(read_problems(to_line(why)), std::vector{why});
  auto many = std::vector{why, error{code::not_found, "nor that"}};
  EXPECT_EQ(read_problems(to_line(many)), many);
  EXPECT_EQ(read_answer(to_line(many)).error(), why);
  EXPECT_TRUE(read_problems(to_line_ok()).empty());
  EXPECT_EQ(read_problems("[]").front().code, code::invalid_input);
  EXPECT_EQ(read_answer("{").error().code, code::invalid_input);
  EXPECT_EQ(read_answer("[]").error().code, code::invalid_input);
}

TEST(control_protocol, events_pass_both_ways) {
  auto x = plan::job_event{};
  x.position = 17;
  x.job = 3;
  x.id = "job";
  x.time = parse_rfc3339("2026-11-20T11:02:52.125Z").value();
  x.state = job_state::failed;
  x.added = {{2, 5}, {9, 1}};
  x.transitions = {{1, task_state::failed, 2, 3, "exception", "no\nluck"},
                   {4, task_state::ready, 1, 0, {}, {}}};
  auto answer = read_answer(to_line(x));
  ASSERT_TRUE(answer);
  auto read = read_event(*answer);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->position, x.position);
  EXPECT_EQ(read->job, x.job);
  EXPECT_EQ(read->id, x.id);
  EXPECT_EQ(read->time, x.time);
  EXPECT_EQ(read->state, x.state);
  EXPECT_EQ(read->added, x.added);
  EXPECT_EQ(read->transitions, x.transitions);
  EXPECT_FALSE(read_event(json{{"end", "completed"}}));
  EXPECT_FALSE(read_event(json{{"event", {{"position", 1}}}}));
}

} // namespace

} // namespace dagger::actors
