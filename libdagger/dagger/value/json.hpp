// The JSON value of the whole project. Text is read by `codec/json.hpp`.
#pragma once

#include <nlohmann/json.hpp>

namespace dagger {

/// A JSON value; object members are sorted by name.
using json = nlohmann::json;

} // namespace dagger
