// Well-formed UTF-8, after table 3-7 of the Unicode standard.
#include <dagger/codec/utf8.hpp>

#include <cstdint>

namespace dagger {

namespace {

/// The length of the well-formed sequence at `at`, 0 if there is none.
std::size_t sequence(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<std::uint8_t>(text[at + i]) : std::uint8_t{0};
  };
  auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  auto first = byte(0);
  if (first < 0x80)
    return 1;
  if (first >= 0xc2 && first <= 0xdf)
    return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    auto low = first == 0xe0 ? 0xa0 : 0x80;
    auto high = first == 0xed ? 0x9f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    auto low = first == 0xf0 ? 0x90 : 0x80;
    auto high = first == 0xf4 ? 0x8f : 0xbf;
    return byte(1) >= low && byte(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

} // namespace

std::size_t invalid_utf8(std::string_view text) {
  for (auto i = std::size_t{0}; i < text.size();) {
    if (static_cast<std::uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    auto length = sequence(text, i);
    if (length == 0)
      return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string to_valid_utf8(std::string_view text) {
  auto made = std::string{};
  made.reserve(text.size());
  while (true) {
    auto bad = invalid_utf8(text);
    made.append(text.substr(0, bad));
    if (bad == std::string_view::npos)
      return made;
    made.append("\xef\xbf\xbd");
    text.remove_prefix(bad + 1);
  }
}

} // namespace dagger
