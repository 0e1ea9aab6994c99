// What a machine does to a program: the disk fills up or cannot be written, no file can be opened,
// the process is stopped for long, told to end.
#include "call.hpp"

#include <support/own_mounts.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using namespace support;
using ::dagger::json;
using ::dagger::test::leave_free;
using ::dagger::test::on_a_read_only_disk;
using ::dagger::test::on_a_small_disk;

constexpr auto disk_bytes = std::size_t{128} << 20;

constexpr auto approval_file = R"(job: approval
tasks:
  - {name: ask, agent: asks}
  - {name: report, agent: set, after: [ask], inputs: {by: "${ask.answer.by}"}}
)";

ended own(std::vector<std::string> words, const process_options& options = {}) {
  return run(own_command(std::move(words)), options);
}

/// Writes the value of a signal that needs more room than any commit before it has left.
void write_large_value(const folder& room) {
  room.write("value", json{{"by", "Ann"}, {"why", std::string(900'000, 'x')}}.dump());
}

/// Sends it.
std::vector<std::string> large_signal(const folder& room) {
  auto words = own_command({"signal", "approval", "approve", "-", "--store", room / "s"});
  words.insert(words.begin(), {"sh", "-c", "exec \"$@\" < \"$0\"", room / "value"});
  return words;
}

constexpr auto says_full = "the store is full and the engine waits for room, nothing is lost";

/// A job on a disk that has become full when the signal came that it waits for.
struct full_disk {
  explicit full_disk(const folder& room)
    : disk(room.path()),
      store(room / "s"),
      runs(own_command({"run", room.write("approval.yaml", approval_file), "--id", "approval",
                        "--store", store, "-v"})) {
    EXPECT_TRUE(runs.says("waits for signal 'approve'"));
    write_large_value(room);
    leave_free(disk, 0);
    answers.emplace(large_signal(room));
    EXPECT_TRUE(runs.says(says_full));
  }

  void make_room() const {
    std::filesystem::remove(disk / "filling");
  }

  std::filesystem::path disk;
  std::string store;
  process runs;
  std::optional<process> answers;
};

void wait_for_room(const folder& room) {
  auto full = full_disk{room};
  // Who only looks is served meanwhile.
  const auto seen = own({"show", "approval", "--store", full.store});
  EXPECT_TRUE(ended_with(seen, 0));
  EXPECT_TRUE(holds(seen.out, "suspended"));
  const auto refused = own({"run", room / "approval.yaml", "--store", room / "other"});
  EXPECT_TRUE(ended_with(refused, 4));
  EXPECT_TRUE(holds(refused.err, "free"));
  full.make_room();
  EXPECT_TRUE(ended_with(full.answers->wait(), 0));
  const auto end = full.runs.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"report", {{"by", "Ann"}}}}));
  EXPECT_TRUE(holds(end.err, "there is room in the store again: the engine goes on"));
  EXPECT_EQ(end.err.find(says_full), end.err.rfind(says_full)) << "said more than once";
  EXPECT_TRUE(ended_with(own({"store", "check", "--store", full.store}), 0));
}

void end_while_full(const folder& room) {
  auto full = full_disk{room};
  full.runs.send(SIGTERM);
  const auto end = full.runs.wait();
  EXPECT_TRUE(ended_with(end, 4));
  EXPECT_EQ(end.out, "");
  EXPECT_TRUE(holds(end.err, "stopped while the store was full"));
  EXPECT_TRUE(holds(end.err, "free space on its disk; nothing was changed\n"
                             "  then go on: own_agents resume approval --store "
                               + full.store));
  // Who asked for it hears that it was not done.
  EXPECT_TRUE(ended_with(full.answers->wait(), 4));
  full.make_room();
  auto again = process{own_command({"resume", "approval", "--store", full.store, "-v"})};
  ASSERT_TRUE(again.says("waits for signal 'approve'"));
  EXPECT_TRUE(ended_with(run(large_signal(room)), 0));
  const auto done = again.wait();
  EXPECT_TRUE(ended_with(done, 0));
  EXPECT_EQ(json::parse(done.out), (json{{"report", {{"by", "Ann"}}}}));
}

void serve_while_full(const folder& room) {
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{own_command({"serve", file, "--store", room / "s", "-v"})};
  ASSERT_TRUE(server.says("waits for signal 'approve'"));
  write_large_value(room);
  leave_free(room.path(), 0);
  auto answers = process{large_signal(room)};
  ASSERT_TRUE(server.says(says_full));
  server.send(SIGTERM);
  const auto end = server.wait();
  EXPECT_TRUE(ended_with(end, 4));
  EXPECT_TRUE(holds(end.err, "  then go on: own_agents serve --store " + (room / "s")));
}

