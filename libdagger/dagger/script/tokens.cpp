// Section 3.1 of the Lua 5.4 manual.
#include <dagger/script/tokens.hpp>

#include <algorithm>
#include <array>

namespace dagger::script {

namespace {

constexpr auto npos = std::string_view::npos;

constexpr std::array<std::string_view, 22> keywords{
  "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
  "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
  "repeat",   "return", "then", "true", "until",  "while"};

constexpr std::array<std::string_view, 12> long_symbols{
  "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>", "[[", "[="};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

/// The number of `=` and one more if a long bracket opens here; 0 if not.
std::size_t tokens::long_bracket(std::size_t at) const {
  if (at >= text_.size() || text_[at] != '[')
    return 0;
  auto end = text_.find_first_not_of('=', at + 1);
  return end != npos && text_[end] == '[' ? end - at : 0;
}

std::size_t tokens::end_of_long(std::size_t at, std::size_t level) const {
  auto closing = "]" + std::string(level - 1, '=') + "]";
  auto end = text_.find(closing, at + level + 1);
  return end == npos ? text_.size() : end + closing.size();
}

void tokens::skip_space() {
  while (at_ < text_.size()) {
    auto c = text_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++at_;
    } else if (text_.substr(at_, 2) == "--") {
      if (auto level = long_bracket(at_ + 2))
        at_ = end_of_long(at_ + 2, level);
      else
        at_ = std::min(text_.find_first_of("\n\r", at_), text_.size());
    } else {
      return;
    }
  }
}

std::size_t tokens::end_of_quoted(std::size_t at) const {
  auto quote = text_[at++];
  for (; at < text_.size() && text_[at] != quote; ++at) {
    if (text_[at] == '\n')
      return at;
    if (text_[at] != '\\')
      continue;
    ++at;
    if (text_.substr(at, 1) == "z") {
      auto end = text_.find_first_not_of(" \t\n\v\f\r", at + 1);
      at = std::min(end, text_.size()) - 1;
    } else if (text_.substr(at, 2) == "\r\n" || text_.substr(at, 2) == "\n\r") {
      ++at;
    }
  }
  return std::min(at + 1, text_.size());
}

std::size_t tokens::end_of_number(std::size_t at) const {
  auto is_hexadecimal = text_.substr(at, 2) == "0x" || text_.substr(at, 2) == "0X";
  for (; at < text_.size(); ++at) {
    auto c = text_[at];
    auto exponent = is_hexadecimal ? (c == 'p' || c == 'P') : (c == 'e' || c == 'E');
    if (exponent && at + 1 < text_.size() && (text_[at + 1] == '+' || text_[at + 1] == '-'))
      ++at;
    else if (!is_word(c) && c != '.')
      break;
  }
  return at;
}

std::size_t tokens::end_of_symbol(std::size_t at) const {
  for (auto symbol : long_symbols)
    if (text_.substr(at, symbol.size()) == symbol && symbol[0] != '[')
      return at + symbol.size();
  return at + 1;
}

void tokens::next() {
  using enum token::kind;
  skip_space();
  auto from = at_;
  if (from >= text_.size()) {
    current_ = {end, {}, text_.size()};
    return;
  }
  auto c = text_[from];
  auto what = symbol;
  if (is_digit(c) || (c == '.' && from + 1 < text_.size() && is_digit(text_[from + 1]))) {
    what = number;
    at_ = end_of_number(from);
  } else if (is_word(c)) {
    while (at_ < text_.size() && is_word(text_[at_]))
      ++at_;
    auto word = text_.substr(from, at_ - from);
    what = std::ranges::find(keywords, word) == keywords.end() ? name : keyword;
  } else if (c == '"' || c == '\'') {
    what = text;
    at_ = end_of_quoted(from);
  } else if (auto level = long_bracket(from)) {
    what = text;
    at_ = end_of_long(from, level);
  } else {
    at_ = end_of_symbol(from);
  }
  current_ = {what, text_.substr(from, at_ - from), from};
}

token tokens::peek() const {
  auto ahead = *this;
  ahead.next();
  return ahead.current();
}

position tokens::place_of(std::size_t offset) const {
  auto before = text_.substr(0, std::min(offset, text_.size()));
  auto lines = std::ranges::count(before, '\n');
  auto newline = before.rfind('\n');
  auto column = newline == npos ? before.size() : before.size() - newline - 1;
  return {static_cast<std::uint32_t>(lines + 1), static_cast<std::uint32_t>(column + 1)};
}

std::optional<std::string> constant_key(const token& x) {
  if (x.what == token::kind::number && std::ranges::all_of(x.spelling, is_digit))
    return std::string{x.spelling};
  if (x.what != token::kind::text || x.spelling.size() < 2 || x.spelling[0] == '['
      || x.spelling.find('\\') != npos)
    return {};
  return std::string{x.spelling.substr(1, x.spelling.size() - 2)};
}

} // namespace dagger::script
