// What the planner wants done, in the imperative. Nothing of it happens before the
// batch that it came with is on disk.
#pragma once

#include <dagger/plan/event.hpp>
#include <dagger/plan/states.hpp>
#include <dagger/store/store.hpp>

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

/// One start of a task.
struct assignment {
  attempt_id attempt;
  std::string job_id;
  std::string task_name;
  /// Resolve references in the input first.
  bool templated = false;
  /// Why a visit began: its wait's deadline passed.
  bool deadline_passed = false;
  stored_payload input;
  stored_payload state;
  stored_payload feedback;
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

/// The job ended.
struct answer {
  client_id client = 0;
  std::uint64_t job = 0;
  job_state state = job_state::completed;
};

/// The request is refused; nothing changed.
struct refuse {
  client_id client = 0;
  error why;
};

/// A stored record that is needed cannot be read: the engine must end.
struct give_up {
  error why;
};

using command = std::variant<assign, stop, accept, answer, refuse, give_up>;

/// What one event changes. The commands wait until the writes are on disk.
struct effects {
  store::batch writes;
  std::vector<command> commands;
};

} // namespace dagger::plan
