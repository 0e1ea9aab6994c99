// posix_spawn and one loop over pipes:
//
//   spawn ──► listen ──(ended)─────────────────────────► kill what is left, reap
//               │ stop, or too much output                     ▲
//               └──► SIGTERM to the group ──(grace)──► SIGKILL ─┘
#include <dagger/actions/process.hpp>

#include <dagger/actors/descriptor.hpp>
#include <dagger/check.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dagger::actions {

namespace {

using actors::descriptor;
using clock = std::chrono::steady_clock;

/// How often we look whether a process has ended whose end the kernel cannot announce.
constexpr auto slice = std::chrono::milliseconds{20};

struct pipe_ends {
  descriptor read;
  descriptor write;
};

result<pipe_ends> make_pipe() {
  auto fds = std::array<int, 2>{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0)
    return fail(code::unavailable, std::string{"no pipe: "} + std::strerror(errno));
  return pipe_ends{descriptor{fds[0]}, descriptor{fds[1]}};
}

/// The texts and the pointers to them that exec wants.
class text_list {
public:
  void add(std::string x) {
    texts_.push_back(std::move(x));
  }

  char** pointers() {
    pointers_.clear();
    for (auto& x : texts_)
      pointers_.push_back(x.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

text_list environment_with(const std::map<std::string, std::string>& more) {
  auto made = text_list{};
  for (auto** x = ::environ; *x; ++x) {
    auto entry = std::string_view{*x};
    if (!more.contains(std::string{entry.substr(0, entry.find('='))}))
      made.add(std::string{entry});
  }
  for (const auto& [name, value] : more)
    made.add(name + "=" + value);
  return made;
}

/// Whether the system takes these texts: they end at their first NUL there.
bool has_nul(const command& what) {
  auto is_cut = [](const std::string& x) { return x.find('\0') != std::string::npos; };
  return std::ranges::any_of(what.words, is_cut) || is_cut(what.working_directory)
      || std::ranges::any_of(what.environment, [&](const auto& x) {
           return is_cut(x.first) || is_cut(x.second) || x.first.find('=') != std::string::npos;
         });
}

/// Writes to a pipe that nobody may read any more: without SIGPIPE, and without a trace in the
/// signals of this process.
ssize_t write_quietly(int to, std::string_view bytes) {
  auto broken = ::sigset_t{};
  auto before = ::sigset_t{};
  auto pending = ::sigset_t{};
  ::sigemptyset(&broken);
  ::sigaddset(&broken, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &broken, &before);
  auto n = ::write(to, bytes.data(), bytes.size());
  auto problem = errno;
  if (n < 0 && problem == EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
    auto at_once = ::timespec{};
    ::sigtimedwait(&broken, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = problem;
  return n;
}

/// posix_spawn's two kinds of settings, freed with the object.
class spawn_settings {
public:
  spawn_settings() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    auto none = ::sigset_t{};
    auto all = ::sigset_t{};
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK
                                              | POSIX_SPAWN_SETSIGDEF);
  }

  ~spawn_settings() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }

  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;

  ::posix_spawn_file_actions_t files;
  ::posix_spawnattr_t attributes;
};

/// A started command, its pipes, and what it has said so far.
class running {
public:
  explicit running(const command& what) : what_(what) {}

  result<void> start() {
    auto in = make_pipe();
    auto out = make_pipe();
    auto err = make_pipe();
    if (!in || !out || !err)
      return fail(!in ? in.error() : !out ? out.error() : err.error());
    auto settings = spawn_settings{};
    if (what_.input.empty())
      ::posix_spawn_file_actions_addopen(&settings.files, 0, "/dev/null", O_RDONLY, 0);
    else
      ::posix_spawn_file_actions_adddup2(&settings.files, in->read.get(), 0);
    ::posix_spawn_file_actions_adddup2(&settings.files, out->write.get(), 1);
    ::posix_spawn_file_actions_adddup2(&settings.files, err->write.get(), 2);
    ::posix_spawn_file_actions_addclosefrom_np(&settings.files, 3);
    if (!what_.working_directory.empty())
      ::posix_spawn_file_actions_addchdir_np(&settings.files, what_.working_directory.c_str());
    auto words = text_list{};
    for (const auto& x : what_.words)
      words.add(x);
    auto environment = environment_with(what_.environment);
    auto problem = ::posix_spawnp(&pid_, what_.words[0].c_str(), &settings.files,
                                  &settings.attributes, words.pointers(), environment.pointers());
    if (problem != 0)
      return fail(refused(problem));
    if (what_.on_start)
      what_.on_start(pid_);
    if (!what_.input.empty())
      in_ = std::move(in->write);
    out_ = std::move(out->read);
    err_ = std::move(err->read);
    for (auto fd : {in_.get(), out_.get(), err_.get()})
      if (fd >= 0)
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
    process_ = descriptor{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0))};
    return {};
  }

