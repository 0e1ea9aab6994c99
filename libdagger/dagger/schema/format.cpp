// Hand-written checks of formats; `std::regex` would recurse over long texts.
#include <dagger/schema/format.hpp>

#include <dagger/schema/pattern.hpp>
#include <dagger/schema/scan.hpp>
#include <dagger/schema/uri.hpp>

#include <array>

namespace dagger::schema {

namespace {

struct entry {
  std::string_view name;
  std::string_view description;
};

/// In the order of the enumeration.
constexpr auto entries = std::array{
  entry{"date-time", "a date-time such as 2026-11-20T11:02:52Z"},
  entry{"date", "a date such as 2026-11-20"},
  entry{"time", "a time with an offset such as 11:02:52Z"},
  entry{"email", "an e-mail address"},
  entry{"hostname", "a host name"},
  entry{"ipv4", "an IPv4 address such as 192.0.2.1"},
  entry{"ipv6", "an IPv6 address such as 2001:db8::1"},
  entry{"uri", "a URI with its scheme, such as https://example.org/a"},
  entry{"uuid", "a UUID such as 123e4567-e89b-12d3-a456-426614174000"},
  entry{"regex", "a regular expression (without look-around and back references)"},
  entry{"json-pointer", "a JSON pointer such as /a/0"},
};

bool is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool take_date(scanner& in) {
  constexpr auto days = std::array{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  auto year = in.digits(4);
  if (year < 0 || !in.take('-'))
    return false;
  auto month = in.digits(2);
  if (month < 1 || month > 12 || !in.take('-'))
    return false;
  auto day = in.digits(2);
  auto last = days[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
  return day >= 1 && day <= last;
}

bool take_time(scanner& in) {
  auto hour = in.digits(2);
  if (hour < 0 || hour > 23 || !in.take(':'))
    return false;
  auto minute = in.digits(2);
  if (minute < 0 || minute > 59 || !in.take(':'))
    return false;
  auto second = in.digits(2);
  if (second < 0 || second > 60)
    return false;
  if (in.take('.') && in.many(is_digit) == 0)
    return false;
  auto offset = 0;
  if (!in.take_letter('z')) {
    auto east = in.take('+');
    if (!east && !in.take('-'))
      return false;
    auto hours = in.digits(2);
    if (hours < 0 || hours > 23 || !in.take(':'))
      return false;
    auto minutes = in.digits(2);
    if (minutes < 0 || minutes > 59)
      return false;
    offset = (east ? 1 : -1) * (hours * 60 + minutes);
  }
  // A leap second is the last of a day in UTC.
  constexpr auto day = 24 * 60;
  return second < 60 || (hour * 60 + minute - offset + day) % day == day - 1;
}

bool is_date_time(std::string_view text) {
  auto in = scanner{text};
  return take_date(in) && in.take_letter('t') && take_time(in) && in.at_end();
}

bool is_date(std::string_view text) {
  auto in = scanner{text};
  return take_date(in) && in.at_end();
}

bool is_time(std::string_view text) {
  auto in = scanner{text};
  return take_time(in) && in.at_end();
}

bool is_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-')
    return false;
  for (auto c : text)
    if (!is_alpha(c) && !is_digit(c) && c != '-')
      return false;
  return true;
}

bool is_hostname(std::string_view text) {
  if (text.size() > 253)
    return false;
  for (;;) {
    auto dot = text.find('.');
    if (!is_label(text.substr(0, dot)))
      return false;
    if (dot == std::string_view::npos)
      return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_atom_text(char c) {
  return is_alpha(c) || is_digit(c)
      || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

/// "quoted words", with their quotes (RFC 5321, Quoted-string).
bool is_quoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return false;
  auto escaped = false;
  for (auto c : text.substr(1, text.size() - 2)) {
    if (c < ' ' || c > '~' || (c == '"' && !escaped))
      return false;
    escaped = c == '\\' && !escaped;
  }
  if (escaped)
    return false;
  return true;
}

bool is_local_part(std::string_view text) {
  if (text.empty() || text.size() > 64)
    return false;
  if (text.front() == '"')
    return is_quoted(text);
  auto after_dot = true;
  for (auto c : text) {
    if (c == '.' ? after_dot : !is_atom_text(c))
      return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

bool is_email(std::string_view text) {
  auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > 320 || !is_local_part(text.substr(0, at)))
    return false;
  auto domain = text.substr(at + 1);
  if (!domain.starts_with('['))
    return is_hostname(domain);
  if (!domain.ends_with(']'))
    return false;
  domain = domain.substr(1, domain.size() - 2);
  return domain.starts_with("IPv6:") ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36)
    return false;
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i]))
      return false;
  }
  return true;
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/')
    return false;
  for (auto i = std::size_t{0}; i < text.size(); ++i)
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  return true;
}

} // namespace

std::optional<format> format_named(std::string_view name) {
  for (auto i = std::size_t{0}; i < entries.size(); ++i)
    if (entries[i].name == name)
      return static_cast<format>(i);
  return std::nullopt;
}

std::string_view describe(format x) {
  return entries[static_cast<std::size_t>(x)].description;
}

bool matches(format x, std::string_view text) {
  switch (x) {
  case format::date_time:
    return is_date_time(text);
  case format::date:
    return is_date(text);
  case format::time:
    return is_time(text);
  case format::email:
    return is_email(text);
  case format::hostname:
    return is_hostname(text);
  case format::ipv4:
    return is_ipv4(text);
  case format::ipv6:
    return is_ipv6(text);
  case format::uri:
    return is_uri(text);
  case format::uuid:
    return is_uuid(text);
  case format::regex:
    return pattern::compile(text).has_value();
  case format::json_pointer:
    return is_json_pointer(text);
  }
  return false;
}

} // namespace dagger::schema
