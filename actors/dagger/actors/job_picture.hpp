// A job of a store as a picture: states, attempts, durations, who added whom.
#pragma once

#include <dagger/graph/picture.hpp>
#include <dagger/plan/query.hpp>

#include <string>
#include <vector>

namespace dagger::actors {

graph::picture picture_of(std::string title, const std::vector<plan::task_status>& tasks);

} // namespace dagger::actors
