// Values as YAML text that `parse_yaml` reads back to the same value. Knows no file and no job.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace dagger {

/// Block style, in the order of the value; texts of several lines as blocks where that is exact.
std::string to_yaml(const nlohmann::ordered_json& x);

} // namespace dagger
