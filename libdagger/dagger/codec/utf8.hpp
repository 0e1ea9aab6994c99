// Is it UTF-8, and text that is not made fit to be shown. Knows no format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dagger {

/// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no surrogates,
/// no overlong forms); `npos` if all is well.
std::size_t invalid_utf8(std::string_view text);

/// `text` with U+FFFD for every byte that is not part of well-formed UTF-8.
std::string to_valid_utf8(std::string_view text);

} // namespace dagger
