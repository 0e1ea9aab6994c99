// The agent `sleep`: a durable timer.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Completes with `{}` after `duration` (text as in `parse_duration`, or seconds) or at `until`
/// (RFC 3339). No thread is held meanwhile, and a restart does not start the time again.
agent sleep();

} // namespace dagger::actions
