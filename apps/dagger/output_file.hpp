// Files that commands write, and the program that draws. Knows no job.
#pragma once

#include <dagger/result.hpp>

#include <string>
#include <string_view>

namespace dagger::apps {

/// Writes the file as a whole or not at all: under a temporary name beside it, then renamed.
result<void> write_file(const std::string& name, std::string_view text);

/// The SVG of a DOT text, by `dot` of Graphviz.
result<std::string> draw_svg(std::string_view dot);

} // namespace dagger::apps
