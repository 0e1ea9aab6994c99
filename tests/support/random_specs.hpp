// Tasks and jobs for random histories: of the agents a, b and c, within small bounds.
#pragma once

#include <support/histories.hpp>

#include <string>

namespace dagger::test {

plan::task_spec some_task_spec(dice& roll, std::string name);
plan::job_spec some_job_spec(dice& roll, std::string id);

} // namespace dagger::test
