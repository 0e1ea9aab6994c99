// JSON text to value and back, within limits.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <string>
#include <string_view>

namespace dagger {

/// Reads one JSON text. Refuses (invalid_input, with line and column in `where`) what is not
/// JSON, what is nested deeper than `limits::nesting`, and duplicate keys are the last one's.
result<json> parse_json(std::string_view text);

/// The compact text of `x`; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const json& x);

/// The same, for people: indented by two spaces.
std::string to_pretty_text(const json& x);

} // namespace dagger
