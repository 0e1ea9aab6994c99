// Follows one job to its end: in an engine of its own, as `run` does, or in one that serves.
#pragma once

#include "command.hpp"
#include "control_client.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace dagger::apps {

struct follow_options {
  /// "run" or "resume": who holds the store, in the error that others get.
  std::string command;
  std::string id;
  /// None: in memory.
  std::optional<std::filesystem::path> store;
  std::optional<duration> timeout;
  /// At most so many tasks of one agent at once.
  std::uint32_t max_slots = 0;
  /// Outputs of equal calls are taken (`engine_options::reuse_outputs`).
  bool reuse_outputs = true;
  bool json = false;
  bool verbose = false;
  /// A person says when the next task begins; in memory only.
  bool step = false;
};

/// Hands the job to an engine that has its agents.
using start = std::function<submission(engine&)>;

/// Opens the store (or throws store_in_use), starts, shows progress, prints the result; a signal or
/// the time-out ends the engine in order and leaves the job resumable.
exit_code follow(program& self, const follow_options& how, const start& begin);

/// The same for a job that the engine at the other end of the line works on. A signal or the
/// time-out ends only the watching.
result<exit_code> follow_there(program& self, const follow_options& how, control_client& line);

} // namespace dagger::apps
