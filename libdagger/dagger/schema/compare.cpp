// Exact numbers: comparison by `long double`, division by modular arithmetic on digits.
#include <dagger/schema/compare.hpp>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace dagger::schema {

namespace {

// Every 64-bit integer and every double must fit, else comparisons would round.
static_assert(std::numeric_limits<long double>::digits >= 64);

__extension__ using wide = unsigned __int128;

long double exact(const json& x) {
  switch (x.type()) {
  case json::value_t::number_integer:
    return static_cast<long double>(x.get_ref<const json::number_integer_t&>());
  case json::value_t::number_unsigned:
    return static_cast<long double>(x.get_ref<const json::number_unsigned_t&>());
  case json::value_t::number_float:
    return static_cast<long double>(x.get_ref<const json::number_float_t&>());
  default:
    return std::numeric_limits<long double>::quiet_NaN();
  }
}

/// |x| = digits * 10^exponent.
struct decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

/// The shortest decimal that reads back as the same number: what its author wrote.
std::optional<decimal> to_decimal(const json& x) {
  if (x.is_number_unsigned())
    return decimal{x.get<std::uint64_t>(), 0};
  if (x.is_number_integer()) {
    auto n = x.get<std::int64_t>();
    return decimal{n < 0 ? ~static_cast<std::uint64_t>(n) + 1 : static_cast<std::uint64_t>(n), 0};
  }
  auto value = std::fabs(x.get<double>());
  if (!std::isfinite(value))
    return std::nullopt;
  char text[32];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  auto parsed = decimal{};
  auto fraction = 0;
  auto at = static_cast<const char*>(text);
  for (auto after_point = false; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      after_point = true;
      continue;
    }
    parsed.digits = parsed.digits * 10 + static_cast<std::uint64_t>(*at - '0');
    fraction += after_point ? 1 : 0;
  }
  at += at != end ? 1 : 0;
  at += at != end && *at == '+' ? 1 : 0;
  std::from_chars(at, end, parsed.exponent);
  parsed.exponent -= fraction;
  return parsed;
}

/// (digits * 10^power) mod divisor.
std::uint64_t scaled_remainder(std::uint64_t digits, int power, std::uint64_t divisor) {
  auto rest = static_cast<wide>(digits % divisor);
  auto factor = static_cast<wide>(10 % divisor);
  for (; power > 0; power /= 2) {
    if (power % 2 == 1)
      rest = rest * factor % divisor;
    factor = factor * factor % divisor;
  }
  return static_cast<std::uint64_t>(rest);
}

/// Where a type stands in the total order; all numbers are one type.
int rank(const json& x) {
  switch (x.type()) {
  case json::value_t::null:
    return 0;
  case json::value_t::boolean:
    return 1;
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float:
    return 2;
  case json::value_t::string:
    return 3;
  case json::value_t::array:
    return 4;
  case json::value_t::object:
    return 5;
  default:
    return 6;
  }
}

std::strong_ordering number_order(const json& a, const json& b) {
  auto o = compare_numbers(a, b);
  if (o == std::partial_ordering::unordered) {
    // Not a number stands before all numbers, so that the order stays total.
    return std::isnan(exact(b)) <=> std::isnan(exact(a));
  }
  return o < 0 ? std::strong_ordering::less
       : o > 0 ? std::strong_ordering::greater
               : std::strong_ordering::equal;
}

std::strong_ordering array_order(const json::array_t& a, const json::array_t& b) {
  if (a.size() != b.size())
    return a.size() <=> b.size();
  for (auto i = std::size_t{0}; i < a.size(); ++i)
    if (auto o = order(a[i], b[i]); o != 0)
      return o;
  return std::strong_ordering::equal;
}

std::strong_ordering object_order(const json::object_t& a, const json::object_t& b) {
  if (a.size() != b.size())
    return a.size() <=> b.size();
  for (auto x = a.begin(), y = b.begin(); x != a.end(); ++x, ++y) {
    if (auto o = x->first <=> y->first; o != 0)
      return o;
    if (auto o = order(x->second, y->second); o != 0)
      return o;
  }
  return std::strong_ordering::equal;
}

} // namespace

std::partial_ordering compare_numbers(const json& a, const json& b) {
  return exact(a) <=> exact(b);
}

std::strong_ordering order(const json& a, const json& b) {
  if (auto o = rank(a) <=> rank(b); o != 0)
    return o;
  switch (a.type()) {
  case json::value_t::boolean:
    return a.get<bool>() <=> b.get<bool>();
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float:
    return number_order(a, b);
  case json::value_t::string:
    return a.get_ref<const std::string&>() <=> b.get_ref<const std::string&>();
  case json::value_t::array:
    return array_order(a.get_ref<const json::array_t&>(), b.get_ref<const json::array_t&>());
  case json::value_t::object:
    return object_order(a.get_ref<const json::object_t&>(), b.get_ref<const json::object_t&>());
  default:
    return std::strong_ordering::equal;
  }
}

bool is_integer(const json& x) {
  if (!x.is_number_float())
    return x.is_number_integer();
  auto value = x.get<double>();
  return std::isfinite(value) && std::trunc(value) == value;
}

bool is_multiple(const json& x, const json& divisor) {
  auto a = to_decimal(x);
  auto b = to_decimal(divisor);
  if (!a || !b || b->digits == 0)
    return false;
  if (a->exponent >= b->exponent)
    return scaled_remainder(a->digits, a->exponent - b->exponent, b->digits) == 0;
  auto unit = static_cast<wide>(b->digits);
  for (auto i = a->exponent; i < b->exponent; ++i) {
    if (unit > a->digits)
      return a->digits == 0;
    unit *= 10;
  }
  return a->digits % unit == 0;
}

} // namespace dagger::schema
