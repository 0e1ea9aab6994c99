// The formats that are checked: dates, addresses, names. Each check is linear in the text.
// Knows nothing of schemas.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dagger::schema {

/// What a string may have to look like.
enum class format : std::uint8_t {
  date_time,
  date,
  time,
  email,
  hostname,
  ipv4,
  ipv6,
  uri,
  uuid,
  regex,
  json_pointer,
};

/// The format of that name in a schema; none if it is not one that we check.
std::optional<format> format_named(std::string_view name);

/// What `x` looks like, for messages: "a date-time such as 2026-11-20T11:02:52Z".
std::string_view describe(format x);

/// Whether `text` is of the format: RFC 3339 date-time, full-date and full-time (second 60 only
/// where a leap second can be, 23:59:60 in UTC), RFC 5321 mailbox, RFC 1123 host name, dotted
/// IPv4, RFC 4291 IPv6 without zone, RFC 3986 URI with its scheme, RFC 4122 UUID text, a regular
/// expression that `pattern` takes, RFC 6901 JSON pointer.
bool matches(format x, std::string_view text);

} // namespace dagger::schema
