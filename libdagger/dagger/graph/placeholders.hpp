// `{NAME}` in scripts and paths: filled with values of inputs when the node runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// The names in braces, in the order of the text. `{{` and `}}` are braces; a brace that opens no
/// name is itself.
std::vector<std::string> placeholders_in(std::string_view text);

/// The text with the values in place of names.
std::string filled(std::string_view text,
                   const std::function<std::string(std::string_view name)>& value_of);

} // namespace dagger::graph
