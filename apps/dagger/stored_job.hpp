// A job of a store that a command is about, or a refusal that names the id that was meant.
#pragma once

#include <dagger/plan/query.hpp>
#include <dagger/store/store.hpp>

#include <filesystem>
#include <string>

namespace dagger::apps {

/// The job with this id; not_found with the nearest id among the newest jobs.
result<plan::job_status> stored_job(store::view& v, const std::string& id,
                                    const std::filesystem::path& directory);

} // namespace dagger::apps
