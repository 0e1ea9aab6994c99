// Which process groups run for a store, on disk: so that the next engine can end those that a crash
// has left behind.
#pragma once

#include <dagger/actors/descriptor.hpp>
#include <dagger/result.hpp>

#include <filesystem>
#include <mutex>
#include <vector>

#include <sys/types.h>

namespace dagger::actions {

/// The file of a store's directory; empty for a store in memory.
std::filesystem::path children_file(const std::filesystem::path& store);

/// The file `STORE/children`: one line per running group, "PGID STARTTIME BOOTID"; a line of
/// blanks is free. Safe to use from any thread.
class children {
public:
  /// A note; it is erased with this object.
  class note {
  public:
    note() = default;
    note(children* owner, std::size_t line) : owner_(owner), line_(line) {}
    note(note&& other) noexcept;
    note& operator=(note&& other) noexcept;
    ~note();

  private:
    children* owner_ = nullptr;
    std::size_t line_ = 0;
  };

  /// Opens the file, empty; an empty path notes nothing. Failing to write it is no reason not to
  /// run a command.
  explicit children(const std::filesystem::path& file);

  /// Notes that this group runs.
  note add(pid_t group);

private:
  void write(std::size_t line, const std::string& text);

  std::mutex mutex_;
  actors::descriptor file_;
  std::vector<bool> used_;
};

/// Kills the process groups that the file names and that are still the same: same boot, same start
/// time. Returns when they have ended, after two seconds at the latest. How many there were.
std::size_t end_left_behind(const std::filesystem::path& file);

} // namespace dagger::actions
