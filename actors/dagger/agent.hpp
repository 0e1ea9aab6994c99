// An agent: a name, its schemas, and the function that does the work.
#pragma once

#include <dagger/limits.hpp>
#include <dagger/outcome.hpp>
#include <dagger/task.hpp>
#include <dagger/value/retry.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace dagger {

/// What `engine::add` takes. Only `name` and `run` are needed.
struct agent {
  /// `[A-Za-z0-9_][A-Za-z0-9_.-]*`, at most 128 bytes, unique in its engine.
  std::string name = {};
  std::string description = {};
  /// Of the code behind `run`; free text. Without one, nodes of flows cannot say `cache`: what
  /// older code returned could not be told apart.
  std::string version = {};
  /// JSON Schema (draft-07) of what it takes. What breaks it never reaches the agent. Members with
  /// `format: path`, here and in `output`, are files: for `cache` it matters whether they changed.
  json input = true;
  /// JSON Schema of what it returns. What breaks it is a failed attempt (invalid_output).
  json output = true;
  /// Tasks at once, at most `limits::max_slots`; 0: 1, or 256 if cooperative.
  std::uint32_t concurrency = 0;
  /// For tasks that do not say.
  retry_policy retry = {};
  /// Of one attempt, for tasks that do not say; 0: none.
  duration timeout{0};
  /// Between two heartbeats of an attempt, for tasks that do not say; 0: none are needed.
  duration heartbeat{0};
  /// How long a function may go on after its stop token was set.
  duration grace = limits::grace;
  /// An interrupted attempt fails instead of running again.
  bool at_most_once = false;
  /// Interruptions in a row after which a task fails.
  std::uint32_t max_interruptions = limits::interruptions;
  /// Short and never blocking: runs on the engine's own threads, without one of its own.
  bool cooperative = false;
  /// Does the work. Called from several threads at once if `concurrency` allows.
  std::function<outcome(task& self, const json& input)> run = {};
};

/// What others may know of an agent.
struct agent_description {
  std::string name = {};
  std::string description = {};
  std::string version = {};
  json input = {};
  json output = {};
  std::uint32_t concurrency = 1;
  bool cooperative = false;
};

} // namespace dagger