/// Nobody holds the store, so the command has to write itself.
void act_while_full(const folder& room) {
  const auto file = room.write("approval.yaml", approval_file);
  {
    auto runs =
      process{own_command({"run", file, "--id", "approval", "--store", room / "s", "-v"})};
    ASSERT_TRUE(runs.says("waits for signal 'approve'"));
    runs.send(SIGTERM);
    EXPECT_TRUE(ended_with(runs.wait(), 130));
  }
  write_large_value(room);
  leave_free(room.path(), 0);
  const auto end = run(large_signal(room));
  EXPECT_TRUE(ended_with(end, 4));
  EXPECT_TRUE(holds(end.err, "free space on its disk; nothing was changed"));
  std::filesystem::remove(room / "filling");
  EXPECT_TRUE(ended_with(run(large_signal(room)), 0));
  const auto done = own({"resume", "approval", "--store", room / "s"});
  EXPECT_TRUE(ended_with(done, 0));
  EXPECT_EQ(json::parse(done.out), (json{{"report", {{"by", "Ann"}}}}));
}

/// `test` on a disk of its own.
#define ON_A_SMALL_DISK(test)                                                                      \
  const auto room = folder{};                                                                      \
  const auto why = on_a_small_disk(room.path(), disk_bytes, [&] { test(room); });                  \
  if (!why.empty())                                                                                \
  GTEST_SKIP() << why

TEST(weather, a_disk_that_is_full_in_the_middle_of_a_job_is_waited_for) {
  ON_A_SMALL_DISK(wait_for_room);
}

TEST(weather, who_is_told_to_end_while_the_disk_is_full_ends_with_4_and_says_what_to_do) {
  ON_A_SMALL_DISK(end_while_full);
}

TEST(weather, a_server_that_is_told_to_end_while_the_disk_is_full_ends_with_4) {
  ON_A_SMALL_DISK(serve_while_full);
}

TEST(weather, a_command_that_acts_by_itself_does_not_wait_for_a_full_disk) {
  ON_A_SMALL_DISK(act_while_full);
}

void only_read(const folder& room) {
  const auto store = std::vector<std::string>{"--store", room / "s"};
  const auto with_store = [&](std::vector<std::string> words) {
    words.insert(words.end(), store.begin(), store.end());
    return own(words);
  };
  for (const auto& words : std::vector<std::vector<std::string>>{{"jobs"},
                                                                 {"show", "approval"},
                                                                 {"show", "approval", "--history"},
                                                                 {"graph", "approval"},
                                                                 {"store", "info"},
                                                                 {"store", "check"}})
    EXPECT_TRUE(ended_with(with_store(words), 0)) << words.front();
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"run", room / "approval.yaml"},
                                             {"serve"},
                                             {"resume", "approval"},
                                             {"signal", "approval", "approve", R"({"by": "Ann"})"},
                                             {"pause", "approval"},
                                             {"cancel", "approval"},
                                             {"store", "compact"}}) {
    const auto x = with_store(words);
    EXPECT_TRUE(ended_with(x, 4)) << words.front();
    EXPECT_TRUE(holds(x.err, "Read-only file system")) << words.front();
    EXPECT_TRUE(holds(x.err, "mount its disk for writing")) << words.front();
    EXPECT_EQ(x.out, "") << words.front();
  }
  const auto none = own({"run", room / "approval.yaml", "--store", room / "new"});
  EXPECT_TRUE(ended_with(none, 4));
  EXPECT_TRUE(holds(none.err, "Read-only file system"));
}

TEST(weather, a_store_on_a_read_only_disk_can_be_read_and_refuses_all_else_with_4) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  {
    auto runs =
      process{own_command({"run", file, "--id", "approval", "--store", room / "s", "-v"})};
    ASSERT_TRUE(runs.says("waits for signal 'approve'"));
    runs.send(SIGTERM);
    EXPECT_TRUE(ended_with(runs.wait(), 130));
  }
  const auto before = content_of(room / "s/data.mdb");
  const auto why = on_a_read_only_disk(room.path(), [&] { only_read(room); });
  if (!why.empty())
    GTEST_SKIP() << why;
  EXPECT_EQ(content_of(room / "s/data.mdb"), before);
}

/// `own_agents` with at most so many open files.
std::vector<std::string> with_few_files(int files, std::vector<std::string> words) {
  words = own_command(std::move(words));
  words.insert(words.begin(),
               {"sh", "-c", "ulimit -n " + std::to_string(files) + "; exec \"$@\"", "sh"});
  return words;
}

TEST(weather, with_too_few_files_a_run_says_so_or_works) {
  auto failed = 0;
  auto worked = 0;
  for (auto files = 4; files <= 24; ++files) {
    const auto room = folder{};
    const auto file = room.write("hello.yaml", hello_file);
    const auto x =
      run(with_few_files(files, {"run", file, "--id", "hello-1", "--store", room / "s"}));
    EXPECT_EQ(x.signal, 0) << files << ": " << x.err;
    if (x.code == 0) {
      ++worked;
      EXPECT_EQ(json::parse(x.out)["greeting"], "hello world");
      continue;
    }
    ++failed;
    // The loader of shared libraries says it in its own words.
    EXPECT_TRUE(holds(x.err, x.code == 127 ? "Error 24" : "Too many open files"))
      << files << ": exit " << x.code;
    EXPECT_EQ(x.out, "");
    // Nothing is half done: with more files it runs.
    if (files % 4 == 0) {
      EXPECT_TRUE(ended_with(own({"run", file, "--id", "hello-1", "--store", room / "s"}), 0));
    }
  }
  EXPECT_GT(failed, 3);
  EXPECT_GT(worked, 0);
}

