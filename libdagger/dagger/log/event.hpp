// What happens to channels, in the past tense; and what is then to be done, in the imperative.
#pragma once

#include <dagger/log/cursor.hpp>

#include <variant>

namespace dagger::log {

/// Who waits for an answer.
using client_id = std::uint64_t;

// -- events -------------------------------------------------------------------

/// A channel is made, or set up anew.
struct channel_declared {
  client_id client = 0;
  channel_options options;
};

/// A channel is made if it is not there.
struct channel_wanted {
  client_id client = 0;
  std::string name;
};

/// A channel goes with all its messages; with `force` even if a group waits for some of them.
struct channel_deleted {
  client_id client = 0;
  std::string name;
  bool force = false;
};

/// A group goes, and what it has not answered is not kept for it any more.
struct group_deleted {
  client_id client = 0;
  std::string name;
};

/// A message on its way in.
struct outgoing {
  /// Empty: it is not looked for twice.
  std::string id;
  /// `encode(message)`.
  std::string row;
  /// It is appended then; nothing: now.
  std::optional<timestamp> due = {};
};

/// Messages for one channel, all or none; the channel is made if it is not there.
struct messages_published {
  client_id client = 0;
  std::string channel;
  std::vector<outgoing> messages;
  /// Refused (no_responders) if nobody reads the channel now.
  bool needs_reader = false;
};

/// Where one who subscribes begins, in channels that are there already.
struct start {
  enum class at : std::uint8_t {
    fresh,    // with what comes from now on
    first,    // with the oldest message
    last,     // with the newest message
    position, // with this position; only for a pattern without wildcards
    time,     // with the first message that is not older
    arrival,  // with the first message that was on disk at this time or later
  };
  at where = at::fresh;
  std::uint64_t position = 0;
  timestamp time{};

  static const start fresh, first, last;

  static start at_position(std::uint64_t x) {
    return {at::position, x, {}};
  }

  static start at_time(timestamp x) {
    return {at::time, 0, x};
  }

  static start at_arrival(timestamp x) {
    return {at::arrival, 0, x};
  }

  friend bool operator==(const start&, const start&) = default;
};

inline const start start::fresh{};
inline const start start::first{start::at::first};
inline const start start::last{start::at::last};

/// `new`, `first`, `last`, a position, or a time (RFC 3339).
std::string to_text(const start& x);
result<start> start_from(std::string_view text);

/// A message that is not due yet is not to come.
struct delayed_cancelled {
  client_id client = 0;
  std::string channel;
  std::string id;
};

/// Somebody wants messages: alone, or as a member of a group.
struct member_joined {
  client_id client = 0;
  member_id member = 0;
  /// Without a group: of what it wants.
  std::string pattern;
  std::optional<group_options> group;
  start from;
  /// It has never more than so many messages that it has not answered.
  std::uint32_t max_in_flight = limits::deliveries_in_flight;
};

/// It wants none any more; what it had goes to others, uncounted.
struct member_left {
  member_id member = 0;
};

/// It wants none any more, and neither does its group, which goes with it.
struct member_finished {
  member_id member = 0;
};

/// Somebody wants to know when these groups have answered all that there is for them.
struct quiet_wanted {
  client_id client = 0;
  std::vector<std::string> groups;
};

/// A member has done what it had of one log.
struct deliveries_answered {
  member_id member = 0;
  store::log_id log{};
  std::vector<answer> answers;
};

/// A member needs more time.
struct delivery_extended {
  member_id member = 0;
  store::log_id log{};
  std::uint64_t position = 0;
  std::uint32_t delivery = 1;
  duration by{0};
};

/// Messages are on disk, whoever wrote them.
struct messages_appended {
  store::log_id log{};
  std::uint64_t first = 0;
  std::vector<row_ptr> rows;
};

/// Dead letters go back to their channel, for the groups that gave them up.
struct dead_letters_redriven {
  client_id client = 0;
  /// The channel, not that of its dead letters.
  std::string channel;
};

/// `wake_at` has come.
struct time_passed {};

/// There is time for what a `sweep` asked for.
struct sweep_due {};

/// What `look_again` asked for: all that followed from the first `batches` has been told.
struct looked_again {
  std::uint64_t batches = 0;
};

/// The engine ends: all members leave.
struct everybody_left {};

using event =
  std::variant<channel_declared, channel_wanted, channel_deleted, group_deleted, messages_published,
               delayed_cancelled, member_joined, member_left, member_finished, quiet_wanted,
               deliveries_answered, delivery_extended, messages_appended, dead_letters_redriven,
               time_passed, sweep_due, looked_again, everybody_left>;

// -- commands -----------------------------------------------------------------

/// Hand these to the member.
struct deliver {
  member_id member = 0;
  store::log_id log{};
  std::shared_ptr<const std::string> channel;
  std::vector<delivered> messages;
};

/// The client's messages are on disk: these appends of the batch, counted from 0; and so many that
/// are not due yet.
struct accept {
  client_id client = 0;
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t delayed = 0;
};

/// What the client asked for is on disk; of how many things it was.
struct done {
  client_id client = 0;
  std::uint64_t count = 0;
};

/// Nothing of what the client asked for has happened.
struct refuse {
  client_id client = 0;
  error why;
};

/// Apply `sweep_due` when nothing else waits.
struct sweep {};

/// Apply `looked_again` with the same number.
struct look_again {
  std::uint64_t batches = 0;
};

/// A stored record that is needed cannot be read: the engine must end.
struct give_up {
  error why;
};

using command = std::variant<deliver, accept, done, refuse, sweep, look_again, give_up>;

/// What one event changes. The commands wait until the writes are on disk.
struct effects {
  store::batch writes;
  std::vector<command> commands;
};

} // namespace dagger::log
