// Processes by posix_spawn, their streams by poll.
#include "process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

namespace support {

namespace {

/// Far above what any of them needs, also under sanitizers on a loaded machine.
constexpr auto patience = std::chrono::seconds{120};

std::array<int, 2> new_pipe() {
  auto ends = std::array<int, 2>{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return ends;
}

/// Reading and writing end of a terminal.
std::array<int, 2> new_terminal() {
  auto ours = -1;
  auto theirs = -1;
  auto size = winsize{};
  size.ws_row = 24;
  size.ws_col = 120;
  EXPECT_EQ(::openpty(&ours, &theirs, nullptr, nullptr, &size), 0);
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
  return {ours, theirs};
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  auto all = std::vector<std::string>{};
  for (auto** x = environ; *x; ++x) {
    const auto line = std::string{*x};
    const auto name = line.substr(0, line.find('='));
    if (!more.contains(name) && name != "DAGGER_STORE" && name != "NO_COLOR")
      all.push_back(line);
  }
  for (const auto& [name, value] : more)
    all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  auto all = std::vector<char*>{};
  for (auto& x : texts)
    all.push_back(x.data());
  all.push_back(nullptr);
  return all;
}

void close_if_open(int& file) {
  if (file >= 0)
    ::close(file);
  file = -1;
}

} // namespace

process::process(const std::vector<std::string>& words, const process_options& options)
  : input_(options.input),
    deadline_(std::chrono::steady_clock::now() + patience) {
  // A child that does not read its input is no reason for us to end.
  ::signal(SIGPIPE, SIG_IGN);
  const auto err = options.terminal || options.interactive ? new_terminal() : new_pipe();
  const auto in = options.interactive ? std::array{-1, -1} : new_pipe();
  const auto out =
    options.interactive ? std::array{-1, -1}
    : options.out.empty()
      ? new_pipe()
      : std::array{-1, ::open(options.out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  auto actions = posix_spawn_file_actions_t{};
  ::posix_spawn_file_actions_init(&actions);
  auto attributes = posix_spawnattr_t{};
  ::posix_spawnattr_init(&attributes);
  if (options.interactive) {
    // The leader of a session gets the first terminal that it opens as its own.
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, ::ptsname(err[0]), O_RDWR, 0);
    ::posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
  } else {
    ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  }
  ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  if (!options.directory.empty())
    ::posix_spawn_file_actions_addchdir_np(&actions, options.directory.c_str());
  auto arguments = words;
  auto environment = environment_with(options.environment);
  const int failed = ::posix_spawnp(&id_, words.front().c_str(), &actions, &attributes,
                                    pointers(arguments).data(), pointers(environment).data());
  EXPECT_EQ(failed, 0) << words.front();
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  for (const int theirs : {in[0], out[1], err[1]})
    if (theirs >= 0)
      ::close(theirs);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
  if (input_.empty())
    close_if_open(in_);
}

process::~process() {
  if (id_ > 0) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  close_if_open(in_);
  close_if_open(out_);
  close_if_open(err_);
}

void process::send(int signal) const {
  EXPECT_EQ(::kill(id_, signal), 0);
}

void process::stop_reading() {
  close_if_open(out_);
}

bool process::read_some() {
  auto watched =
    std::array{pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}, pollfd{in_, POLLOUT, 0}};
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
    deadline_ - std::chrono::steady_clock::now());
  if ((out_ < 0 && err_ < 0) || left.count() <= 0)
    return false;
  if (::poll(watched.data(), watched.size(), static_cast<int>(left.count())) <= 0)
    return errno == EINTR;
  auto part = std::array<char, 65536>{};
  const auto take = [&](pollfd& from, int& file, std::string& to) {
    if (file < 0 || from.revents == 0)
      return;
    const auto n = ::read(file, part.data(), part.size());
    if (n > 0)
      to.append(part.data(), static_cast<std::size_t>(n));
    else
      close_if_open(file); // a terminal ends with EIO
  };
  take(watched[0], out_, seen_.out);
  take(watched[1], err_, seen_.err);
  if (in_ >= 0 && watched[2].revents != 0) {
    const auto n = ::write(in_, input_.data(), input_.size());
    if (n > 0)
      input_.erase(0, static_cast<std::size_t>(n));
    if (n <= 0 || input_.empty())
      close_if_open(in_);
  }
  return true;
}

bool process::says(std::string_view text, int times) {
  const auto found = [&] {
    auto at = std::string::npos;
    for (auto i = 0; i < times; ++i)
      if (at = seen_.err.find(text, i == 0 ? 0 : at + text.size()); at == std::string::npos)
        return false;
    return true;
  };
  while (!found())
    if (!read_some())
      return false;
  return true;
}

bool process::prints(std::string_view text) {
  while (seen_.out.find(text) == std::string::npos)
    if (!read_some())
      return false;
  return true;
}

void process::type(std::string_view text) const {
  EXPECT_EQ(::write(err_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

ended process::wait() {
  while (read_some())
    continue;
  if (std::chrono::steady_clock::now() >= deadline_) {
    ADD_FAILURE() << "still running; it said: " << seen_.out << seen_.err;
    ::kill(id_, SIGKILL);
  }
  auto status = 0;
  auto used = rusage{};
  ::wait4(id_, &status, 0, &used);
  seen_.peak_kb = used.ru_maxrss;
  id_ = -1;
  seen_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  seen_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return seen_;
}

ended run(const std::vector<std::string>& words, const process_options& options) {
  return process{words, options}.wait();
}

folder::folder() {
  auto name = (std::filesystem::temp_directory_path() / "dagger-apps-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  path_ = name;
}

folder::~folder() {
  auto ignored = std::error_code{};
  std::filesystem::remove_all(path_, ignored);
}

std::string folder::write(std::string_view name, std::string_view text) const {
  const auto file = *this / name;
  std::ofstream{file, std::ios::binary} << text;
  return file;
}

std::string content_of(const std::filesystem::path& file) {
  auto in = std::ifstream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace support