TEST(weather, an_engine_without_a_free_file_answers_when_there_is_one_again) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{with_few_files(24, {"serve", file, "--store", room / "s", "-v"})};
  ASSERT_TRUE(server.says("waits for signal 'approve'"));
  auto watchers = std::vector<std::unique_ptr<process>>{};
  for (auto i = 0; i < 24; ++i)
    watchers.push_back(std::make_unique<process>(
      own_command({"show", "approval", "--watch", "--store", room / "s"})));
  // This one waits in the queue of the socket.
  auto answers = process{
    own_command({"signal", "approval", "approve", R"({"by": "Ann"})", "--store", room / "s"})};
  watchers.clear();
  EXPECT_TRUE(ended_with(answers.wait(), 0));
  ASSERT_TRUE(server.says("job approval completed"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(weather, a_process_that_is_stopped_longer_than_all_its_times_goes_on) {
  const auto room = folder{};
  // Whenever it is stopped and goes on: the nap of an hour is over its time, so is the wait for
  // children, and each counts once.
  const auto file = room.write("times.yaml", R"(job: times
tasks:
  - {name: deaf, agent: hang, timeout: 300ms, optional: true,
     retry: {max_attempts: 2, initial: 10ms}}
  - {name: wait, agent: asks, total_timeout: 400ms, optional: true}
  - {name: nap, agent: sleep, inputs: {duration: 500ms}}
  - {name: last, agent: set, after: [nap], inputs: {x: 1}}
)");
  auto runs =
    process{own_command({"run", file, "--id", "times-1", "--store", room / "s", "-v", "--json"})};
  ASSERT_TRUE(runs.says("deaf running"));
  runs.send(SIGSTOP);
  // Longer than all of them together.
  std::this_thread::sleep_for(std::chrono::milliseconds{1'500});
  runs.send(SIGCONT);
  const auto end = runs.wait();
  EXPECT_TRUE(ended_with(end, 0));
  const auto tasks = valid(end.out, "run")["tasks"];
  EXPECT_EQ(tasks["deaf"]["state"], "failed");
  EXPECT_EQ(tasks["deaf"]["error"]["code"], "timeout");
  EXPECT_EQ(tasks["deaf"]["attempts"], 2);
  EXPECT_EQ(tasks["wait"]["state"], "failed");
  EXPECT_EQ(tasks["wait"]["error"]["code"], "timeout");
  EXPECT_EQ(tasks["last"]["state"], "completed");
  EXPECT_TRUE(ended_with(own({"store", "check", "--store", room / "s"}), 0));
}

TEST(weather, a_stopped_server_answers_when_it_goes_on) {
  const auto room = folder{};
  const auto file = room.write("approval.yaml", approval_file);
  auto server = process{own_command({"serve", file, "--store", room / "s", "-v"})};
  ASSERT_TRUE(server.says("waits for signal 'approve'"));
  server.send(SIGSTOP);
  auto answers = process{
    own_command({"signal", "approval", "approve", R"({"by": "Ann"})", "--store", room / "s"})};
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  server.send(SIGCONT);
  EXPECT_TRUE(ended_with(answers.wait(), 0));
  ASSERT_TRUE(server.says("job approval completed"));
  server.send(SIGTERM);
  EXPECT_TRUE(ended_with(server.wait(), 0));
}

TEST(weather, sigterm_waits_for_what_runs_and_its_outcome_counts) {
  const auto room = folder{};
  const auto fifo = room / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto file = room.write("term.yaml", R"(job: term
inputs: {fifo: true}
tasks:
  - {name: read, agent: reads, inputs: {fifo: "${inputs.fifo}"}}
  - {name: ask, agent: asks, after: [read]}
)");
  auto runs = process{own_command(
    {"run", file, "-i", "fifo=" + fifo, "--id", "term-1", "--store", room / "s", "-v"})};
  ASSERT_TRUE(runs.says("read running"));
  runs.send(SIGTERM);
  ASSERT_TRUE(runs.says("interrupted: job term-1 is not finished"));
  std::ofstream{fifo} << "told\n";
  EXPECT_TRUE(ended_with(runs.wait(), 130));
  auto again = process{own_command({"resume", "term-1", "--store", room / "s", "-v"})};
  ASSERT_TRUE(again.says("waits for signal 'approve'"));
  EXPECT_TRUE(
    ended_with(own({"signal", "term-1", "approve", R"({"by": "Ann"})", "--store", room / "s"}), 0));
  const auto end = again.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(end.err.find("read running"), std::string::npos) << end.err;
  const auto shown = valid(own({"show", "term-1", "--json", "--store", room / "s"}).out, "show");
  EXPECT_EQ(shown["tasks"][0]["attempts"].size(), 1u);
  EXPECT_EQ(shown["tasks"][0]["state"], "completed");
}

} // namespace
