// The agents `read_file`, `write_file` and `glob`.
#pragma once

#include <dagger/agent.hpp>

namespace dagger::actions {

/// Returns the `content` of the file at `path` and its `size`. `format`: `text` (the default;
/// must be UTF-8), `json` (the value that it holds), `base64` (any bytes).
agent read_file();

/// Writes `content` to `path`, in the same formats; any value as `json`. Readers see the old file
/// or the new one, also after a crash: a temporary file beside it is synced and renamed. Returns
/// `path` and `size`.
agent write_file();

/// Returns the `paths` that match `pattern` (`*`, `?`, `[...]`, of the system's glob), sorted by
/// byte; relative ones below `cwd`. Nothing that matches is an empty list.
agent glob();

} // namespace dagger::actions
