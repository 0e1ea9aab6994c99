// Where a finished job is read from.
#pragma once

#include <dagger/actors/snapshots.hpp>
#include <dagger/job.hpp>

namespace dagger::actors {

job_result make_job_result(std::shared_ptr<const snapshots> views, std::string id,
                           std::uint64_t number, job_state state);

} // namespace dagger::actors
