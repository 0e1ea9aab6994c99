// Text as people write it: bytes that may be wrong, characters, words. Knows nothing of files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace deepresearch {

/// The characters of a text; U+FFFD for each byte that is not UTF-8.
std::u32string characters(std::string_view bytes);

/// UTF-8 again.
std::string bytes_of(std::u32string_view characters);

/// What a text is about: its words in lower case, without stop words, singular where English
/// says it with an s. In order, as often as they occur.
std::vector<std::string> terms(std::string_view bytes);

/// The terms, each once.
std::vector<std::string> distinct_terms(std::string_view bytes);

} // namespace deepresearch
