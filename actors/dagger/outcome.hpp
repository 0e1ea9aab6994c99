// What an agent's function returns.
#pragma once

#include <dagger/plan/event.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/task_options.hpp>

#include <utility>
#include <variant>

namespace dagger {

/// How a visit or an attempt ended. A JSON value completes the task with that output, a
/// `failure` fails the attempt; `task::wait`, `task::review` and `task::skip` make the others.
class outcome {
public:
  outcome(json output) : value_(std::move(output)) {}
  outcome(failure why) : value_(std::move(why)) {}

private:
  friend class task;
  /// `how` has no output yet: it is checked first.
  struct reviewed {
    json output;
    plan::in_review how;
  };
  using variant = std::variant<json, failure, plan::suspended, plan::skipped, reviewed>;
  explicit outcome(plan::suspended x) : value_(std::move(x)) {}
  explicit outcome(reviewed x) : value_(std::move(x)) {}
  explicit outcome(plan::skipped x) : value_(std::move(x)) {}

  variant value_;
};

} // namespace dagger
