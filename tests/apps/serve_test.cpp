// `dagger serve`: one process works on a store, others talk to it.
#include "call.hpp"

#include <dagger/store/lock.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

TEST(serve, a_follower_at_a_terminal_sees_a_live_line_that_is_gone_at_the_end) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("waits for signal"));
  auto follower = process{own_command({"resume", "approval", "--store", room / "s"}),
                          {.environment = {{"TERM", "xterm"}}, .terminal = true}};
  ASSERT_TRUE(follower.says("] 0/2"));
  ASSERT_TRUE(follower.says("1 suspended"));
  EXPECT_TRUE(ended_with(say(room, {"signal", "approval", "approve", R"({"by": "Ann"})"}), 0));
  const auto end = follower.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"report", {{"by", "Ann"}}}}));
  EXPECT_TRUE(holds(end.err, "] 2/2"));
  EXPECT_TRUE(end.err.ends_with("\r\x1b[2K")) << end.err;
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(serve, a_late_report_is_no_second_end_of_its_task) {
  const auto room = folder{};
  const auto fifo = room / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto file = room.write("late.yaml", "job: late\ntasks:\n"
                                            "  - {name: late, agent: reads, timeout: 200ms, "
                                            "optional: true, inputs: {fifo: \""
                                              + fifo
                                              + "\"}}\n"
                                                "  - {name: ask, agent: asks}\n");
  auto server = process{serve_words(room, {file}),
                        {.environment = {{"NO_COLOR", "1"}, {"TERM", "xterm"}}, .terminal = true}};
  ASSERT_TRUE(server.says("late late failed"));
  std::ofstream{fifo} << "too late\n";
  ASSERT_TRUE(server.says("late_report"));
  EXPECT_TRUE(ended_with(say(room, {"signal", "late", "approve", R"({"by": "Ann"})"}), 0));
  ASSERT_TRUE(server.says("job late completed"));
  server.send(SIGTERM);
  const auto end = server.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_TRUE(holds(end.err, "0 unfinished jobs, 0 tasks run, 2 tasks done"));
  EXPECT_EQ(end.err.find("3 tasks done"), std::string::npos) << end.err;
}

std::uint64_t commits_of(const folder& room) {
  return valid(say(room, {"store", "info", "--json"}).out, "store")["commits"];
}

TEST(serve, a_signal_reaches_the_agent_with_at_most_two_commits) {
  const auto room = folder{};
  const auto fifo = room / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto file = room.write("goes.yaml", "job: goes\ntasks: [{name: t, agent: goes, inputs: "
                                            "{fifo: \""
                                              + fifo + "\"}}]\n");
  auto server = process{serve_words(room, {file})};
  ASSERT_TRUE(server.says("waits for signal 'go'"));
  const auto before = commits_of(room);
  EXPECT_TRUE(ended_with(say(room, {"signal", "goes", "go", "5"}), 0));
  {
    // It opens when the agent does, which then waits for a line.
    auto agent = std::ofstream{fifo};
    const auto commits = commits_of(room) - before;
    EXPECT_GE(commits, 1u);
    EXPECT_LE(commits, 2u);
    agent << "told\n";
  }
  ASSERT_TRUE(server.says("job goes completed"));
  EXPECT_EQ(shown(room, "goes")["outputs"]["t"]["answer"], 5);
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

/// One who holds a store and listens as an engine does, and does not answer.
class mute_holder {
public:
  explicit mute_holder(const std::string& store)
    : lock_(::dagger::store::store_lock::acquire(store, "a mute serve").value()),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = sockaddr_un{};
    address.sun_family = AF_UNIX;
    (store + "/control.sock").copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
  }

  ~mute_holder() {
    ::close(listener_);
  }

  /// The first line of the next one who connects, whose answer never comes.
  std::string vanish_after_request() {
    auto line = std::string{};
    auto fd = pollfd{listener_, POLLIN, 0};
    EXPECT_EQ(::poll(&fd, 1, 60'000), 1);
    const auto peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const auto patience = timeval{60, 0};
    ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    auto c = char{};
    while (::recv(peer, &c, 1, 0) == 1 && c != '\n')
      line += c;
    lock_.reset();
    ::close(peer);
    return line;
  }

private:
  std::optional<::dagger::store::store_lock> lock_;
  int listener_;
};

TEST(serve, a_holder_that_vanishes_between_request_and_answer_is_told_of) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(say(room, {"run", file, "--id", "hello-1"}), 0));
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"signal", "hello-1", "go", "1"}, {"cancel", "hello-1"}, {"purge", "hello-1"}}) {
    auto holder = mute_holder{room / "s"};
    auto line = words;
    line.insert(line.end(), {"--store", room / "s"});
    auto asks = process{own_command(line)};
    EXPECT_TRUE(holds(holder.vanish_after_request(), "hello-1")) << words.front();
    const auto end = asks.wait();
    EXPECT_TRUE(ended_with(end, 1)) << words.front();
    EXPECT_EQ(end.out, "") << words.front();
    EXPECT_TRUE(holds(end.err, "the engine ended before it answered\n"
                               "  dagger show tells whether it was done"))
      << words.front();
    std::filesystem::remove(room / "s/control.sock");
  }
  // Nothing was done, and the store is whole.
  EXPECT_EQ(shown(room, "hello-1")["state"], "completed");
  EXPECT_TRUE(ended_with(say(room, {"store", "check"}), 0));
}

} // namespace
