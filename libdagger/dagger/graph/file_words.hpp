// The words that files have for enumerators. A word that there is not, which the schema has
// reported, is the usual one.
#pragma once

#include <dagger/value/task_options.hpp>

#include <string_view>

namespace dagger::graph {

/// `kind` of a task.
task_kind kind_of(std::string_view text);
/// `retry.backoff`.
backoff backoff_of(std::string_view text);
/// `on_stall`.
stall_action stall_action_of(std::string_view text);
/// `run_if`.
run_if run_if_of(std::string_view text);
/// `on_failure`, of a job and of a task.
on_failure on_failure_of(std::string_view text);

} // namespace dagger::graph
