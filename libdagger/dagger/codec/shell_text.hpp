// Values inside the text of a shell script: `{name}` placeholders and quoting. Runs nothing.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// `{name}` in a script.
struct placeholder {
  std::string name;
  /// Of the opening brace.
  std::size_t offset = 0;
};

/// The placeholders of a script, in the order of the text: a name ([A-Za-z_][A-Za-z0-9_]*) between
/// braces. `{{` and `}}` stand for one brace, `${name}` is the shell's own, and braces around
/// anything else are text.
std::vector<placeholder> placeholders_in(std::string_view script);

/// The script with the members of `values` in place of the placeholders, each quoted for the
/// shell. Refuses (invalid_input, "line:col" in `where`) a placeholder without a value.
result<std::string> fill_script(std::string_view script, const json& values);

/// One word of the shell with this value: text as it is, null as nothing, others as JSON.
std::string shell_quoted(const json& value);

} // namespace dagger
