// The rows of channels and groups.
#pragma once

#include <dagger/log/channel.hpp>
#include <dagger/store/store.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace dagger::log {

/// Table `channels`.
struct channel_row {
  store::log_id log{};
  timestamp created{};
  /// Goes up when the schema changes; 0 while there is none.
  std::uint32_t schema_version = 0;
  /// The messages before this position hold `bytes_before` bytes, those that are gone not counted.
  std::uint64_t counted_to = 0;
  std::uint64_t bytes_before = 0;
  /// Lost because the channel was full (`on_full::drop_oldest`), over all groups.
  std::uint64_t dropped = 0;
  channel_options options;

  friend bool operator==(const channel_row&, const channel_row&) = default;
};

std::string encode(const channel_row& x);
/// `name`: as in the key.
result<channel_row> decode_channel(std::string_view name, std::string_view body);

/// Table `groups`.
struct group_row {
  std::uint32_t number = 0;
  timestamp created{};
  /// When its last member left; nothing while it has some.
  std::optional<timestamp> left = {};
  group_options options;

  friend bool operator==(const group_row&, const group_row&) = default;
};

std::string encode(const group_row& x);
result<group_row> decode_group(std::string_view name, std::string_view body);

/// Table `cursors`: what one group has done of one channel. Absent: nothing.
struct cursor_row {
  /// All before this position is answered.
  std::uint64_t begin = 0;
  /// All before this position is answered, on its way, or has a row in `attempts`.
  std::uint64_t lent = 0;
  /// Skipped because their time was over; lost because the channel was full; given up.
  std::uint64_t expired = 0;
  std::uint64_t dropped = 0;
  std::uint64_t dead = 0;

  friend bool operator==(const cursor_row&, const cursor_row&) = default;
};

std::string encode(const cursor_row& x);
result<cursor_row> decode_cursor(std::string_view body);

/// Table `attempts`: a message that was delivered and not answered well, or out of order.
struct attempt_row {
  /// How often it was delivered.
  std::uint32_t deliveries = 0;
  /// It is on its way, or was when an engine ended; else it waits until `due`.
  bool lent = false;
  timestamp due{};
  /// Why the last delivery failed.
  std::string reason;

  friend bool operator==(const attempt_row&, const attempt_row&) = default;
};

std::string encode(const attempt_row& x);
result<attempt_row> decode_attempt(std::string_view body);

/// Table `delayed`.
struct delayed_message {
  store::log_id log{};
  /// Empty: it has none.
  std::string id;
  /// Of the message.
  std::string row;

  friend bool operator==(const delayed_message&, const delayed_message&) = default;
};

std::string encode(const delayed_message& x);
result<delayed_message> decode_delayed(std::string_view body);

/// The row of a channel or group, or nothing.
result<std::optional<channel_row>> find_channel(store::view& v, std::string_view name);
result<std::optional<group_row>> find_group(store::view& v, std::string_view name);

/// Calls `visit` for each, in the order of names, until it returns false.
result<void> each_channel(store::view& v, std::string_view head,
                          const std::function<bool(const std::string&, const channel_row&)>& visit);
result<void> each_group(store::view& v,
                        const std::function<bool(const std::string&, const group_row&)>& visit);

} // namespace dagger::log
