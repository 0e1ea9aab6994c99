// The agent `http`: one request.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Sends `method` (GET, or POST with a body) to `url` with `headers` and a `body` (text) or `json`.
/// Returns `status`, `headers`, `body`, and `json` if the answer says that it is. Another status
/// than `expected` (200 to 299) is the failure http_status, tried again for 408, 429 and 5xx, not
/// before `Retry-After`. No connection is the failure unavailable.
agent http();

} // namespace dagger::actions
