// The values of a job's inputs from the command line: `-i name=value` and `--inputs FILE`.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <string>
#include <vector>

namespace dagger::apps {

/// The object of all values: those of the file ("-": standard input), then those of `-i`, which
/// win. All problems.
tl::expected<json, std::vector<error>> read_inputs(const std::string& file,
                                                   const std::vector<std::string>& given);

} // namespace dagger::apps
