// The head that every stored value carries: what it is, which commit wrote it, and
// a checksum over key and value. Knows nothing of what the bodies mean.
#pragma once

#include <dagger/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace dagger::store {

/// What a body is. Numbers are stored: never reuse one.
enum class kind : std::uint8_t {
  meta = 1,
  definition = 2,
  job = 3,
  active = 4,
  specs = 5,
  task = 6,
  payload = 7,
  timer = 8,
  job_event = 9,
  message = 10,
  position = 11,
  signal = 12,
  watcher = 13,
  child = 14,
  step = 15,
  chunk = 16,
  doomed = 17,
  cached = 18,
  channel = 19,
  group = 20,
  cursor = 21,
  ack = 22,
  delivery = 23,
  delayed = 24,
  delay = 25,
};

/// A stored value, opened. `body` lives as long as the view it came from.
struct record {
  store::kind kind;
  /// Of the body's format; a reader skips what follows the fields it knows.
  std::uint8_t version;
  /// The commit that wrote it.
  std::uint64_t commit;
  std::string_view body;
};

/// kind u8, version u8, commit u48, size of the body u32, checksum u32; little-endian.
inline constexpr std::size_t header_bytes = 16;

/// Writes header and body, `header_bytes + body.size()` bytes, to `out`. The checksum
/// covers key, header and body.
void seal(char* out, kind k, std::uint8_t version, std::uint64_t commit, std::string_view key,
          std::string_view body);

/// Checks size and checksum. The error (store_corrupt) says what is wrong with the record; the
/// caller adds which one it is.
result<record> open(std::string_view key, std::string_view stored);

} // namespace dagger::store
