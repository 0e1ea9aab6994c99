// Bytes as text that JSON can hold (RFC 4648, section 4). Knows no format.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dagger {

std::string to_base64(std::string_view bytes);

/// None if the text is not base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

} // namespace dagger
