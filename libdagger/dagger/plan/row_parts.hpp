// How the parts of rows are written: times, payloads, ranges, policies. Private to
// rows.cpp and task_rows.cpp.
#pragma once

#include <dagger/codec/bytes.hpp>
#include <dagger/plan/rows.hpp>

#include <bit>

namespace dagger::plan {

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

/// 0: none; else 1 + size, followed by the bytes if they are short.
inline void put(writer& w, const stored_payload& x) {
  w.varint(x.present ? 1 + x.size : 0);
  if (x.present && x.is_inline())
    w.raw(x.bytes);
}

inline stored_payload get_payload(reader& r) {
  auto size = r.varint();
  if (size == 0)
    return {};
  auto x = stored_payload{true, size - 1, {}};
  if (x.is_inline())
    x.bytes = r.raw(x.size);
  return x;
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

inline void put(writer& w, const std::vector<task_range>& xs) {
  w.varint(xs.size());
  auto last = std::int64_t{0};
  for (auto& x : xs) {
    w.zigzag(static_cast<std::int64_t>(x.first) - last);
    w.varint(x.count);
    last = static_cast<std::int64_t>(x.first) + x.count;
  }
}

inline std::vector<task_range> get_ranges(reader& r) {
  auto xs = std::vector<task_range>(get_count(r));
  auto last = std::int64_t{0};
  for (auto& x : xs) {
    x.first = static_cast<std::uint32_t>(last + r.zigzag());
    x.count = static_cast<std::uint32_t>(r.varint());
    if (x.count > limits::tasks_per_job || x.first > limits::tasks_per_job)
      throw truncated{};
    last = static_cast<std::int64_t>(x.first) + x.count;
  }
  return xs;
}

inline void put(writer& w, const retry_policy& x) {
  w.varint(x.max_attempts);
  w.byte(static_cast<std::uint8_t>(x.backoff));
  w.varint(static_cast<std::uint64_t>(x.initial.count()));
  w.varint(static_cast<std::uint64_t>(x.max.count()));
  put(w, x.multiplier);
  put(w, x.jitter);
  put(w, x.retry_on);
  put(w, x.abort_on);
}

inline retry_policy get_retry(reader& r) {
  auto x = retry_policy{};
  x.max_attempts = static_cast<std::uint32_t>(r.varint());
  x.backoff = get_enum(r, backoff::exponential);
  x.initial = duration{static_cast<std::int64_t>(r.varint())};
  x.max = duration{static_cast<std::int64_t>(r.varint())};
  x.multiplier = get_double(r);
  x.jitter = get_double(r);
  x.retry_on = get_texts(r);
  x.abort_on = get_texts(r);
  return x;
}

/// Marks a byte that holds an enumerator: something follows that most rows do not have.
inline constexpr auto high_bit = 128u;

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

/// Most rows of tasks are shorter: one allocation each.
inline constexpr auto usual_row_bytes = std::size_t{120};

template <class F>
std::string encoded(F&& write) {
  auto out = std::string{};
  out.reserve(usual_row_bytes);
  auto w = writer{out};
  write(w);
  return out;
}

} // namespace dagger::plan
