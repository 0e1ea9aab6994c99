// Three bytes are four digits.
#include <dagger/codec/base64.hpp>

#include <cstdint>

namespace dagger {

namespace {

constexpr std::string_view digits{
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};

} // namespace

std::string to_base64(std::string_view bytes) {
  auto made = std::string{};
  made.reserve((bytes.size() + 2) / 3 * 4);
  for (auto i = std::size_t{0}; i < bytes.size(); i += 3) {
    auto group = std::uint32_t{0};
    for (auto k = std::size_t{0}; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
    for (auto k = 0; k < 4; ++k)
      made += digits[group >> (18 - 6 * k) & 63];
    if (auto left = bytes.size() - i; left < 3)
      made.replace(made.size() - (3 - left), 3 - left, 3 - left, '=');
  }
  return made;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return {};
  auto padding = std::size_t{0};
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
    ++padding;
  auto made = std::string{};
  made.reserve(text.size() / 4 * 3);
  for (auto i = std::size_t{0}; i < text.size(); i += 4) {
    auto group = std::uint32_t{0};
    for (auto k = std::size_t{0}; k < 4; ++k) {
      auto is_padding = i + k >= text.size() - padding;
      auto digit = is_padding ? 0 : digits.find(text[i + k]);
      if (digit == std::string_view::npos)
        return {};
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (auto shift : {16, 8, 0})
      made += static_cast<char>(group >> shift & 0xff);
  }
  auto extra = (1u << (2 * padding)) - 1;
  if (padding > 0 && (digits.find(text[text.size() - padding - 1]) & extra) != 0)
    return {};
  made.erase(made.size() - padding);
  return made;
}

} // namespace dagger
