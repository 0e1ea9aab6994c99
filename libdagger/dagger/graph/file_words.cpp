// One function for each kind of word.
#include <dagger/graph/file_words.hpp>

namespace dagger::graph {

task_kind kind_of(std::string_view text) {
  return text == "objective" ? task_kind::objective
       : text == "story"     ? task_kind::story
       : text == "subtask"   ? task_kind::subtask
                             : task_kind::task;
}

backoff backoff_of(std::string_view text) {
  return text == "fixed"  ? backoff::fixed
       : text == "linear" ? backoff::linear
                          : backoff::exponential;
}

stall_action stall_action_of(std::string_view text) {
  return text == "notify_planning_agent" ? stall_action::notify_planning_agent
       : text == "terminate_job"         ? stall_action::terminate_job
                                         : stall_action::fail_wait;
}

run_if run_if_of(std::string_view text) {
  return text == "all_done"    ? run_if::all_done
       : text == "one_success" ? run_if::one_success
       : text == "one_failed"  ? run_if::one_failed
       : text == "none_failed" ? run_if::none_failed
                               : run_if::all_success;
}

on_failure on_failure_of(std::string_view text) {
  return text == "stop"  ? on_failure::stop
       : text == "pause" ? on_failure::pause
                         : on_failure::carry_on;
}

} // namespace dagger::graph
