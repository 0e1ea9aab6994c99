// What one group has done of one channel: which messages are answered, on their way, or due again.
// Asks no clock, knows no members but by number.
#pragma once

#include <dagger/log/message.hpp>
#include <dagger/log/rows.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace dagger::log {

/// A stored message, shared by all who get it.
using row_ptr = std::shared_ptr<const std::string>;

/// Where a cursor finds messages.
class source {
public:
  virtual ~source() = default;

  /// The row at this position; null if it is not there any more.
  virtual result<row_ptr> at(std::uint64_t position) = 0;
};

/// Somebody who gets messages.
using member_id = std::uint64_t;

/// One delivery.
struct delivered {
  std::uint64_t position = 0;
  /// 1, 2, 3, ...
  std::uint32_t delivery = 1;
  row_ptr row;
};

enum class verdict : std::uint8_t {
  ack,  // done
  nak,  // again, after a pause
  term, // never again
};

/// A message that somebody publishes as he answers another one.
struct follow_up {
  std::string channel;
  /// Empty: it is not looked for twice.
  std::string id;
  /// `encode(message)`.
  std::string row;
};

/// What a member says about a delivery.
struct answer {
  std::uint64_t position = 0;
  std::uint32_t delivery = 1;
  verdict what = verdict::ack;
  /// Of `nak`: instead of the group's backoff.
  std::optional<duration> pause = {};
  /// Why not `ack`.
  std::string reason = {};
  /// What follows from it, in the same transaction; nothing if the answer comes too late.
  std::vector<follow_up> publishes = {};
};

/// A message that is given up.
struct given_up {
  std::uint64_t position = 0;
  std::uint32_t deliveries = 0;
  std::string reason;
};

/// States of a message, for one group:
///
///   new ──take──► on its way ──ack──► answered
///                  │    ▲ ▲
///       nak, late ─┤    │ └──take, alone── suspect ◄── the engine ended
///                  ▼    │
///                 waits ┘   the last delivery failed, or `term` ──► given up, answered
class cursor {
public:
  /// Nothing is done yet. `options` outlives it.
  cursor(std::uint32_t group, store::log_id log, const group_options& options);

  /// As the rows say. What was on its way counts as delivered once, and is suspect.
  static result<cursor> restore(store::view& disk, std::uint32_t group, store::log_id log,
                                const group_options& options, source& from);

  /// Begins behind what is there; only before anything else.
  void begin_at(std::uint64_t position);

  /// The log has so many positions.
  void grow(std::uint64_t end);

  /// Whether `take` can find something.
  bool has_work(timestamp now) const;

  /// Gives at most `n` messages to a member, and about `bytes`.
  result<std::vector<delivered>> take(member_id to, std::size_t n, std::size_t bytes, source& from,
                                      timestamp now);

  /// Takes an answer; false if it is not the member's any more.
  bool settle(member_id from, const answer& x, timestamp now);

  /// More time for a delivery; false if it is not the member's any more.
  bool extend(member_id from, std::uint64_t position, std::uint32_t delivery, timestamp until);

  /// The member has gone, and what it had counts as not delivered.
  void give_back(member_id from, timestamp now);

  /// Takes back what is late.
  void expire(timestamp now);

  /// Everything before `first` is gone: nobody needed it, or, counted, it is lost.
  void skip_to(std::uint64_t first);
  void drop_before(std::uint64_t first);

  /// What was given up since the last call.
  std::vector<given_up> take_given_up();

  /// Writes what has changed since the last call.
  void flush(store::batch& writes);

  /// Erases all its rows, also those that are still on their way to the disk.
  void erase(store::batch& writes) const;

  /// When the next message is due or late, after `now`.
  std::optional<timestamp> wake_at(timestamp now) const;

  /// Everything before this position is answered.
  std::uint64_t begin() const {
    return row_.begin;
  }

  /// Whether everything that there is is answered.
  bool is_through() const {
    return row_.begin >= end_;
  }

  /// How many messages are not answered.
  std::uint64_t pending() const {
    return end_ - std::min(end_, row_.begin) - acked_.size();
  }

  std::size_t on_their_way() const {
    return deadlines_.size();
  }

  const cursor_row& row() const {
    return row_;
  }

  /// All of it, as text to compare.
  std::string dump() const;

private:
  enum class stage : std::uint8_t { on_its_way, waits, suspect };

  /// A message that is neither new nor answered.
  struct open_message {
    stage where = stage::waits;
    std::uint32_t deliveries = 0;
    member_id holder = 0;
    /// When it is late, or due.
    timestamp when{};
    std::string reason = {};
    std::string key = {};
  };

  using open_map = std::map<std::uint64_t, open_message>;

  result<void> read_attempts(store::view& disk, source& from);
  result<void> read_acks(store::view& disk);
  result<void> adopt(std::uint64_t position, open_message x, source& from);
  std::optional<std::uint64_t> next_again(timestamp now, bool first) const;
  result<bool> take_again(std::uint64_t position, member_id to, source& from, timestamp now,
                          std::vector<delivered>& out);
  result<bool> take_new(member_id to, source& from, timestamp now, std::vector<delivered>& out);
  bool skips(const message_head& x, timestamp now);
  void lend(std::uint64_t position, open_message x, member_id to, timestamp now, row_ptr row,
            std::vector<delivered>& out);
  void put_back(open_map::iterator at, timestamp due, std::string reason);
  void give_up(open_map::iterator at, std::string reason);
  void answered(std::uint64_t position);
  void close(open_map::iterator at);
  void unschedule(const open_map::value_type& x);
  void free_key(const std::string& key);
  void write_attempt(std::uint64_t position, store::batch& writes);
  bool needs_row(std::uint64_t position, const open_message& x) const;
  open_map::iterator held(member_id by, std::uint64_t position, std::uint32_t delivery);

  std::uint32_t group_;
  store::log_id log_;
  const group_options* options_;
  cursor_row row_;
  cursor_row written_;
  std::uint64_t end_ = 0;
  /// All before has been looked at.
  std::uint64_t scanned_ = 0;
  /// All before is lost or answered.
  std::uint64_t floor_ = 0;
  open_map open_;
  /// Answered, and not before `row_.begin`.
  std::set<std::uint64_t> acked_;
  std::set<std::pair<timestamp, std::uint64_t>> due_;
  std::set<std::pair<timestamp, std::uint64_t>> deadlines_;
  std::set<std::uint64_t> suspects_;
  /// The suspect that is on its way.
  std::optional<std::uint64_t> alone_;
  /// Keys of which a message is open, and those that wait for it.
  std::unordered_map<std::string, std::deque<std::uint64_t>> busy_;
  /// Looked at, and their key is theirs now.
  std::set<std::uint64_t> ready_;
  std::vector<given_up> given_up_;
  /// Of these the rows may have to change.
  std::set<std::uint64_t> changed_;
  std::set<std::uint64_t> with_attempt_row_;
  std::set<std::uint64_t> with_ack_row_;
};

} // namespace dagger::log
