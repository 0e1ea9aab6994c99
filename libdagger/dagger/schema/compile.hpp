// From a schema to its compiled form. The only door to valijson.
#pragma once

#include <dagger/result.hpp>
#include <dagger/schema/program.hpp>
#include <dagger/schema/reference.hpp>

namespace dagger::schema {

/// Compiles `root` with all the `places` found in it, which must be valid draft-07. Refuses
/// (invalid_input, `where` = JSON pointer) patterns that cannot be compiled, property names with
/// a NUL character, schemas that apply themselves to the same value again, and longer chains of
/// schemas on one value than `limits::schema_chain`.
result<program> compile_program(const json& root, const places& all);

} // namespace dagger::schema
