// A definition as a JSON value and back, for other processes. Nothing of it is stored.
#pragma once

#include <dagger/plan/definition.hpp>

namespace dagger::plan {

/// Everything that `hash_of` looks at; what has its default is left out.
json to_json(const job_spec& spec);

/// Reads what `to_json` wrote. Refuses (invalid_input, `where` names the member) what has another
/// shape or unknown members; whether the definition has sense is asked by `problems`.
result<job_spec> spec_from(const json& text);

} // namespace dagger::plan
