// The agents `publish` and `wait_for`: channels in flows and jobs.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// A message, as part of the outcome of its node.
agent publish();

/// Suspends until a message comes; durable, holds no thread.
agent wait_for();

} // namespace dagger::actions
