// The agents that every `dagger` has. Knows no CAF.
#pragma once

#include <dagger/engine.hpp>

namespace dagger {

/// Adds all agents of docs/reference/actions.md: `set`, `shell`, `read_file`, ... Throws what
/// `engine::add` throws.
void add_builtin_agents(engine& to);

} // namespace dagger
