// One who has connected: lines in, lines out, neither without bound. Never blocks; knows no engine.
#pragma once

#include <dagger/actors/descriptor.hpp>
#include <dagger/value/time.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace dagger::actors {

class control_peer {
public:
  explicit control_peer(descriptor socket) : socket_(std::move(socket)) {}

  int fd() const {
    return socket_.get();
  }

  /// Reads what is there, up to the first whole line or `most` bytes of it, and a bit more.
  void read(std::size_t most);

  /// The next whole line without its end, if there is one.
  std::optional<std::string> next_line();

  /// Whether there is a whole line.
  bool has_line() const {
    return end_of_line_ != std::string::npos;
  }

  /// Bytes of the line that is coming.
  std::size_t coming() const {
    return has_line() ? 0 : in_.size() - begin_;
  }

  /// The line that is coming is longer than `limits::control_line_bytes`.
  bool is_endless() const;

  /// It says nothing more.
  bool silent() const {
    return silent_;
  }

  /// It does not listen any more either.
  bool gone() const {
    return gone_;
  }

  void set_gone();

  /// Adds to what it is told; `now` for `stuck_since`.
  void say(std::string_view line, timestamp now);

  /// Writes what it takes.
  void write(timestamp now);

  /// Bytes that it has not taken.
  std::size_t untold() const {
    return out_.size() - told_;
  }

  /// What is kept for it, told or not.
  std::size_t kept() const {
    return out_.size();
  }

  /// Since when it has not taken anything, while there is something to take.
  std::optional<timestamp> stuck_since() const {
    return untold() > 0 ? std::optional{progress_} : std::nullopt;
  }

private:
  void look_for_line();

  descriptor socket_;
  std::string in_;
  std::size_t begin_ = 0;   // of the line that comes next
  std::size_t scanned_ = 0; // no end of a line before
  std::size_t end_of_line_ = std::string::npos;
  std::string out_;
  std::size_t told_ = 0;
  timestamp progress_{};
  bool silent_ = false;
  bool gone_ = false;
};

} // namespace dagger::actors
