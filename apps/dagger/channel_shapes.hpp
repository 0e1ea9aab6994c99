// Channels as `--json` prints them; `schemas/channels.schema.json`.
#pragma once

#include <dagger/log/query.hpp>
#include <dagger/value/json.hpp>

namespace dagger::apps {

json to_json(const channel_state& x);

} // namespace dagger::apps
