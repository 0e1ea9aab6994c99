// The states of tasks and jobs and the arrows between them. Nothing else moves.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dagger {

///            ┌─────────────────── retried, interrupted, woken ──────────────┐
/// waiting ──► ready ──► running ──► completed ◄── accepted ── suspended ────┤
///    │          │          ├──────► suspended ──────────────────────────────┤
///    │          │          ├──────► backoff ────────────────────────────────┘
///    └──────────┴──────────┴──────► failed, skipped, cancelled
///
/// A user's `retry` leads from every end back to `waiting` or `ready`.
enum class task_state : std::uint8_t {
  waiting,
  ready,
  running,
  backoff,
  suspended,
  completed,
  failed,
  skipped,
  cancelled,
  compensated,
};

enum class job_state : std::uint8_t { running, paused, cancelling, completed, failed, cancelled };

std::string_view to_text(task_state x);
std::string_view to_text(job_state x);
std::optional<task_state> task_state_from(std::string_view text);
std::optional<job_state> job_state_from(std::string_view text);

/// No further change without a user's `retry`.
constexpr bool settled(task_state x) {
  return x >= task_state::completed;
}

/// Needs a slot, or will soon: keeps its job in memory.
constexpr bool active(task_state x) {
  return x == task_state::ready || x == task_state::running || x == task_state::backoff;
}

constexpr bool finished(job_state x) {
  return x >= job_state::completed;
}

/// Whether the planner may move a task from `from` to `to`.
bool allowed(task_state from, task_state to);

} // namespace dagger
