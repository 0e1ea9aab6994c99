// The agent `lua`: a program in the sandbox.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Runs `script` (`script/evaluator.hpp`); the other inputs are its globals. The table that it
/// returns is the output; nothing returned is `{}`.
agent lua();

} // namespace dagger::actions
