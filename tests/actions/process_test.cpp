// Commands as processes: what goes in, what comes out, and that nothing is left of them.
#include "../support/temporary_folder.hpp"

#include <dagger/actions/process.hpp>
#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using actions::command;
using actions::finished;

command script(const std::string& text) {
  return {.words = {"sh", "-c", text}};
}

finished end_of(const command& x) {
  auto end = actions::run(x, {});
  if (!end)
    throw error{end.error()};
  return *end;
}

std::string text_of(const std::filesystem::path& file) {
  auto text = std::string{};
  std::getline(std::ifstream{file}, text);
  return text;
}

/// Waits until the file has a line; fails the test if it never has.
std::string line_in(const std::filesystem::path& file) {
  for (auto i = 0; i < 6'000; ++i) {
    if (auto text = text_of(file); !text.empty())
      return text;
    std::this_thread::sleep_for(10ms);
  }
  ADD_FAILURE() << file << " does not come";
  return "0";
}

/// Whether nobody has this process number; a zombie that its new parent has not reaped yet is
/// nobody.
bool is_gone(const std::string& pid) {
  for (auto i = 0; i < 6'000; ++i) {
    auto stat = text_of("/proc/" + pid + "/stat");
    if (stat.empty() || stat.find(") Z ") != std::string::npos)
      return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST(process, output_errors_and_status_are_kept_apart) {
  auto end = end_of(script("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(end.output, "out\n");
  EXPECT_EQ(end.errors, "err\n");
  EXPECT_EQ(end.status, 3);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end_of(script("true")).status, 0);
}

TEST(process, a_signal_is_told_as_shells_tell_it) {
  auto end = end_of(script("kill -9 $$"));
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.status, 137);
}

TEST(process, input_of_any_size_arrives_and_may_be_left_unread) {
  auto echo = script("cat");
  echo.input = std::string(1 << 20, 'x') + "end";
  EXPECT_EQ(end_of(echo).output, echo.input);
  auto one = script("head -c 1");
  one.input = echo.input;
  EXPECT_EQ(end_of(one).output, "x");
  auto none = script("exec <&-; echo done");
  none.input = echo.input;
  EXPECT_EQ(end_of(none).output, "done\n");
  EXPECT_EQ(end_of(script("cat; echo end")).output, "end\n");
}

TEST(process, folder_and_environment_are_its_own) {
  auto folder = test::temporary_folder{};
  auto x = script("pwd -P; echo $GREETING $HOME");
  x.working_directory = folder.path();
  x.environment = {{"GREETING", "hello world"}, {"HOME", "/none"}};
  EXPECT_EQ(end_of(x).output,
            std::filesystem::canonical(folder.path()).string() + "\nhello world /none\n");
}

TEST(process, what_cannot_start_is_refused) {
  auto gone = script("true");
  gone.working_directory = "/nowhere/at/all";
  EXPECT_EQ(actions::run(gone, {}).error().code, "not_found");
  EXPECT_EQ(actions::run({.words = {"no-such-program-anywhere"}}, {}).error().message,
            "cannot start 'no-such-program-anywhere': No such file or directory");
  EXPECT_EQ(actions::run(script(std::string{"a\0b", 3}), {}).error().code, "invalid_input");
  auto wrong = script("true");
  wrong.environment = {{"a=b", "c"}};
  EXPECT_EQ(actions::run(wrong, {}).error().code, "invalid_input");
}

TEST(process, it_has_no_descriptor_of_ours) {
  auto held = std::ofstream{"/dev/null"};
  EXPECT_EQ(end_of(script("ls /proc/self/fd | wc -l")).output, "4\n"); // 0, 1, 2, and that of ls
}

TEST(process, output_is_bounded) {
  auto end = end_of(script("yes"));
  EXPECT_TRUE(end.is_too_large);
  EXPECT_FALSE(end.is_stopped);
  EXPECT_EQ(end.output.size(), limits::command_output_bytes);
}

TEST(process, what_it_leaves_running_ends_with_it) {
  auto folder = test::temporary_folder{};
  auto end = end_of(script("sleep 1000 & echo $! > " + (folder / "pid").string()));
  EXPECT_EQ(end.status, 0);
  EXPECT_TRUE(is_gone(line_in(folder / "pid")));
}

TEST(process, its_end_is_seen_when_it_has_closed_its_output) {
  EXPECT_EQ(end_of(script("exec >&- 2>&-; sleep 0.05; exit 7")).status, 7);
}

TEST(process, stop_ends_the_whole_group) {
  auto folder = test::temporary_folder{};
  auto pid_file = (folder / "pid").string();
  auto x = script("sh -c 'echo $$ > " + pid_file + ".new; mv " + pid_file + ".new " + pid_file
                  + "; exec sleep 1000'; true");
  x.grace = 60s;
  auto stop = std::stop_source{};
  auto end = finished{};
  {
    auto runs = std::jthread{[&] { end = actions::run(x, stop.get_token()).value(); }};
    line_in(pid_file);
    stop.request_stop();
  }
  EXPECT_TRUE(end.is_stopped);
  EXPECT_EQ(end.signal, SIGTERM);
  EXPECT_TRUE(is_gone(text_of(pid_file)));
}

TEST(process, a_group_may_clean_up_before_it_ends) {
  auto folder = test::temporary_folder{};
  auto ready = (folder / "ready").string();
  auto x = script("trap 'echo cleaned; exit 5' TERM; echo 1 > " + ready
                  + "; while :; do sleep 0.02; done");
  x.grace = 60s;
  auto stop = std::stop_source{};
  auto end = finished{};
  {
    auto runs = std::jthread{[&] { end = actions::run(x, stop.get_token()).value(); }};
    line_in(ready);
    stop.request_stop();
  }
  EXPECT_EQ(end.output, "cleaned\n");
  EXPECT_EQ(end.status, 5);
}

TEST(process, who_does_not_listen_is_killed_after_the_grace) {
  auto folder = test::temporary_folder{};
  auto ready = (folder / "ready").string();
  auto x = script("trap '' TERM; echo 1 > " + ready + "; while :; do sleep 1000; done");
  x.grace = 50ms;
  auto stop = std::stop_source{};
  auto end = finished{};
  {
    auto runs = std::jthread{[&] { end = actions::run(x, stop.get_token()).value(); }};
    line_in(ready);
    stop.request_stop();
  }
  EXPECT_TRUE(end.is_stopped);
  EXPECT_EQ(end.signal, SIGKILL);
}

} // namespace
