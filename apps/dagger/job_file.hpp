// Job files on their way into a command: why one cannot be opened, and the name that was meant.
#pragma once

#include "console.hpp"

#include <dagger/graph/file.hpp>

#include <string>

namespace dagger::apps {

/// What the loader says, or why there is nothing to load.
graph::loaded load_job_file(const std::string& name, const graph::load_options& options);

/// "warning: ..." on standard error.
void warn(console& out, const std::vector<error>& xs);

} // namespace dagger::apps
