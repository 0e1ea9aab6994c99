// Events of jobs as lines for people.
#pragma once

#include "console.hpp"
#include "event_feed.hpp"

#include <string>
#include <vector>

namespace dagger::apps {

/// How the state of a task looks.
style style_of(task_state x);
style style_of(job_state x);

/// "11:02:52.000 report running, attempt 2", "11:02:53.000 job r-1 completed"; `with_id`: the id of
/// the job in front of each task's name. `names` knows its tasks; `stream` is where they go.
std::vector<std::string> lines_of(const console& out, int stream, const plan::job_event& what,
                                  const task_names& names, bool with_id = false);

} // namespace dagger::apps
