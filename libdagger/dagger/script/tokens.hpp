// The words of a Lua text with their places. Lua itself says whether the text is right; this
// only finds what stands where.
#pragma once

#include <dagger/codec/document.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dagger::script {

/// One word of a Lua text.
struct token {
  enum class kind : std::uint8_t { end, name, keyword, text, number, symbol };

  kind what = kind::end;
  /// As it stands there, with quotes.
  std::string_view spelling;
  std::size_t offset = 0;

  bool is(std::string_view word) const {
    return (what == kind::keyword || what == kind::symbol) && spelling == word;
  }

  bool is_name() const {
    return what == kind::name;
  }
};

/// Cuts a Lua text into words; the text must outlive it.
class tokens {
public:
  explicit tokens(std::string_view text) : text_(text) {
    next();
  }

  const token& current() const {
    return current_;
  }

  /// Goes on; at the end it stays there.
  void next();

  /// What follows `current`.
  token peek() const;

  /// The place of a byte.
  position place_of(std::size_t offset) const;

private:
  void skip_space();
  std::size_t long_bracket(std::size_t at) const;
  std::size_t end_of_long(std::size_t at, std::size_t level) const;
  std::size_t end_of_quoted(std::size_t at) const;
  std::size_t end_of_number(std::size_t at) const;
  std::size_t end_of_symbol(std::size_t at) const;

  std::string_view text_;
  std::size_t at_ = 0;
  token current_;
};

/// The value of a quoted string without escapes, of a whole number as text; none for others.
std::optional<std::string> constant_key(const token& x);

} // namespace dagger::script
