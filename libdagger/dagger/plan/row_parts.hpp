// How the parts of rows are written: payloads, ranges, policies. Private to rows.cpp and
// task_rows.cpp.
#pragma once

#include <dagger/codec/row_parts.hpp>
#include <dagger/plan/rows.hpp>

namespace dagger::plan {

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

} // namespace dagger::plan
