// One pass over the text, for both questions.
#include <dagger/codec/placeholders.hpp>

namespace dagger {

namespace {

bool begins_name(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool continues_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9') || c == '-';
}

/// The name between the brace at `at` and the next one; empty if there is none.
std::string_view name_at(std::string_view text, std::size_t at) {
  auto end = at + 1;
  if (end < text.size() && begins_name(text[end]))
    while (end < text.size() && continues_name(text[end]))
      ++end;
  if (end == at + 1 || end == text.size() || text[end] != '}')
    return {};
  return text.substr(at + 1, end - at - 1);
}

/// Calls `on_text` for each piece of plain text and `on_name` for each placeholder.
template <class Text, class Name>
void walk(std::string_view text, Text on_text, Name on_name) {
  for (auto i = std::size_t{0}; i < text.size();) {
    auto pair = text.substr(i, 2);
    if (pair == "${" && !name_at(text, i + 1).empty()) {
      auto length = name_at(text, i + 1).size() + 3;
      on_text(text.substr(i, length));
      i += length;
    } else if (pair == "{{" || pair == "}}") {
      on_text(pair.substr(1));
      i += 2;
    } else if (auto found = text[i] == '{' ? name_at(text, i) : ""; !found.empty()) {
      on_name(found, i);
      i += found.size() + 2;
    } else {
      on_text(text.substr(i++, 1));
    }
  }
}

} // namespace

std::vector<placeholder> placeholders_in(std::string_view text) {
  auto found = std::vector<placeholder>{};
  walk(
    text, [](std::string_view) {},
    [&](std::string_view name, std::size_t at) {
      found.push_back({std::string{name}, at});
    });
  return found;
}

std::string filled(std::string_view text,
                   const std::function<std::string(std::string_view name)>& value_of) {
  auto made = std::string{};
  walk(
    text, [&](std::string_view part) { made += part; },
    [&](std::string_view name, std::size_t) { made += value_of(name); });
  return made;
}

} // namespace dagger
