// Character classes and a cursor for the hand-written format checks. Allocates nothing.
#pragma once

#include <cstddef>
#include <string_view>

namespace dagger::schema {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

inline bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

inline bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Takes pieces from the front of a text; every call says whether it could.
class scanner {
public:
  explicit scanner(std::string_view text) : text_(text) {}

  bool at_end() const {
    return text_.empty();
  }

  bool take(char c) {
    if (text_.empty() || text_.front() != c)
      return false;
    text_.remove_prefix(1);
    return true;
  }

  /// A letter in either case; `lower` is the lower one.
  bool take_letter(char lower) {
    return take(lower) || take(static_cast<char>(lower - 'a' + 'A'));
  }

  /// Exactly `count` digits, as a number; -1 if they are not there.
  int digits(std::size_t count) {
    if (text_.size() < count)
      return -1;
    auto x = 0;
    for (auto i = std::size_t{0}; i < count; ++i) {
      if (!is_digit(text_[i]))
        return -1;
      x = x * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return x;
  }

  /// How many characters of a class could be taken.
  template <class Class>
  std::size_t many(Class of_class) {
    auto n = std::size_t{0};
    while (n < text_.size() && of_class(text_[n]))
      ++n;
    text_.remove_prefix(n);
    return n;
  }

private:
  std::string_view text_;
};

} // namespace dagger::schema
