// Looks at YAML text beside the parser, for what it takes without a word. Internal to the codec.
#pragma once

#include <dagger/codec/document.hpp>

#include <cstddef>
#include <string_view>

namespace dagger::yaml_text {

/// The place of a byte.
position place_of(std::string_view text, std::size_t at);

/// The offset of the first control character, which YAML does not allow and yaml-cpp may take
/// for the end of the file; `npos` if there is none.
std::size_t forbidden_character(std::string_view text);

/// Whether the line of `at` is indented with tabs, the usual reason for an error nobody sees.
bool indented_with_tab(std::string_view text, position at);

/// Whether the scalar that begins at `at` (behind its anchor and tag) opens a quote that is
/// never closed.
bool has_open_quote(std::string_view text, std::size_t at);

} // namespace dagger::yaml_text
