// Which error and which state is which exit code.
#include "exit_code.hpp"

namespace dagger::apps {

exit_code code_of(const error& x) {
  if (x.code.starts_with("store_"))
    return exit_code::store;
  if (x.code == code::cancelled || x.code == code::timeout)
    return exit_code::cancelled;
  if (x.code == code::interrupted)
    return exit_code::interrupted;
  // Nobody knows whether it was done.
  if (x.code == code::unavailable)
    return exit_code::failed;
  return exit_code::usage;
}

exit_code code_of(job_state x) {
  switch (x) {
  case job_state::completed:
    return exit_code::done;
  case job_state::paused:
    return exit_code::paused;
  case job_state::cancelling:
  case job_state::cancelled:
    return exit_code::cancelled;
  case job_state::running:
    return exit_code::interrupted;
  case job_state::failed:
    break;
  }
  return exit_code::failed;
}

} // namespace dagger::apps