  /// Until the process has ended.
  finished listen(const std::stop_token& stop) {
    wake_ = descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    auto on_stop = std::stop_callback{stop, [this] {
                                        auto one = std::uint64_t{1};
                                        [[maybe_unused]] auto n =
                                          ::write(wake_.get(), &one, sizeof(one));
                                      }};
    while (!has_ended()) {
      wait_for_something();
      feed();
      read_all(out_, end_.output);
      read_all(err_, end_.errors);
      if (!kill_at_ && (stop.stop_requested() || end_.is_too_large))
        ask_to_stop(stop.stop_requested());
      if (kill_at_ && clock::now() >= *kill_at_)
        ::kill(-pid_, SIGKILL);
    }
    // The process is a zombie still, so that nobody else can have its number. What it wrote is in
    // the pipes; others of its group may hold them open.
    read_all(out_, end_.output);
    read_all(err_, end_.errors);
    ::kill(-pid_, SIGKILL);
    reap();
    return std::move(end_);
  }

private:
  error refused(int problem) const {
    auto why = std::string{std::strerror(problem)};
    const auto& folder = what_.working_directory;
    if (!folder.empty() && ::access(folder.c_str(), X_OK) != 0)
      return {code::not_found, "the working directory '" + folder + "' cannot be used: " + why};
    auto is_missing = problem == ENOENT || problem == EACCES;
    return {is_missing ? code::not_found : code::unavailable,
            "cannot start '" + what_.words[0] + "': " + why};
  }

  bool has_ended() const {
    auto state = ::siginfo_t{};
    auto answer = ::waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOHANG | WNOWAIT);
    return answer == 0 && state.si_pid == pid_;
  }

  void wait_for_something() {
    auto list = std::array<pollfd, 5>{
      pollfd{in_.get(), POLLOUT, 0}, pollfd{out_.get(), POLLIN, 0}, pollfd{err_.get(), POLLIN, 0},
      pollfd{process_.get(), POLLIN, 0}, pollfd{kill_at_ ? -1 : wake_.get(), POLLIN, 0}};
    auto most = process_.get() >= 0 && wake_.get() >= 0 ? std::chrono::milliseconds{-1} : slice;
    if (kill_at_)
      most = slice;
    ::poll(list.data(), list.size(), static_cast<int>(most.count()));
  }

  void feed() {
    while (in_.get() >= 0) {
      auto left = std::string_view{what_.input}.substr(fed_);
      auto n = left.empty() ? ssize_t{-1} : write_quietly(in_.get(), left);
      if (n > 0) {
        fed_ += static_cast<std::size_t>(n);
        continue;
      }
      if (!left.empty() && (errno == EAGAIN || errno == EINTR))
        return;
      in_ = descriptor{}; // all of it is written, or nobody reads it
    }
  }

  void read_all(descriptor& from, std::string& to) {
    auto buffer = std::array<char, 65'536>{};
    while (from.get() >= 0) {
      auto n = ::read(from.get(), buffer.data(), buffer.size());
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (n <= 0) {
        from = descriptor{};
        return;
      }
      auto room = limits::command_output_bytes - to.size();
      to.append(buffer.data(), std::min(static_cast<std::size_t>(n), room));
      if (static_cast<std::size_t>(n) > room) {
        end_.is_too_large = true;
        return;
      }
    }
  }

  void ask_to_stop(bool is_asked) {
    end_.is_stopped = is_asked;
    ::kill(-pid_, SIGTERM);
    kill_at_ = clock::now() + what_.grace;
  }

  void reap() {
    auto status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    if (WIFSIGNALED(status)) {
      end_.signal = WTERMSIG(status);
      end_.status = 128 + end_.signal;
    } else {
      end_.status = WEXITSTATUS(status);
    }
  }

  const command& what_;
  pid_t pid_ = -1;
  descriptor in_;
  descriptor out_;
  descriptor err_;
  descriptor process_;
  descriptor wake_;
  std::size_t fed_ = 0;
  std::optional<clock::time_point> kill_at_;
  finished end_;
};

} // namespace

result<finished> run(const command& what, const std::stop_token& stop) {
  check(!what.words.empty());
  if (has_nul(what))
    return fail(code::invalid_input, "a command with a NUL character, or a '=' in the name of an "
                                     "environment variable");
  auto it = running{what};
  if (auto started = it.start(); !started)
    return fail(std::move(started.error()));
  return it.listen(stop);
}

} // namespace dagger::actions
