// What decides whether a node runs, and what its failure means for the others.
#pragma once

#include <cstdint>
#include <string_view>

namespace dagger {

/// When a node runs; decided once, when all nodes before it have settled. A node counts as failed
/// here if it has failed, or was skipped because of a failure before it. A node with nothing before
/// it always runs.
enum class run_if : std::uint8_t {
  all_success, // all have completed
  all_done,    // always
  one_success, // at least one has completed
  one_failed,  // at least one has failed
  none_failed, // none has failed; skipped ones do not matter
};

/// What happens when a node has failed for good.
enum class on_failure : std::uint8_t {
  stop,     // nothing else starts but `all_done` and `one_failed`; what runs is asked to stop
  carry_on, // what does not depend on it goes on ("continue" in files)
  pause,    // nothing new starts; the run can be resumed, and tries the node again
};

constexpr std::string_view to_text(run_if x) {
  switch (x) {
  case run_if::all_success:
    return "all_success";
  case run_if::all_done:
    return "all_done";
  case run_if::one_success:
    return "one_success";
  case run_if::one_failed:
    return "one_failed";
  case run_if::none_failed:
    return "none_failed";
  }
  return {};
}

constexpr std::string_view to_text(on_failure x) {
  switch (x) {
  case on_failure::stop:
    return "stop";
  case on_failure::carry_on:
    return "continue";
  case on_failure::pause:
    return "pause";
  }
  return {};
}

} // namespace dagger
