// Plain scalars of the YAML 1.2 core schema (yaml.org/spec/1.2.2, section 10.3.2).
#include <dagger/codec/yaml.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace dagger {

namespace {

bool all_digits(std::string_view text) {
  return !text.empty()
      && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A whole number of `text`; a double if 64 bits do not hold it.
json whole(std::string_view digits, bool negative, int base) {
  auto end = digits.data() + digits.size();
  auto magnitude = std::uint64_t{0};
  auto [stop, failure] = std::from_chars(digits.data(), end, magnitude, base);
  if (failure == std::errc{} && !negative) {
    if (magnitude <= INT64_MAX)
      return static_cast<std::int64_t>(magnitude);
    return magnitude;
  }
  if (failure == std::errc{} && magnitude <= std::uint64_t{1} << 63)
    return static_cast<std::int64_t>(~magnitude + 1);
  auto real = 0.0;
  for (auto c : digits) {
    auto digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    real = base == 10 ? 0.0 : real * base + digit;
  }
  if (base == 10)
    failure = std::from_chars(digits.data(), end, real).ec;
  if (base == 10 && failure != std::errc{})
    return json(json::value_t::discarded);
  return negative ? -real : real;
}

/// [0-9]+ and the like in another base, after its prefix.
bool all_of_base(std::string_view digits, int base) {
  auto fits = [&](char c) {
    if (base == 8)
      return c >= '0' && c <= '7';
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), fits);
}

/// ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_real(std::string_view text) {
  auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    auto power = text.substr(exponent + 1);
    if (power.starts_with('-') || power.starts_with('+'))
      power.remove_prefix(1);
    if (!all_digits(power))
      return false;
    text = text.substr(0, exponent);
  }
  auto point = text.find('.');
  if (point == std::string_view::npos)
    return all_digits(text);
  auto before = text.substr(0, point), after = text.substr(point + 1);
  return (before.empty() || all_digits(before)) && (after.empty() || all_digits(after))
      && !(before.empty() && after.empty());
}

json number(std::string_view text) {
  auto whole_text = text;
  auto negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  if (all_digits(text))
    return whole(text, negative, 10);
  if (text == ".inf" || text == ".Inf" || text == ".INF")
    return json(json::value_t::discarded);
  if (!is_real(text))
    return whole_text;
  auto real = 0.0;
  auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (failure == std::errc::result_out_of_range) {
    // Too small is zero; too large is nothing that JSON can hold.
    auto exponent = text.find_first_of("eE");
    auto tiny = exponent == std::string_view::npos ? text.starts_with("0") || text.starts_with(".")
                                                   : text.substr(exponent + 1).starts_with('-');
    if (!tiny)
      return json(json::value_t::discarded);
    real = 0.0;
  }
  return negative ? -real : real;
}

} // namespace

json resolve_plain_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return nullptr;
  if (text == "true" || text == "True" || text == "TRUE")
    return true;
  if (text == "false" || text == "False" || text == "FALSE")
    return false;
  if (text.starts_with("0o") && all_of_base(text.substr(2), 8))
    return whole(text.substr(2), false, 8);
  if (text.starts_with("0x") && all_of_base(text.substr(2), 16))
    return whole(text.substr(2), false, 16);
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return json(json::value_t::discarded);
  auto first = text[0];
  if ((first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.')
    return number(text);
  return text;
}

} // namespace dagger
