// Members that a published schema does not know. Internal to the loader; a schema check alone
// could not say where the name stands and which one was meant.
#pragma once

#include <dagger/value/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// Called with the JSON pointer of a member and the names that could stand there.
using unknown_key = std::function<void(const std::string& pointer, std::string_view name,
                                       const std::vector<std::string>& known)>;

/// Takes all members out of `value` that `schema` excludes by `additionalProperties: false`, and
/// reports each. Understands `properties`, `additionalProperties`, `items` and `$ref` to
/// `#/definitions/NAME`, which is all that our schemas of files use.
void take_unknown_keys(const json& schema, json& value, const unknown_key& report);

} // namespace dagger::graph
