// How the parts that rows have in common are written: times, hashes, lists, enumerators.
#pragma once

#include <dagger/codec/bytes.hpp>
#include <dagger/codec/hash.hpp>
#include <dagger/result.hpp>
#include <dagger/value/time.hpp>

#include <bit>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dagger {

inline void put(writer& w, timestamp x) {
  w.zigzag(x.time_since_epoch().count());
}

inline timestamp get_time(reader& r) {
  return timestamp{std::chrono::microseconds{r.zigzag()}};
}

/// Optional times are stored as 0 or 1 + microseconds; none of ours lies before 1970.
inline void put(writer& w, const std::optional<timestamp>& x) {
  w.varint(x ? 1 + static_cast<std::uint64_t>(x->time_since_epoch().count()) : 0);
}

inline std::optional<timestamp> get_optional_time(reader& r) {
  auto x = r.varint();
  if (x == 0)
    return std::nullopt;
  return timestamp{std::chrono::microseconds{static_cast<std::int64_t>(x - 1)}};
}

inline void put(writer& w, const std::optional<duration>& x) {
  w.varint(x ? 1 + static_cast<std::uint64_t>(x->count()) : 0);
}

inline std::optional<duration> get_optional_duration(reader& r) {
  auto x = r.varint();
  if (x == 0)
    return std::nullopt;
  return duration{static_cast<std::int64_t>(x - 1)};
}

inline void put(writer& w, const digest& x) {
  w.big_endian(x.high);
  w.big_endian(x.low);
}

inline digest get_digest(reader& r) {
  auto high = r.big_endian<std::uint64_t>();
  return {high, r.big_endian<std::uint64_t>()};
}

inline void put(writer& w, double x) {
  w.big_endian(std::bit_cast<std::uint64_t>(x));
}

inline double get_double(reader& r) {
  return std::bit_cast<double>(r.big_endian<std::uint64_t>());
}

inline void put(writer& w, const std::vector<std::string>& xs) {
  w.varint(xs.size());
  for (auto& x : xs)
    w.text(x);
}

/// An enumerator that there is.
template <class Enum>
Enum get_enum(reader& r, Enum last) {
  auto x = r.byte();
  if (x > static_cast<std::uint8_t>(last))
    throw truncated{};
  return static_cast<Enum>(x);
}

/// A count that the rest of the record can hold; damage must not allocate the world.
inline std::size_t get_count(reader& r) {
  auto n = r.varint();
  if (n > r.left())
    throw truncated{};
  return n;
}

inline std::vector<std::string> get_texts(reader& r) {
  auto xs = std::vector<std::string>(get_count(r));
  for (auto& x : xs)
    x = r.text();
  return xs;
}

/// Runs `read` and turns the end of the bytes into an error.
template <class F>
auto decode(const char* what, std::string_view body, F&& read)
  -> result<decltype(read(std::declval<reader&>()))> {
  try {
    auto r = reader{body};
    return read(r);
  } catch (const truncated& x) {
    return fail(code::store_corrupt,
                std::string{"a row of kind '"} + what + "' cannot be read: " + x.what());
  }
}

/// Most rows are shorter: one allocation each.
inline constexpr auto usual_row_bytes = std::size_t{120};

template <class F>
std::string encoded(F&& write) {
  auto out = std::string{};
  out.reserve(usual_row_bytes);
  auto w = writer{out};
  write(w);
  return out;
}

} // namespace dagger
