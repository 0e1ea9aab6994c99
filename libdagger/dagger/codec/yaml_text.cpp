// Plain looks at characters; no grammar.
#include <dagger/codec/yaml_text.hpp>

#include <algorithm>

namespace dagger::yaml_text {

position place_of(std::string_view text, std::size_t at) {
  auto before = text.substr(0, at);
  auto newline = before.rfind('\n');
  auto line = std::count(before.begin(), before.end(), '\n') + 1;
  auto column = newline == text.npos ? at + 1 : at - newline;
  return {static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column)};
}

std::size_t forbidden_character(std::string_view text) {
  auto bad = [](char c) {
    return static_cast<std::uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  auto found = std::find_if(text.begin(), text.end(), bad);
  return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

bool indented_with_tab(std::string_view text, position at) {
  for (auto line = std::uint32_t{1}; line < at.line && !text.empty(); ++line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != text.npos;
}

bool has_open_quote(std::string_view text, std::size_t at) {
  constexpr auto blanks = " \t\r\n";
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = std::min(text.find_first_of(blanks, at), text.size());
    at = text.find_first_not_of(blanks, at);
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\''))
    return false;
  auto quote = text[at];
  for (auto i = at + 1; i < text.size(); ++i) {
    auto escaped = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (escaped)
      ++i;
    else if (text[i] == quote)
      return false;
  }
  return true;
}

} // namespace dagger::yaml_text
