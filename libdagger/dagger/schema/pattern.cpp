// From ECMA 262 syntax to RE2: the two differ in a few escapes and in what `.`, `\s`
// and brackets mean. Knows nothing of schemas.
#include <dagger/schema/pattern.hpp>

#include <dagger/limits.hpp>

#include <re2/re2.h>

#include <optional>
#include <utility>

namespace dagger::schema {

namespace {

/// ECMA 262 white space and line terminators, without the brackets of a class.
constexpr auto white_space =
  std::string_view{R"(\t\n\x0b\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f})"
                   R"(\x{205f}\x{3000}\x{feff})"};

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  auto lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f')
    return static_cast<unsigned>(lower - 'a' + 10);
  return std::nullopt;
}

class translator {
public:
  explicit translator(std::string_view in) : in_(in) {}

  result<std::string> run() {
    while (at_ < in_.size()) {
      auto c = in_[at_];
      if (c == '\\') {
        if (auto ok = escape(); !ok)
          return fail(ok.error());
      } else if (in_class_) {
        inside_class(c);
      } else {
        outside_class(c);
      }
    }
    return std::move(out_);
  }

private:
  bool next_is(std::string_view text) const {
    return in_.substr(at_).starts_with(text);
  }

  void take(std::string_view as, std::size_t size) {
    out_ += as;
    at_ += size;
  }

  void outside_class(char c) {
    if (next_is("[^]"))
      return take("(?s:.)", 3);
    if (next_is("[]"))
      return take("[^\\x00-\\x{10FFFF}]", 2);
    if (c == '[') {
      in_class_ = true;
      return next_is("[^") ? take("[^", 2) : take("[", 1);
    }
    if (c == '.')
      return take("[^\\n\\r\\x{2028}\\x{2029}]", 1);
    if (next_is("(?<") && !next_is("(?<=") && !next_is("(?<!"))
      return take("(?P<", 3);
    take(in_.substr(at_, 1), 1);
  }

  void inside_class(char c) {
    if (c == ']')
      in_class_ = false;
    // Else RE2 would read "[[:alpha:]]" as a POSIX class.
    if (c == '[')
      return take("\\[", 1);
    take(in_.substr(at_, 1), 1);
  }

  result<void> escape() {
    if (at_ + 1 == in_.size())
      return fail(code::invalid_input, "a backslash at its end");
    auto c = in_[at_ + 1];
    auto whole = in_.substr(at_, 2);
    switch (c) {
    case 's':
      in_class_ ? take(white_space, 2) : take("[" + std::string{white_space} + "]", 2);
      return {};
    case 'S':
      in_class_ ? take("\\S", 2) : take("[^" + std::string{white_space} + "]", 2);
      return {};
    case 'b':
      take(in_class_ ? "\\x08" : "\\b", 2);
      return {};
    case 'u':
      return unicode();
    case 'c':
      return control();
    default:
      break;
    }
    // Letters that mean nothing in ECMA 262 mean something else in RE2.
    auto letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && std::string_view{"dDwWBfnrtvxpP"}.find(c) == std::string_view::npos)
      return fail(code::invalid_input, "invalid escape sequence: " + std::string{whole});
    if (c >= '1' && c <= '9')
      return fail(code::invalid_input, "back reference: " + std::string{whole});
    take(whole, 2);
    return {};
  }

  result<void> control() {
    auto c = at_ + 2 < in_.size() ? static_cast<char>(in_[at_ + 2] | 0x20) : '\0';
    if (c < 'a' || c > 'z')
      return fail(code::invalid_input, "invalid escape sequence: \\c");
    append_code_point(static_cast<unsigned>(c - 'a' + 1));
    at_ += 3;
    return {};
  }

  /// \uXXXX, \uXXXX\uXXXX (a surrogate pair) and \u{X...}.
  result<void> unicode() {
    auto braces = at_ + 2 < in_.size() && in_[at_ + 2] == '{';
    auto end = braces ? in_.find('}', at_) : at_ + 6;
    auto start = at_ + (braces ? 3 : 2);
    auto unit = end == std::string_view::npos ? std::nullopt : number(start, end);
    if (!unit)
      return fail(code::invalid_input, "invalid escape sequence: \\u");
    at_ = braces ? end + 1 : end;
    if (*unit >= 0xd800 && *unit < 0xdc00 && next_is("\\u")) {
      auto low = number(at_ + 2, at_ + 6);
      if (low && *low >= 0xdc00 && *low < 0xe000) {
        unit = 0x10000 + ((*unit - 0xd800) << 10) + (*low - 0xdc00);
        at_ += 6;
      }
    }
    append_code_point(*unit);
    return {};
  }

  std::optional<unsigned> number(std::size_t first, std::size_t last) const {
    if (last > in_.size() || first >= last || last - first > 6)
      return std::nullopt;
    auto x = 0u;
    for (auto c : in_.substr(first, last - first)) {
      auto digit = hex_digit(c);
      if (!digit)
        return std::nullopt;
      x = x * 16 + *digit;
    }
    return x <= 0x10ffff ? std::optional{x} : std::nullopt;
  }

  void append_code_point(unsigned x) {
    constexpr auto digits = std::string_view{"0123456789abcdef"};
    out_ += "\\x{";
    for (auto shift = 20; shift >= 0; shift -= 4)
      out_ += digits[(x >> shift) & 0xf];
    out_ += '}';
  }

  std::string_view in_;
  std::string out_;
  std::size_t at_ = 0;
  bool in_class_ = false;
};

} // namespace

pattern::pattern(std::string text, std::shared_ptr<const re2::RE2> program)
  : text_(std::move(text)),
    program_(std::move(program)) {}

result<pattern> pattern::compile(std::string_view text) {
  if (text.size() > limits::pattern_bytes)
    return fail(code::invalid_input,
                "longer than " + std::to_string(limits::pattern_bytes) + " bytes");
  auto translated = translator{text}.run();
  if (!translated)
    return fail(translated.error());
  auto options = re2::RE2::Options{};
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(limits::pattern_memory_bytes);
  auto program = std::make_shared<const re2::RE2>(*translated, options);
  if (!program->ok())
    return fail(code::invalid_input, program->error());
  return pattern{std::string{text}, std::move(program)};
}

bool pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece{text.data(), text.size()}, *program_);
}

} // namespace dagger::schema
