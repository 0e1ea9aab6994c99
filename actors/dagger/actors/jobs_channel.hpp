// The log of the jobs as a channel: what a row of it says to those who subscribe
// (`schemas/job_event.schema.json`).
#pragma once

#include <dagger/result.hpp>
#include <dagger/store/store.hpp>

#include <string>
#include <string_view>

namespace dagger::actors {

/// The row of the message that an event of a job is. Names of tasks come from `view`; where the job
/// has been purged they are missing.
result<std::string> job_event_as_message(store::view& view, std::string_view row);

} // namespace dagger::actors
