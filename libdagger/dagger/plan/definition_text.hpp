// A definition as a JSON value and back, for other processes. Nothing of it is stored.
#pragma once

#include <dagger/plan/definition.hpp>

namespace dagger {
class members;
} // namespace dagger

namespace dagger::plan {

/// Everything that `hash_of` looks at; what has its default is left out.
json to_json(const job_spec& spec);

/// Reads what `to_json` wrote. Refuses (invalid_input, `where` names the member) what has another
/// shape or unknown members; whether the definition has sense is asked by `problems`.
result<job_spec> spec_from(const json& text);

/// What is tried again and when, for definitions and for the programs of nodes.
json to_json(const retry_policy& x);

/// Reads what `to_json` wrote; what is wrong is said by `from`.
void read(members& from, retry_policy& to);

} // namespace dagger::plan
