// Reading and writing times.
#include <dagger/value/time.hpp>

#include <dagger/limits.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace dagger {

namespace {

/// Reads `digits` decimal digits at `at`; -1 if they are not there.
int number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size())
    return -1;
  auto value = 0;
  for (auto c : text.substr(at, digits)) {
    if (c < '0' || c > '9')
      return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// The fraction after the seconds, in microseconds, and how many characters it takes.
std::pair<int, std::size_t> fraction_at(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '.')
    return {0, 0};
  auto end = at + 1;
  auto micros = 0;
  auto scale = 100'000;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
    micros += (text[end] - '0') * scale;
    scale /= 10;
    ++end;
  }
  return {micros, end - at};
}

/// The offset from UTC in minutes, if `text` is `Z` or `+hh:mm`.
std::optional<int> offset(std::string_view text) {
  if (text == "Z" || text == "z")
    return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
    return std::nullopt;
  auto hours = number_at(text, 1, 2);
  auto minutes = number_at(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
    return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

} // namespace

timestamp later(timestamp from, duration by) {
  return from + std::clamp<duration>(by, duration{0}, limits::longest);
}

timestamp within_reach(timestamp x) {
  using namespace std::chrono;
  constexpr auto last = timestamp{sys_days{year{9999} / December / 31}};
  return std::clamp(x, timestamp{}, last);
}

std::string to_rfc3339(timestamp x) {
  using namespace std::chrono;
  auto day = floor<days>(x);
  auto date = year_month_day{day};
  auto time = hh_mm_ss{floor<milliseconds>(x - day)};
  auto text = std::array<char, 40>{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text.data();
}

result<timestamp> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  auto bad = [&] {
    return fail(code::invalid_input, "not an RFC 3339 time: '" + std::string{text} + "'", {},
                "write it like 2026-11-20T11:02:52Z");
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-'
      || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':'
      || text[16] != ':')
    return bad();
  auto y = number_at(text, 0, 4), mo = number_at(text, 5, 2), d = number_at(text, 8, 2);
  auto h = number_at(text, 11, 2), mi = number_at(text, 14, 2), s = number_at(text, 17, 2);
  if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60)
    return bad();
  auto date =
    year_month_day{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok())
    return bad();
  auto [micros, length] = fraction_at(text, 19);
  auto zone = offset(text.substr(19 + length));
  if (!zone)
    return bad();
  return timestamp{sys_days{date} + hours{h} + minutes{mi} + seconds{s} + microseconds{micros}
                   - minutes{*zone}};
}

namespace {

struct unit {
  std::string_view name;
  std::int64_t millis;
};

constexpr auto units = std::array{unit{"ms", 1}, unit{"s", 1'000}, unit{"m", 60'000},
                                  unit{"h", 3'600'000}, unit{"d", 86'400'000}};

} // namespace

result<duration> parse_duration(std::string_view text) {
  auto value = 0.0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  auto name = std::string_view{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  if (failure == std::errc{} && value >= 0 && value <= 1e9)
    for (auto& u : units)
      if (name == u.name || (name.empty() && u.name == "s"))
        if (auto made = value * static_cast<double>(u.millis);
            made <= static_cast<double>(duration{limits::longest}.count()))
          return duration{std::llround(made)};
  return fail(code::invalid_input, "not a duration: '" + std::string{text} + "'", {},
              "write it like 250ms, 5s, 10m, 1h or 2d");
}

std::string to_text(duration x) {
  auto best = units[0];
  for (auto& u : units)
    if (x.count() != 0 && x.count() % u.millis == 0)
      best = u;
  return std::to_string(x.count() / best.millis) + std::string{best.name};
}

} // namespace dagger
