// What the planner wants done, in the imperative. Nothing of it happens before the
// batch that it came with is on disk.
#pragma once

#include <dagger/plan/event.hpp>
#include <dagger/plan/states.hpp>
#include <dagger/store/store.hpp>

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dagger::plan {

/// A payload where it stands: short ones come along, long ones are rows.
struct stored_payload {
  /// There is one.
  bool present = false;
  /// Of the JSON text.
  std::uint64_t size = 0;
  /// The text, if `size <= limits::inline_payload_bytes`.
  std::string bytes;

  bool is_inline() const {
    return size <= limits::inline_payload_bytes;
  }

  friend bool operator==(const stored_payload&, const stored_payload&) = default;
};

/// Consecutive task numbers.
struct task_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  friend bool operator==(const task_range&, const task_range&) = default;
};

/// Why a visit began that is not the first.
struct wake_cause {
  /// Which of the wait's conditions held; the first one, if several did.
  std::uint32_t condition = 0;
  /// None held: the deadline passed.
  bool deadline_passed = false;
  /// The condition was a signal; `answer` is its value.
  bool signalled = false;

  friend bool operator==(const wake_cause&, const wake_cause&) = default;
};

/// One start of a task.
struct assignment {
  attempt_id attempt;
  /// When it was assigned.
  timestamp at{};
  std::string job_id;
  std::string task_name;
  /// The task that added it.
  std::optional<std::uint32_t> parent;
  /// The task that it undoes.
  std::optional<std::uint32_t> compensates;
  /// Resolve references in the input first.
  bool templated = false;
  /// No visit has ended in a wait since the task began, or began anew by a retry.
  bool first_visit = true;
  wake_cause cause;
  stored_payload input;
  stored_payload state;
  stored_payload feedback;
  /// The value of the signal, or the default of the deadline.
  stored_payload answer;
  /// Of the last heartbeat that had one, in this visit.
  stored_payload progress;
  /// Steps of the task count if they were done in this round (`store::key::step`).
  std::uint32_t round = 0;
  /// `after`, then what was waited for, in the order added.
  std::vector<task_range> dependencies;
};

/// Start these, on free slots of the agent.
struct assign {
  std::string agent;
  std::vector<assignment> tasks;
};

/// The attempt's time is over: set its stop token; give its thread up after `grace`.
struct stop {
  std::string agent;
  attempt_id attempt;
};

/// The submit is on disk. `created` is false if the same job was there before.
struct accept {
  client_id client = 0;
  std::uint64_t job = 0;
  bool created = true;
};

/// The job ended, or is paused and nothing of it runs any more.
struct answer {
  client_id client = 0;
  std::uint64_t job = 0;
  job_state state = job_state::completed;
};

/// What the client asked for is on disk.
struct done {
  client_id client = 0;
};

/// The job cannot go on by itself (`stall_action::callback`).
struct stalled {
  std::uint64_t job = 0;
  std::string job_id;
  /// `[{"task": "report", "expects": ["figures"]}]`
  payload situation;
};

/// Apply `sweep_due` when there is time: rows of purged jobs are left.
struct sweep {};

/// The request is refused; nothing changed.
struct refuse {
  client_id client = 0;
  error why;
};

/// A stored record that is needed cannot be read: the engine must end.
struct give_up {
  error why;
};

using command = std::variant<assign, stop, accept, answer, refuse, give_up, done, stalled, sweep>;

/// What one event changes. The commands wait until the writes are on disk.
struct effects {
  store::batch writes;
  std::vector<command> commands;
};

} // namespace dagger::plan
