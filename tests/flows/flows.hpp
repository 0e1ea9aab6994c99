// Flows as texts, run in memory and in a store, which must end alike.
#pragma once

#include <dagger/engine.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace flows {

/// How a run has ended.
struct ending {
  dagger::job_state state = dagger::job_state::running;
  dagger::json outputs;
  /// By name: "completed", "skipped: when: false", "failed: exception: no".
  std::map<std::string, std::string> tasks;

  friend bool operator==(const ending&, const ending&) = default;
};

/// What a test adds to the built-in agents.
using agents = std::function<void(dagger::engine&)>;

/// Runs the flow to its end, twice: in memory, and in a store. A failure of the test if the two
/// differ or the flow cannot be loaded.
ending run(const std::string& yaml, const dagger::json& inputs = dagger::json::object(),
           const agents& more = {});

} // namespace flows
