// What decides whether a node runs, and what its failure means for the others: in words.
#pragma once

#include <dagger/value/task_options.hpp>

#include <string_view>

namespace dagger {

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
