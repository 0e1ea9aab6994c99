// A message: the attributes of CloudEvents 1.0, headers, data; and the row that it is stored as.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/payload.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dagger {

/// What is published to a channel and delivered to those who subscribe.
struct message {
  /// Names it inside the channel's dedup window; empty: its position does.
  std::string id = {};
  /// Who sent it; empty: "dagger".
  std::string source = {};
  /// What kind of event it is; empty: the channel's name.
  std::string type = {};
  /// When it was published.
  timestamp time{};
  /// What it is about: CloudEvents' `subject`. Messages with the same key keep their order where a
  /// group asks for it.
  std::string key = {};
  /// Of `data`; empty: "application/json".
  std::string content_type = {};
  /// Strings by name, for what has no place above; `traceparent` is one of them.
  std::map<std::string, std::string, std::less<>> headers = {};
  /// It is skipped from then on.
  std::optional<timestamp> expires = {};
  /// It comes back from the dead letters of this group, and the others have had it; empty: it is
  /// for all.
  std::string only_for = {};
  /// The version of the channel's schema that it was checked against; 0: none.
  std::uint32_t schema = 0;
  /// JSON text, or any bytes if `content_type` says so.
  payload data = {};

  /// Whether `data` is JSON.
  bool is_json() const;

  friend bool operator==(const message&, const message&) = default;
};

namespace log {

/// The row of a message.
std::string encode(const message& x);
result<message> decode_message(std::string_view body);

/// What decides about a delivery; points into the row.
struct message_head {
  timestamp time;
  std::optional<timestamp> expires;
  std::string_view id;
  std::string_view key;
  std::string_view only_for;
};

result<message_head> decode_head(std::string_view body);

/// The message as CloudEvents JSON, with the members `channel` and `position`; data that is not
/// JSON is `data_base64`.
json to_cloud_event(const message& x, std::string_view channel, std::uint64_t position);

/// Reads CloudEvents JSON; unknown attributes become headers. Errors: invalid_input, with the
/// member in `where`.
result<message> from_cloud_event(const json& x);

} // namespace log
} // namespace dagger
