// A command in a process group of its own: started, fed, listened to, ended. Knows no agents.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/time.hpp>

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dagger::actions {

/// What to run and how.
struct command {
  /// The program, looked up in PATH, and its arguments.
  std::vector<std::string> words;
  /// Empty: that of this process.
  std::string working_directory = {};
  /// Added to the environment of this process.
  std::map<std::string, std::string> environment = {};
  /// Its standard input.
  std::string input = {};
  /// Between SIGTERM and SIGKILL, when it is stopped.
  duration grace{0};
  /// Told of the process group as soon as it is there.
  std::function<void(pid_t)> on_start = {};
};

/// How it ended.
struct finished {
  /// 0 to 255, or 128 and the number of the signal that killed it, as shells say.
  int status = 0;
  /// If a signal killed it.
  int signal = 0;
  std::string output = {};
  std::string errors = {};
  /// It was asked to stop, or had written too much.
  bool is_stopped = false;
  bool is_too_large = false;
};

/// Runs a command to its end, or until `stop`: then its whole group gets SIGTERM, and after
/// `grace` SIGKILL. What it leaves running in its group is killed when it ends. Its output is
/// bounded by `limits::command_output_bytes`. Fails with `invalid_input` (NUL), `not_found` (the
/// program or the working directory) or `unavailable` (no processes, no descriptors).
result<finished> run(const command& what, const std::stop_token& stop);

} // namespace dagger::actions
