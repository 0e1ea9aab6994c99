// How a job ended, read from a snapshot, and how that is told.
#pragma once

#include "command.hpp"

#include <dagger/plan/query.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dagger::apps {

/// What remains of a job when its engine has gone.
struct ending {
  plan::job_status job;
  /// Null unless it is completed.
  json outputs;
  std::vector<plan::task_status> tasks;
  /// Why it failed, or that it was cancelled.
  std::optional<error> why;
};

result<ending> ending_of(store::view& v, const std::string& id);

/// How an end is told.
struct telling {
  std::optional<std::filesystem::path> store;
  /// As `schemas/run.schema.json`.
  bool as_json = false;
};

/// Prints the outputs, or why there are none.
exit_code tell(program& self, const ending& end, const telling& how);

/// `why` the store was full when we stopped, and what to do: make room, `then`.
error not_written(error why, const std::string& then);

/// "go on: dagger resume ID --store DIR".
std::string how_to_go_on(const program& self, const std::string& id,
                         const std::optional<std::filesystem::path>& store);

} // namespace dagger::apps
