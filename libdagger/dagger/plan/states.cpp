// Names and arrows of states.
#include <dagger/plan/states.hpp>

#include <array>

namespace dagger {

namespace {

constexpr std::array<std::string_view, 10> task_names{
  "waiting",   "ready",  "running", "backoff",   "suspended",
  "completed", "failed", "skipped", "cancelled", "compensated"};

constexpr std::array<std::string_view, 6> job_names{"running",   "paused", "cancelling",
                                                    "completed", "failed", "cancelled"};

template <class State, std::size_t N>
std::optional<State> find(const std::array<std::string_view, N>& names, std::string_view text) {
  for (auto i = std::size_t{0}; i < N; ++i)
    if (names[i] == text)
      return static_cast<State>(i);
  return std::nullopt;
}

constexpr unsigned set(auto... states) {
  return ((1u << static_cast<unsigned>(states)) | ... | 0u);
}

} // namespace

std::string_view to_text(task_state x) {
  return task_names[static_cast<std::size_t>(x)];
}

std::string_view to_text(job_state x) {
  return job_names[static_cast<std::size_t>(x)];
}

std::optional<task_state> task_state_from(std::string_view text) {
  return find<task_state>(task_names, text);
}

std::optional<job_state> job_state_from(std::string_view text) {
  return find<job_state>(job_names, text);
}

bool allowed(task_state from, task_state to) {
  using enum task_state;
  static constexpr std::array<unsigned, 10> targets{
    set(ready, skipped, cancelled, failed),                                // waiting
    set(running, skipped, cancelled, failed),                              // ready
    set(completed, suspended, backoff, ready, failed, skipped, cancelled), // running
    set(ready, skipped, cancelled, failed),                                // backoff
    set(ready, completed, failed, cancelled),                              // suspended
    set(compensated, waiting, ready),                                      // completed
    set(waiting, ready),                                                   // failed
    set(waiting, ready),                                                   // skipped
    set(waiting, ready),                                                   // cancelled
    set(waiting, ready),                                                   // compensated
  };
  return (targets[static_cast<std::size_t>(from)] & set(to)) != 0;
}

} // namespace dagger
