// The slow and obvious twin of `log::cursor`: a list of messages, looked through from the front.
#pragma once

#include <dagger/log/cursor.hpp>

#include <string>
#include <utility>
#include <vector>

namespace dagger::model {

/// Of each message it says in so many words where it is.
class cursor_model {
public:
  explicit cursor_model(group_options options) : options_(std::move(options)) {}

  void publish(std::string key, std::optional<timestamp> expires = {});

  /// Positions and which delivery of each it is.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> take(log::member_id to, std::size_t n,
                                                            timestamp now);
  bool settle(log::member_id from, const log::answer& x, timestamp now);
  void give_back(log::member_id from, timestamp now);
  void expire(timestamp now);
  /// The oldest `n` that are not answered are lost.
  void drop(std::size_t n);
  /// One past the oldest `n` that are not answered.
  std::uint64_t behind(std::size_t n) const;
  /// What is on its way was on its way when the engine ended.
  void crash();
  std::vector<std::uint64_t> take_given_up();

  /// In the order in which they were given out: by position.
  std::vector<log::answer> on_their_way(log::member_id of) const;

  /// As `cursor::dump`.
  std::string dump() const;

private:
  enum class state { fresh, on_its_way, waits, suspect, answered };

  struct message {
    std::string key;
    std::optional<timestamp> expires;
    state where = state::fresh;
    std::uint32_t deliveries = 0;
    log::member_id holder = 0;
    timestamp when{};
    bool alone = false;
  };

  bool is_busy(const std::string& key) const;
  bool any(state x) const;
  bool skips(message& m, timestamp now);
  std::uint64_t begin() const;
  std::optional<std::uint64_t> next(timestamp now, bool first);
  void fail(std::uint64_t position, timestamp due);
  void give_up(std::uint64_t position);

  group_options options_;
  std::vector<message> messages_;
  std::vector<std::uint64_t> given_up_;
  std::uint64_t expired_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dead_ = 0;
};

} // namespace dagger::model
