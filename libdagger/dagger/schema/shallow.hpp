// One schema object without the schemas inside it, as valijson is to read it. Knows which
// keywords draft-07 has, not what they mean.
#pragma once

#include <dagger/result.hpp>
#include <dagger/schema/reference.hpp>
#include <dagger/value/json.hpp>

namespace dagger::schema {

/// The keyword of a stand-in: its value is the number of the node that it stands for.
inline constexpr auto stand_in_keyword = "dagger-node";

/// The keywords of `from` that are checked; each schema inside is a stand-in. Counts are integers
/// that fit 63 bits. Refuses names with a NUL character, which valijson would cut.
result<json> shallow_copy(const place& from, const places& all);

} // namespace dagger::schema
