// JSON text on its way through the engine: immutable shared bytes that are parsed
// when somebody looks inside, and then once.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dagger {

/// Shared immutable JSON bytes. Copies are cheap; safe to read from any thread.
class payload {
public:
  /// Nothing: no bytes, `empty()` is true. Not the same as the JSON `null`.
  payload() = default;

  /// The text of `x`; bytes that are not UTF-8 become U+FFFD. The value is kept, so that
  /// nobody in this process parses it again.
  static payload from(json x);

  /// Takes JSON text as it is; whether it is JSON shows when it is parsed.
  static payload from_bytes(std::string bytes);

  bool empty() const {
    return !box_;
  }

  /// The text; empty if there is none.
  std::string_view bytes() const {
    return box_ ? std::string_view{box_->bytes} : std::string_view{};
  }

  /// The value, parsed at the first call. An empty payload is the JSON `null`.
  /// Throws `error` (invalid_input) if the bytes are not JSON within the limits.
  const json& value() const;

  friend bool operator==(const payload& a, const payload& b) {
    return a.empty() == b.empty() && a.bytes() == b.bytes();
  }

private:
  struct box {
    std::string bytes;
    std::once_flag once;
    std::optional<result<json>> parsed;
  };

  std::shared_ptr<box> box_;
};

} // namespace dagger
