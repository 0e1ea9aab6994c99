// What users say of channels and of those who read them; how both are written as JSON.
#pragma once

#include <dagger/limits.hpp>
#include <dagger/result.hpp>
#include <dagger/schema/compatibility.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace dagger {

/// What happens when a group that is behind keeps a channel above its `max_bytes`.
enum class on_full : std::uint8_t {
  refuse,      // publishing is refused with channel_full
  drop_oldest, // the group loses the oldest messages, and their number is counted
};

/// Messages go, oldest first, as soon as one of these is exceeded and no group needs them any more.
struct channel_retention {
  /// 0: however old.
  duration max_age{0};
  /// Of stored messages; 0: however many.
  std::uint64_t max_bytes = limits::channel_bytes_kept;
  /// 0: however many.
  std::uint64_t max_messages = 0;

  friend bool operator==(const channel_retention&, const channel_retention&) = default;
};

struct channel_options {
  std::string name;
  std::string description = {};
  /// JSON Schema (draft-07) of the data; null: anything.
  json schema = nullptr;
  /// What a new schema must keep; the one that the channel has had counts, so that a new schema
  /// cannot bring its own licence along.
  dagger::compatibility compatibility = dagger::compatibility::none;
  channel_retention retention = {};
  dagger::on_full on_full = dagger::on_full::refuse;
  /// A message whose id came so short a time ago is not stored again.
  duration dedup_window = limits::dedup_window;

  friend bool operator==(const channel_options&, const channel_options&) = default;
};

/// Members of a group share its messages; each is delivered at least once. A group is one name, one
/// pattern and one set of options.
struct group_options {
  std::string name;
  std::string pattern;
  /// A message that is not answered for so long is delivered again.
  duration ack_wait = limits::ack_wait;
  /// After so many deliveries it goes to the dead letters.
  std::uint32_t max_deliver = limits::max_deliver;
  /// Pauses before the next delivery; the last one repeats.
  std::vector<duration> backoff = {duration{1'000}, duration{5'000}, duration{30'000}};
  /// Of each key at most one message is on its way, the next in order after it.
  bool ordered_by_key = false;
  /// False: what cannot be delivered is only counted.
  bool dead_letters = true;
  /// What the engine itself does with the messages, JSON; null: the group is a user's.
  json purpose = nullptr;

  friend bool operator==(const group_options&, const group_options&) = default;
};

namespace log {

/// As in a channel file (`schemas/channel.schema.json`).
json to_json(const channel_options& x);
result<channel_options> channel_from(const json& x);
json to_json(const group_options& x);
result<group_options> group_from(const json& x);

/// Why `x` cannot be, if it cannot: the name, the schema, a number out of bounds.
result<void> check_channel(const channel_options& x);
result<void> check_group(const group_options& x);

/// How long to wait after the `delivery`-th delivery has failed (from 1 on).
duration backoff_after(const group_options& x, std::uint32_t delivery);

} // namespace log
} // namespace dagger
