// Real processes for the tests of the command: started, talked to, watched, never waited for
// without a deadline. Knows nothing of Dagger.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace support {

/// How a process ended and what it said.
struct ended {
  /// -1 if a signal ended it.
  int code = -1;
  int signal = 0;
  std::string out;
  std::string err;
  /// What it had of memory at most.
  long peak_kb = 0;
};

struct process_options {
  std::string input = {};
  /// On top of the test's own environment.
  std::map<std::string, std::string> environment = {};
  std::filesystem::path directory = {};
  /// Standard error is a terminal of 120 columns.
  bool terminal = false;
  /// Standard input and output are that terminal as well, as for an interactive shell.
  bool interactive = false;
  /// Where standard output goes instead of `ended::out`.
  std::filesystem::path out = {};
};

/// A process that is killed at the latest with this object.
class process {
public:
  explicit process(const std::vector<std::string>& words, const process_options& options = {});
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  void send(int signal) const;

  /// Reads until standard error holds `text` so often; false at the deadline or at the end.
  bool says(std::string_view text, int times = 1);

  /// The same for standard output.
  bool prints(std::string_view text);

  /// Types into the terminal of an interactive process.
  void type(std::string_view text) const;

  /// Reads to the end; kills it at the deadline.
  ended wait();

  /// Closes our end of its standard output.
  void stop_reading();

  pid_t id() const {
    return id_;
  }

private:
  /// Reads what there is; false when both streams have ended or the deadline has passed.
  bool read_some();

  pid_t id_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string input_;
  ended seen_;
  std::chrono::steady_clock::time_point deadline_;
};

/// Starts it and reads to the end.
ended run(const std::vector<std::string>& words, const process_options& options = {});

/// A folder that is gone with this object.
class folder {
public:
  folder();
  ~folder();
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  const std::filesystem::path& path() const {
    return path_;
  }

  std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }

  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const;

private:
  std::filesystem::path path_;
};

std::string content_of(const std::filesystem::path& file);

} // namespace support
