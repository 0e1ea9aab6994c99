// The agent `shell`, with real shells.
#include "acting.hpp"

#include "../support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>

namespace {

using namespace dagger;
using test::acting;
using test::temporary_folder;

std::string first_line(const std::filesystem::path& file) {
  auto text = std::string{};
  std::getline(std::ifstream{file}, text);
  return text;
}

bool is_gone(const std::string& pid) {
  for (auto i = 0; i < 6'000; ++i) {
    auto stat = first_line("/proc/" + pid + "/stat");
    if (stat.empty() || stat.find(") Z ") != std::string::npos)
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

TEST(shell, a_script_runs_with_its_inputs) {
  auto it = acting{};
  EXPECT_EQ(
    it.run("shell", {{"script", "echo {greeting}, {who}; echo {{}} >&2"},
                     {"greeting", "hello"},
                     {"who", "it's $HOME; rm -rf *"}}),
    json({{"stdout", "hello, it's $HOME; rm -rf *\n"}, {"stderr", "{}\n"}, {"exit_code", 0}}));
  auto folder = temporary_folder{};
  std::ofstream{folder / "a file"} << "text";
  EXPECT_EQ(it.run("shell", {{"script", "cat 'a file'; cat; echo $X"},
                             {"cwd", folder.path().string()},
                             {"env", {{"X", "x"}}},
                             {"stdin", " input "}})["stdout"],
            "text input x\n");
}

TEST(shell, a_script_that_fails_says_why) {
  auto it = acting{};
  EXPECT_EQ(it.failure("shell", {{"script", "echo first; echo wrong >&2; exit 3"}}),
            "exit_status: the script ended with exit status 3:\nwrong");
  EXPECT_EQ(it.failure("shell", {{"script", "exit 4"}}),
            "exit_status: the script ended with exit status 4");
  EXPECT_EQ(it.failure("shell", {{"script", "kill -9 $$"}}),
            "exit_status: the script was killed by signal 9 (Killed)");
  auto long_text = it.failure("shell", {{"script", "seq 1 100 >&2; false"}});
  EXPECT_TRUE(long_text.ends_with(":\n81\n82\n83\n84\n85\n86\n87\n88\n89\n90\n91\n92\n93\n94\n95"
                                  "\n96\n97\n98\n99\n100"))
    << long_text;
  EXPECT_EQ(
    it.failure("shell", {{"script", "head -c 100000 /dev/zero | tr '\\0' x >&2; false"}}).size(),
    std::string{"exit_status: the script ended with exit status 1:\n"}.size() + 2'000);
}

TEST(shell, the_first_command_that_fails_ends_it) {
  auto it = acting{};
  EXPECT_EQ(it.failure("shell", {{"script", "false\necho never"}}),
            "exit_status: the script ended with exit status 1");
  EXPECT_TRUE(
    it.failure("shell", {{"script", "echo $NOT_SET_ANYWHERE"}}).starts_with("exit_status: "));
}

TEST(shell, what_is_wrong_is_known_before_it_runs) {
  auto it = acting{};
  auto folder = temporary_folder{};
  auto file = (folder / "ran").string();
  EXPECT_EQ(it.failure("shell", {{"script", "touch " + file + "; echo {nmae}"}, {"name", 1}}),
            "invalid_input: 1:" + std::to_string(file.size() + 14)
              + ": the script has no value for '{nmae}'\n  did you mean 'name'? A brace of the "
                "script is written '{{'");
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(it.failure("shell", json::object()).starts_with("invalid_input: "));
  EXPECT_EQ(it.failure("shell", {{"script", "true"}, {"cwd", "/nowhere"}}),
            "not_found: the working directory '/nowhere' cannot be used: No such file or "
            "directory");
}

TEST(shell, output_that_is_no_text_is_made_text) {
  auto it = acting{};
  EXPECT_EQ(it.run("shell", {{"script", "printf 'a\\377b'"}})["stdout"], "a\xef\xbf\xbd"
                                                                         "b");
  EXPECT_EQ(it.failure("shell", {{"script", "yes"}}),
            "too_large: the script wrote more than 16 MiB; let it write a file");
}

TEST(shell, a_time_out_ends_the_whole_group) {
  auto it = acting{};
  auto folder = temporary_folder{};
  auto file = (folder / "pid").string();
  auto script = "sleep 1000 & echo $! > " + file + "; wait";
  EXPECT_TRUE(it.failure("shell", {{"script", script}}, std::chrono::milliseconds{1'500})
                .starts_with("timeout: "));
  EXPECT_TRUE(is_gone(first_line(file)));
}

TEST(shell, an_engine_that_closes_ends_its_scripts) {
  auto folder = temporary_folder{};
  auto file = (folder / "pid").string();
  {
    auto it = engine{{.store = folder / "store", .log = log_level::off}};
    add_builtin_agents(it);
    auto submitted = it.submit(test::one_task(
      "a", "shell",
      {{"script", "echo $$ > " + file + ".new; mv " + file + ".new " + file + "; sleep 1000"}}));
    while (first_line(file).empty())
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    auto noted = first_line(folder / "store" / "children");
    EXPECT_TRUE(noted.starts_with(first_line(file) + " ")) << noted;
  }
  EXPECT_TRUE(is_gone(first_line(file)));
  EXPECT_EQ(first_line(folder / "store" / "children").find_first_not_of(' '), std::string::npos);
}

} // namespace
