// Values inside the text of a shell script, quoted. Runs nothing.
#pragma once

#include <dagger/codec/placeholders.hpp>
#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <string>
#include <string_view>

namespace dagger {

/// The script with the members of `values` in place of the placeholders, each quoted for the
/// shell. Refuses (invalid_input, "line:col" in `where`) a placeholder without a value.
result<std::string> fill_script(std::string_view script, const json& values);

/// One word of the shell with this value: text as it is, null as nothing, others as JSON.
std::string shell_quoted(const json& value);

} // namespace dagger
