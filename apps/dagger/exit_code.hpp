// The exit codes of the command: the closed list of docs/reference/cli.md.
#pragma once

#include <dagger/error.hpp>
#include <dagger/plan/states.hpp>

namespace dagger::apps {

enum class exit_code : int {
  done = 0,
  failed = 1,        // the job failed; output could not be written; an engine gave no answer
  usage = 2,         // arguments, files, values, refusals
  cancelled = 3,     // cancelled or out of time
  store = 4,         // in use, corrupt, newer, full
  paused = 5,        //
  interrupted = 130, // by a signal; resumable
};

/// What a command that met `x` ends with.
exit_code code_of(const error& x);

/// What `run` and `resume` end with when the job is in this state.
exit_code code_of(job_state x);

} // namespace dagger::apps
