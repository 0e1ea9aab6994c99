// One pass over the script; quoting puts everything between single quotes.
#include <dagger/codec/shell_text.hpp>

#include <dagger/codec/document.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>

#include <algorithm>

namespace dagger {

namespace {

bool begins_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool continues_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}

/// The name between the brace at `at` and the next one; empty if there is none.
std::string_view name_at(std::string_view script, std::size_t at) {
  auto end = at + 1;
  if (end < script.size() && begins_name(script[end]))
    while (end < script.size() && continues_name(script[end]))
      ++end;
  if (end == at + 1 || end == script.size() || script[end] != '}')
    return {};
  return script.substr(at + 1, end - at - 1);
}

/// Calls `text` for each piece of plain text and `name` for each placeholder.
template <class Text, class Name>
void walk(std::string_view script, Text&& text, Name&& name) {
  for (auto i = std::size_t{0}; i < script.size();) {
    auto pair = script.substr(i, 2);
    if (pair == "${" && !name_at(script, i + 1).empty()) {
      auto length = name_at(script, i + 1).size() + 3;
      text(script.substr(i, length));
      i += length;
    } else if (pair == "{{" || pair == "}}") {
      text(pair.substr(1));
      i += 2;
    } else if (auto found = script[i] == '{' ? name_at(script, i) : ""; !found.empty()) {
      name(found, i);
      i += found.size() + 2;
    } else {
      text(script.substr(i++, 1));
    }
  }
}

position place_of(std::string_view text, std::size_t offset) {
  auto before = text.substr(0, offset);
  auto newline = before.rfind('\n');
  auto column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
          static_cast<std::uint32_t>(column + 1)};
}

error unknown(std::string_view script, const placeholder& x, const json& values) {
  auto names = std::vector<std::string>{};
  for (const auto& [name, value] : values.items())
    names.push_back(name);
  auto close = nearest(x.name, names);
  return error{code::invalid_input, "the script has no value for '{" + x.name + "}'",
               to_text(place_of(script, x.offset)),
               close ? "did you mean '" + *close + "'? A brace of the script is written '{{'"
                     : "give the action an input of this name; a brace of the script is "
                       "written '{{'"};
}

} // namespace

std::vector<placeholder> placeholders_in(std::string_view script) {
  auto found = std::vector<placeholder>{};
  walk(
    script, [](std::string_view) {},
    [&](std::string_view name, std::size_t at) {
      found.push_back({std::string{name}, at});
    });
  return found;
}

result<std::string> fill_script(std::string_view script, const json& values) {
  for (const auto& x : placeholders_in(script))
    if (!values.contains(x.name))
      return fail(unknown(script, x, values));
  auto made = std::string{};
  walk(
    script, [&](std::string_view text) { made += text; },
    [&](std::string_view name, std::size_t) { made += shell_quoted(values[std::string{name}]); });
  return made;
}

std::string shell_quoted(const json& value) {
  auto text = value.is_string() ? value.get<std::string>() : value.is_null() ? "" : to_text(value);
  auto made = std::string{"'"};
  for (auto c : text) {
    if (c == '\'')
      made += "'\\''";
    else
      made += c;
  }
  return made + "'";
}

} // namespace dagger
