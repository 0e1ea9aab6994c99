// Job files on their way into a command: why one cannot be opened, and the name that was meant.
#pragma once

#include "console.hpp"

#include <dagger/graph/file.hpp>

#include <string>

namespace dagger::apps {

/// What the loader says, or why there is nothing to load.
graph::loaded load_job_file(const std::string& name, const graph::load_options& options);

/// The file with these values as a job whose relative paths begin where this process stands; or all
/// that is wrong with it.
graph::instance job_from_here(const graph::spec& file, const json& inputs, std::string id);

/// "warning: ..." on standard error.
void warn(console& out, const std::vector<error>& xs);

} // namespace dagger::apps
