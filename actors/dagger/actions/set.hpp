// The agent `set`: names and reshapes values.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Returns its input as its output.
agent set();

} // namespace dagger::actions
