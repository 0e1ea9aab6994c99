// The words of violations: values, types and lists as a person reads them, cut to a length that
// fits a line. Decides nothing.
#pragma once

#include <dagger/schema/program.hpp>
#include <dagger/value/json.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::schema {

/// "string or null".
std::string type_names(type_set types);

/// The type of `x`, as narrow as it goes: "integer" for 1.0.
std::string type_name(const json& x);

/// A scalar as JSON text, long strings cut; "an array", "an object".
std::string shown(const json& x);

/// "'name'", cut.
std::string in_quotes(std::string_view name);

/// "1 item", "2 items"; "property" becomes "properties".
std::string counted(std::uint64_t n, std::string_view noun);

/// `"a", "b" or "c"`, with the number of those left out.
std::string choices_text(const std::vector<json>& choices);

/// "; did you mean 'x'?" or nothing.
std::string suggestion(std::string_view word, std::span<const std::string> candidates);

} // namespace dagger::schema
