// A spec as a document again: whatever is loaded, this prints, and loading that gives an equal
// spec. What has its default is left out.
#pragma once

#include <dagger/graph/spec.hpp>
#include <dagger/value/json.hpp>

#include <string>

namespace dagger::graph {

/// The file as JSON; `load_value` reads it.
json to_json(const spec& x);

/// The flow and all that it runs as sub-flows, flat in its `flows:`, however they were nested or
/// in which files they stood: names that mean two flows are made different.
json self_contained(const spec& x);

/// As JSON text, in the order in which people write files.
std::string to_json_text(const spec& x);

/// As YAML text.
std::string to_yaml_text(const spec& x);

} // namespace dagger::graph
