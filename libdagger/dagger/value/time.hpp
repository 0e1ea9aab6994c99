// Points in time and durations, as they are stored and shown. Asks no clock.
#pragma once

#include <dagger/result.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace dagger {

/// Microseconds since 1970 in UTC.
using timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Time spans that users give: time-outs, waits, backoffs.
using duration = std::chrono::milliseconds;

/// `from + by`, with `by` cut to 0 ... `limits::longest`.
timestamp later(timestamp from, duration by);

/// `x`, cut to the years 1970 ... 9999.
timestamp within_reach(timestamp x);

/// RFC 3339 in UTC with milliseconds: `2026-11-20T11:02:52.000Z`.
std::string to_rfc3339(timestamp x);

/// Reads what `to_rfc3339` writes, and any RFC 3339 date-time with an offset.
result<timestamp> parse_rfc3339(std::string_view text);

/// `250ms`, `5s`, `10m`, `1h`, `2d`; a plain number is seconds.
result<duration> parse_duration(std::string_view text);

/// The shortest text that `parse_duration` reads back to `x`.
std::string to_text(duration x);

} // namespace dagger
