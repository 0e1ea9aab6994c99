// What `dagger subscribe` does with each message: prints it, or runs a command for it.
#pragma once

#include "console.hpp"

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace dagger::apps {

/// Used by one thread at a time.
class message_work {
public:
  /// `command`: for `sh -c`, with the message on its standard input; empty: print it. `most`:
  /// messages until the end; 0: no end.
  message_work(console& out, std::string command, std::uint64_t most)
    : out_(out),
      command_(std::move(command)),
      most_(most) {}

  /// Why it has not worked, or nothing.
  std::optional<std::string> handle(const json& event, std::uint32_t delivery);

  /// All are done, or nobody reads what is printed.
  bool is_over() const {
    return (most_ > 0 && done_ >= most_) || !out_.open();
  }

  /// A command that runs is ended.
  void stop() {
    stop_.request_stop();
  }

private:
  std::optional<std::string> run(const std::string& line, const json& event,
                                 std::uint32_t delivery);

  console& out_;
  const std::string command_;
  const std::uint64_t most_;
  std::uint64_t done_ = 0;
  std::stop_source stop_;
};

} // namespace dagger::apps
