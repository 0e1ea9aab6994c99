// The agents that every `dagger` has. Knows no CAF.
#pragma once

#include <dagger/engine.hpp>

namespace dagger {

/// Adds `set`, `sleep` and `fail`. Throws what `engine::add` throws.
void add_builtin_agents(engine& to);

} // namespace dagger
