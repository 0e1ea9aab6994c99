// Groups that a crash has left behind: those that are the same are ended, others are not.
#include "../actors/agents.hpp"
#include "../support/temporary_folder.hpp"

#include <dagger/actions/children.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace dagger;
using actions::children;
using test::temporary_folder;

/// A process group that sleeps, ended with the object.
class sleeper {
public:
  sleeper() {
    auto attributes = ::posix_spawnattr_t{};
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    auto words = std::array{"sleep", "1000", static_cast<const char*>(nullptr)};
    ::posix_spawnp(&pid_, "sleep", nullptr, &attributes, const_cast<char**>(words.data()), environ);
    ::posix_spawnattr_destroy(&attributes);
  }

  ~sleeper() {
    if (!is_reaped_)
      ::kill(-pid_, SIGKILL);
    end();
  }

  sleeper(const sleeper&) = delete;

  pid_t pid() const {
    return pid_;
  }

  /// The signal that ended it.
  int end() {
    if (!is_reaped_)
      ::waitpid(pid_, &status_, 0);
    is_reaped_ = true;
    return WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
  }

  bool runs() {
    if (!is_reaped_)
      is_reaped_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return !is_reaped_;
  }

private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool is_reaped_ = false;
};

std::string text_of(const std::filesystem::path& file) {
  auto in = std::ifstream{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// What a crash leaves: the file as it stands while the groups run.
void crash_with(const std::filesystem::path& file, pid_t group) {
  auto copy = std::string{};
  {
    auto notes = children{file};
    auto noted = notes.add(group);
    copy = text_of(file);
  }
  std::ofstream{file} << copy;
}

TEST(children, what_runs_is_noted_and_what_has_ended_is_not) {
  auto folder = temporary_folder{};
  auto file = folder / "children";
  auto one = sleeper{};
  auto two = sleeper{};
  auto notes = children{file};
  {
    auto first = notes.add(one.pid());
    auto second = notes.add(two.pid());
    EXPECT_TRUE(text_of(file).starts_with(std::to_string(one.pid()) + " "));
    EXPECT_NE(text_of(file).find("\n" + std::to_string(two.pid()) + " "), std::string::npos);
  }
  EXPECT_EQ(text_of(file).find_first_not_of(" \n"), std::string::npos);
  EXPECT_EQ(actions::end_left_behind(file), 0u);
  EXPECT_TRUE(one.runs());
  // A line that is free is used again.
  auto third = notes.add(one.pid());
  EXPECT_EQ(text_of(file).size(), 160u);
}

TEST(children, what_a_crash_left_behind_is_ended) {
  auto folder = temporary_folder{};
  auto left = sleeper{};
  auto other = sleeper{};
  crash_with(folder / "children", left.pid());
  EXPECT_EQ(actions::end_left_behind(folder / "children"), 1u);
  EXPECT_EQ(left.end(), SIGKILL);
  EXPECT_TRUE(other.runs());
}

TEST(children, another_process_with_the_same_number_is_left_alone) {
  auto folder = temporary_folder{};
  auto file = folder / "children";
  auto other = sleeper{};
  crash_with(file, other.pid());
  const auto text = text_of(file);
  auto words = std::istringstream{text};
  auto group = std::string{};
  auto start = std::string{};
  auto boot = std::string{};
  words >> group >> start >> boot;
  std::ofstream{file} << group << " 1" << start << " " << boot << "\n";
  EXPECT_EQ(actions::end_left_behind(file), 0u);
  std::ofstream{file} << group << " " << start << " another-boot\n";
  EXPECT_EQ(actions::end_left_behind(file), 0u);
  for (auto broken : {"", "x y z\n", "0 0 0", "-1 2 3\n", "99999999999999999999 1 x\n"}) {
    std::ofstream{file} << broken;
    EXPECT_EQ(actions::end_left_behind(file), 0u);
  }
  EXPECT_EQ(actions::end_left_behind(folder / "missing"), 0u);
  EXPECT_TRUE(other.runs());
}

TEST(children, an_engine_ends_them_before_it_starts) {
  auto folder = temporary_folder{};
  auto store = folder / "store";
  { auto first = engine{{.store = store, .log = log_level::off}}; }
  auto left = sleeper{};
  crash_with(store / "children", left.pid());
  auto second = engine{{.store = store, .log = log_level::off}};
  EXPECT_EQ(left.end(), SIGKILL);
}

} // namespace
