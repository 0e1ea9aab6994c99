// The JSON Schema of JSON Schemas, draft-07.
#pragma once

#include <dagger/value/json.hpp>

#include <string_view>

namespace dagger::schema {

/// What schemas call it, without the empty fragment.
inline constexpr auto metaschema_uri = std::string_view{"http://json-schema.org/draft-07/schema"};

/// The meta-schema itself; the same object at every call.
const json& metaschema();

} // namespace dagger::schema
