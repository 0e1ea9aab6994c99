// Who waits for the answer to a message, until when. Knows no actors.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/error.hpp>
#include <dagger/future.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/payload.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace dagger::actors {

/// Safe to use from any thread; after `close` nobody waits any more.
class reply_book : public std::enable_shared_from_this<reply_book> {
public:
  /// `call` calls a user's function in the thread for that.
  reply_book(clock& time, std::function<void(std::function<void()>)> call)
    : clock_(&time),
      call_(std::move(call)) {}

  /// One more, with his number.
  std::pair<std::uint64_t, future<json>> open(const std::string& channel, timestamp until);

  /// Only the first answer counts.
  void answer(std::uint64_t number, payload text);
  void fail(std::uint64_t number, error why);

  /// What the engine's clock says; nothing if it has ended.
  std::optional<timestamp> now() const;

  void close(const error& why);

private:
  struct waiting {
    future<json>::promise to;
    std::string channel;
    timestamp until;
  };

  void settle(const waiting& x, result<json> what) const;
  std::optional<waiting> take(std::uint64_t number);
  void expire();
  void set_alarm();

  mutable std::mutex mutex_;
  clock* clock_; // null: it has ended
  const std::function<void(std::function<void()>)> call_;
  std::optional<clock::alarm> alarm_;
  std::map<std::uint64_t, waiting> open_;
  std::set<std::pair<timestamp, std::uint64_t>> times_;
  std::uint64_t last_ = 0;
};

} // namespace dagger::actors
