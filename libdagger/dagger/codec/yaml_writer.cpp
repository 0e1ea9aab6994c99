// Plain and quoted scalars, block lists and block maps.
#include <dagger/codec/yaml_writer.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/codec/yaml.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace dagger {

namespace {

using ordered = nlohmann::ordered_json;

/// Characters that mean nothing to YAML wherever they stand in a plain scalar.
bool always_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
      || c == '.' || c == '/' || c == '+' || c == '(' || c == ')' || c == '$' || c == '=';
}

bool begins_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/' || c == '.';
}

/// What readers of YAML 1.1 take for true or false.
bool is_old_flag(const std::string& text) {
  constexpr auto words = std::array<std::string_view, 4>{"yes", "no", "on", "off"};
  auto lower = text;
  for (auto& c : lower)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(words.begin(), words.end(), lower) != words.end();
}

/// "90s", "1500ms".
bool is_time_span(const std::string& text) {
  auto unit = text.find_first_not_of("0123456789");
  if (unit == 0 || unit == text.npos)
    return false;
  constexpr auto units = std::array<std::string_view, 5>{"ms", "s", "m", "h", "d"};
  return std::find(units.begin(), units.end(), text.substr(unit)) != units.end();
}

/// Whether a plain scalar is read as this very text.
bool fits_plain(const std::string& text) {
  if (is_time_span(text))
    return true;
  if (text.empty() || text.size() > 200 || !begins_plain(text.front()) || text.back() == ' ')
    return false;
  // A blank may not stand before '#', and '-' not after one.
  auto fits = std::all_of(text.begin(), text.end(), [](char c) {
    return always_plain(c) || c == ' ' || c == '-' || c == '<' || c == '>';
  });
  return fits && !text.starts_with("...") && !is_old_flag(text)
      && resolve_plain_scalar(text).is_string();
}

/// A block scalar holds printable lines; one that begins with a blank would need to say how much.
bool fits_block(const std::string& text) {
  if (text.size() < 2 || text.find('\n') == text.npos || text.front() == ' ' || text.front() == '\n'
      || text.back() != '\n' || text[text.size() - 2] == '\n')
    return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) {
                       auto byte = static_cast<unsigned char>(c);
                       return c == '\n' || (byte >= 0x20 && byte < 0x7f);
                     })
      && text.find(" \n") == text.npos;
}

/// "\\u2028" for a character of up to three bytes.
std::string escape_of(std::string_view character) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned>(character[i]) & 0x3fu; };
  auto code = character.size() == 1 ? 0x7fu
            : character.size() == 2
              ? ((static_cast<unsigned>(character[0]) & 0x1fu) << 6) | byte(1)
              : ((static_cast<unsigned>(character[0]) & 0x0fu) << 12) | (byte(1) << 6) | byte(2);
  auto text = std::array<char, 8>{};
  std::snprintf(text.data(), text.size(), "\\u%04x", code);
  return text.data();
}

/// JSON's way of quoting is one of YAML's, but YAML wants more characters to be escaped: DEL, the
/// C1 controls, the separators of lines and paragraphs, the byte order mark.
std::string quoted(const std::string& text) {
  auto made = std::string{};
  auto json_text = to_text(json(text));
  for (auto i = std::size_t{0}; i < json_text.size();) {
    auto rest = std::string_view{json_text}.substr(i);
    auto c1 = rest.size() > 1 && rest[0] == '\xc2' && static_cast<unsigned char>(rest[1]) < 0xa0;
    auto length = rest[0] == '\x7f' ? 1u
                : c1                ? 2u
                : rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")
                      || rest.starts_with("\xef\xbb\xbf")
                  ? 3u
                  : 0u;
    if (length > 0)
      made += escape_of(rest.substr(0, length));
    else
      made += rest[0];
    i += std::max(length, 1u);
  }
  return made;
}

class writer {
public:
  explicit writer(std::string& out) : out_(out) {}

  /// The value behind a key or a dash; ends its line.
  void value(const ordered& x, std::size_t depth) {
    if (x.is_object() && !x.empty())
      return members(x, depth, true);
    if (x.is_array() && !x.empty())
      return elements(x, depth, true);
    out_ += ' ';
    if (x.is_string())
      text(x.get_ref<const std::string&>(), depth);
    else
      out_ += x.is_object() ? "{}" : x.is_array() ? "[]" : x.dump();
    out_ += '\n';
  }

  void members(const ordered& x, std::size_t depth, bool new_line) {
    if (new_line)
      out_ += '\n';
    auto first = !new_line;
    for (auto& [name, member] : x.items()) {
      if (!first)
        indent(depth);
      first = false;
      out_ += fits_plain(name) ? name : quoted(name);
      out_ += ':';
      value(member, depth + 1);
    }
  }

  void elements(const ordered& x, std::size_t depth, bool new_line) {
    if (new_line)
      out_ += '\n';
    for (auto& element : x) {
      indent(depth);
      out_ += '-';
      if (element.is_object() && !element.empty()) {
        out_ += ' ';
        members(element, depth + 1, false);
      } else {
        value(element, depth + 1);
      }
    }
  }

private:
  void indent(std::size_t depth) {
    out_.append(depth * 2, ' ');
  }

  void text(const std::string& x, std::size_t depth) {
    if (fits_plain(x)) {
      out_ += x;
    } else if (fits_block(x)) {
      out_ += '|';
      for (auto at = std::size_t{0}; at < x.size();) {
        auto end = x.find('\n', at);
        out_ += '\n';
        if (end > at)
          indent(depth);
        out_ += x.substr(at, end - at);
        at = end + 1;
      }
    } else {
      out_ += quoted(x);
    }
  }

  std::string& out_;
};

} // namespace

std::string to_yaml(const ordered& x) {
  auto made = std::string{};
  auto out = writer{made};
  if (x.is_object() && !x.empty())
    out.members(x, 0, false);
  else if (x.is_array() && !x.empty())
    out.elements(x, 0, false);
  else
    out.value(x, 0);
  return made;
}

} // namespace dagger
