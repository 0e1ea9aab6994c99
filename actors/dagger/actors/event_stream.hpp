// One peer's look at the events of a job, as the log grows. Knows no sockets.
#pragma once

#include <dagger/actors/control_protocol.hpp>
#include <dagger/store/store.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace dagger::actors {

class event_stream {
public:
  /// The error: not_found, or one of the store's.
  static result<event_stream> begin(store::view& v, const control_watch& what);

  /// Where it goes on.
  std::uint64_t next() const {
    return next_;
  }

  enum class state : std::uint8_t {
    more,    // there are more rows already
    waiting, // until the log has grown
    ended,   // the job has; or it cannot be read any more, which `to` says
  };

  /// Adds lines to `to`, at most about `most_bytes`, of a bounded number of rows.
  state read(store::view& v, std::string& to, std::size_t most_bytes);

private:
  event_stream(std::string id, std::uint64_t job, std::uint64_t next)
    : id_(std::move(id)),
      job_(job),
      next_(next) {}

  result<void> read_stream(store::view& v, std::string& to);

  std::string id_;
  std::uint64_t job_;
  std::uint64_t next_;
  /// Whose stream is watched as well, and how much of it is told.
  std::optional<std::uint32_t> task_;
  std::uint64_t told_ = 0;
};

} // namespace dagger::actors
