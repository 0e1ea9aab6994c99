// What a person reads of a census.
#pragma once

#include <dagger/dagger.hpp>

#include <string>

namespace census {

/// Markdown with a Mermaid pie; the same for the same input, which is that of the writer.
std::string report_on(const dagger::json& in);

} // namespace census
