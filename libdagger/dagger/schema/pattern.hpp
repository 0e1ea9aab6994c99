// Regular expressions of schemas: written for ECMA 262, run by RE2 in time linear in the text.
// The only door to RE2.
#pragma once

#include <dagger/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace dagger::schema {

/// A compiled pattern. Copies share it; any thread may use it.
class pattern {
public:
  /// Compiles `text`. Refuses (invalid_input; the message says why and does not repeat the
  /// pattern) what RE2 cannot run in linear time: look-around and back references.
  static result<pattern> compile(std::string_view text);

  /// Whether any part of `text` matches; `^` and `$` are the ends of the text.
  bool found_in(std::string_view text) const;

  /// The pattern as it was written.
  const std::string& text() const {
    return text_;
  }

private:
  pattern(std::string text, std::shared_ptr<const re2::RE2> program);

  std::string text_;
  std::shared_ptr<const re2::RE2> program_;
};

} // namespace dagger::schema
