// `show --watch` and `show --stream`: a job, or a task's stream, as it goes on.
#pragma once

#include "command.hpp"

#include <dagger/plan/query.hpp>
#include <dagger/store/store.hpp>

#include <filesystem>
#include <string>

namespace dagger::apps {

struct watch_options {
  std::filesystem::path place;
  std::string id;
  /// Whose stream; empty: events are shown.
  std::string task;
  bool json = false;
};

/// Prints events that come after `seen`, until the job has ended or nobody works on it any more.
result<exit_code> watch_events(program& self, const store::store& from, store::view& seen,
                               const watch_options& how);

/// Prints what is in the stream of a task; with `follow`, also what comes, as above.
result<exit_code> show_stream(program& self, const store::store& from, const watch_options& how,
                              const plan::task_status& task, std::uint64_t job, bool follow);

} // namespace dagger::apps
