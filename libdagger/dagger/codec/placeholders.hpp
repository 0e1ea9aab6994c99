// `{NAME}` in scripts and paths. Knows no values and no quoting.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// `{NAME}` in a text.
struct placeholder {
  std::string name;
  /// Of the opening brace.
  std::size_t offset = 0;
};

/// The placeholders of a text, in its order: a name ([A-Za-z_][A-Za-z0-9_-]*) between braces. `{{`
/// and `}}` stand for one brace, `${NAME}` is the shell's own, and braces around anything else are
/// text.
std::vector<placeholder> placeholders_in(std::string_view text);

/// The text with the values in place of the placeholders.
std::string filled(std::string_view text,
                   const std::function<std::string(std::string_view name)>& value_of);

} // namespace dagger
