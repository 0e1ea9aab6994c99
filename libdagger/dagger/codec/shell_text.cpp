// Quoting puts everything between single quotes.
#include <dagger/codec/shell_text.hpp>

#include <dagger/codec/document.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>

#include <algorithm>

namespace dagger {

namespace {

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

result<std::string> fill_script(std::string_view script, const json& values) {
  for (const auto& x : placeholders_in(script))
    if (!values.contains(x.name))
      return fail(unknown(script, x, values));
  return filled(script,
                [&](std::string_view name) { return shell_quoted(values[std::string{name}]); });
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
