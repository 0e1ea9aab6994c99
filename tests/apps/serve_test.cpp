// `dagger serve`: one process works on a store, others talk to it.
#include "call.hpp"

#include <csignal>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto approval_file = R"(job: approval
tasks:
  - {name: ask, agent: asks}
  - {name: report, agent: set, after: [ask], inputs: {by: "${ask.answer.by}"}}
)";

std::vector<std::string> serve_words(const folder& room, std::vector<std::string> files = {}) {
  files.insert(files.begin(), "serve");
  files.insert(files.end(), {"--store", room / "s", "-v"});
  return own_command(std::move(files));
}

ended say(const folder& room, std::vector<std::string> words) {
  words.insert(words.end(), {"--store", room / "s"});
  return run(own_command(std::move(words)));
}

json shown(const folder& room, const std::string& id) {
  return valid(say(room, {"show", id, "--json"}).out, "show");
}

TEST(serve, it_submits_its_files_and_works_on_everything_in_the_store) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  const auto old = room.write("old.yaml", approval_file);
  {
    auto running = process{own_command({"run", old, "--id", "old", "--store", room / "s", "-v"})};
    ASSERT_TRUE(running.says("waits for signal"));
    running.send(SIGKILL);
    running.wait();
  }
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("job approval: task 'ask' waits for signal 'approve'"));
  for (const auto* id : {"approval", "old"})
    EXPECT_TRUE(ended_with(say(room, {"signal", id, "approve", R"({"by": "Ann"})"}), 0));
  ASSERT_TRUE(server.says("job approval completed"));
  ASSERT_TRUE(server.says("job old completed"));
  EXPECT_EQ(shown(room, "old")["outputs"], (json{{"report", {{"by", "Ann"}}}}));
  server.send(SIGTERM);
  const auto end = server.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_TRUE(holds(end.err, "stopping; 0 jobs are unfinished"));
}

TEST(serve, a_file_whose_job_is_there_is_left_as_it_is) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(say(room, {"run", file, "--id", "hello", "-i", "name=moon"}), 0));
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("serving "));
  server.send(SIGINT);
  EXPECT_TRUE(ended_with(server.wait(), 0));
  EXPECT_EQ(shown(room, "hello")["outputs"]["greeting"], "hello moon");
}

TEST(serve, resume_passes_the_job_to_it_and_follows_it_there) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("waits for signal"));
  EXPECT_TRUE(ended_with(say(room, {"pause", "approval"}), 0));
  ASSERT_TRUE(server.says("job approval paused"));
  auto follower = process{own_command({"resume", "approval", "--store", room / "s", "-v"})};
  ASSERT_TRUE(server.says("job approval running"));
  ASSERT_TRUE(follower.says("waits for signal 'approve'"));
  EXPECT_TRUE(ended_with(say(room, {"signal", "approval", "approve", R"({"by": "Ann"})"}), 0));
  const auto end = follower.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"report", {{"by", "Ann"}}}}));
  EXPECT_TRUE(holds(end.err, "report completed"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(serve, a_follower_that_leaves_does_not_stop_the_job) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("waits for signal"));
  auto follower = process{own_command({"resume", "approval", "--store", room / "s", "-v"})};
  ASSERT_TRUE(follower.says("waits for signal 'approve'"));
  follower.send(SIGINT);
  const auto left = follower.wait();
  EXPECT_TRUE(ended_with(left, 130));
  EXPECT_TRUE(holds(left.err, "job approval goes on without us"));
  EXPECT_TRUE(ended_with(say(room, {"signal", "approval", "approve", R"({"by": "Ann"})"}), 0));
  ASSERT_TRUE(server.says("job approval completed"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(serve, a_follower_hears_that_the_engine_has_ended) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("waits for signal"));
  auto follower = process{own_command({"resume", "approval", "--store", room / "s", "-v"})};
  ASSERT_TRUE(follower.says("waits for signal 'approve'"));
  server.send(SIGKILL);
  server.wait();
  const auto left = follower.wait();
  EXPECT_TRUE(ended_with(left, 130));
  EXPECT_TRUE(holds(left.err, "the engine that worked on job approval has ended\n"
                              "  go on: own_agents resume approval --store "
                                + (room / "s")));
}

TEST(serve, retry_and_purge_are_done_by_it) {
  const auto room = folder{};
  const auto file = room.write("fails.yaml", "job: fails\ntasks: [{name: t, agent: throws}]\n");
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("job fails failed"));
  const auto better = room.write("better.yaml", "job: fails\ntasks: [{name: t, agent: set}]\n");
  EXPECT_TRUE(ended_with(say(room, {"retry", "fails", "--with", better}), 0));
  ASSERT_TRUE(server.says("job fails completed"));
  EXPECT_TRUE(ended_with(say(room, {"purge", "fails"}), 0));
  EXPECT_TRUE(ended_with(say(room, {"show", "fails"}), 2));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(serve, others_that_want_to_hold_the_store_are_told_who_does) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  auto server = process{serve_words(room)};
  ASSERT_TRUE(server.says("serving "));
  for (const auto& words :
       {std::vector<std::string>{"run", file}, {"serve"}, {"store", "compact"}}) {
    const auto x = say(room, words);
    EXPECT_TRUE(ended_with(x, 4)) << words.front();
    EXPECT_TRUE(holds(x.err, "(own_agents serve)"));
  }
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(serve, a_second_signal_ends_it_at_once) {
  const auto room = folder{};
  const auto file = room.write("deaf.yaml", "job: deaf\ntasks: [{name: t, agent: deaf}]\n");
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("deaf t running"));
  server.send(SIGTERM);
  ASSERT_TRUE(server.says("stopping; 1 jobs are unfinished; once more ends at once"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 130));
}

TEST(serve, a_store_with_a_long_path_is_reached) {
  const auto room = folder{};
  auto path = room.path();
  for (auto i = 0; i < 4; ++i) {
    path /= std::string(60, 'x');
    std::filesystem::create_directory(path);
  }
  const auto store = (path / "s").string();
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{own_command({"serve", file, "--store", store, "-v"})};
  ASSERT_TRUE(server.says("waits for signal"));
  EXPECT_TRUE(ended_with(
    run(own_command({"signal", "approval", "approve", R"({"by": "Ann"})", "--store", store})), 0));
  ASSERT_TRUE(server.says("job approval completed"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

} // namespace
