// The published JSON Schemas of `schemas/`, compiled into the library. Knows their
// text only: who checks a value with one goes to `schema/`.
#pragma once

#include <string_view>
#include <vector>

namespace dagger::schemas {

/// The text of the schema `name` (`job` for `schemas/job.schema.json`); empty if there is none.
std::string_view text(std::string_view name);

/// The names of all schemas, in alphabetical order.
std::vector<std::string_view> names();

} // namespace dagger::schemas
