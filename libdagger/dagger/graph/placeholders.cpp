// One walk for both: text, name, text.
#include <dagger/graph/placeholders.hpp>

namespace dagger::graph {

namespace {

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool in_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9') || c == '-';
}

/// The length of the name behind a '{' at `at`; 0 if there is none.
std::size_t name_at(std::string_view text, std::size_t at) {
  auto end = at + 1;
  if (end >= text.size() || !begins_name(text[end]))
    return 0;
  while (end < text.size() && in_name(text[end]))
    ++end;
  return end < text.size() && text[end] == '}' ? end - at - 1 : 0;
}

template <class Text, class Name>
void walk(std::string_view text, Text on_text, Name on_name) {
  for (auto i = std::size_t{0}; i < text.size();) {
    auto next = text.find_first_of("{}", i);
    on_text(text.substr(i, next - i));
    if (next == text.npos)
      return;
    auto doubled = next + 1 < text.size() && text[next + 1] == text[next];
    if (auto length = doubled || text[next] == '}' ? 0 : name_at(text, next); length > 0) {
      on_name(text.substr(next + 1, length));
      i = next + length + 2;
      continue;
    }
    on_text(text.substr(next, 1));
    i = next + (doubled ? 2 : 1);
  }
}

} // namespace

std::vector<std::string> placeholders_in(std::string_view text) {
  auto made = std::vector<std::string>{};
  walk(
    text, [](std::string_view) {}, [&](std::string_view name) { made.emplace_back(name); });
  return made;
}

std::string filled(std::string_view text,
                   const std::function<std::string(std::string_view name)>& value_of) {
  auto made = std::string{};
  walk(
    text, [&](std::string_view part) { made += part; },
    [&](std::string_view name) { made += value_of(name); });
  return made;
}

} // namespace dagger::graph
