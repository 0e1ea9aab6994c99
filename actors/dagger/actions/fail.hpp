// The agent `fail`: for guards and tests.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Fails with `message` and `code` (default: `exception`).
agent fail();

} // namespace dagger::actions
