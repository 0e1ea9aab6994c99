// What a job is, as submitted: immutable once accepted. Made by the job builder and
// by the loader of files; stored in the tables `definitions` and `specs`.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/payload.hpp>
#include <dagger/value/task_options.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::plan {

/// A task of a definition or of an outcome, ready to be planned.
struct task_spec {
  std::string name = {}; // empty: made from agent and number
  std::string agent = {};
  std::string description = {};
  task_kind kind = task_kind::task;
  std::int32_t priority = 0;
  bool optional = false;
  bool at_most_once = false;
  /// `input` holds `${inputs.x}` and `${TASK.path}` references (job files), to be
  /// resolved when the task is visited.
  bool templated = false;
  std::optional<retry_policy> retry = {};
  std::optional<duration> timeout = {};
  std::optional<duration> total_timeout = {};
  std::optional<duration> heartbeat = {};
  dagger::run_if run_if = dagger::run_if::all_success;
  std::optional<dagger::on_failure> on_failure = {};
  std::uint32_t max_children = 0;
  dagger::resources resources = {};
  std::string compensate = {};
  /// Refers to tasks of the same definition or outcome, or by name.
  std::vector<task_ref> after = {};
  payload input = {};

  friend bool operator==(const task_spec&, const task_spec&) = default;
};

/// A job as submitted.
struct job_spec {
  std::string id = {};   // `[A-Za-z0-9_-]{1,128}`
  std::string name = {}; // of the file or program it came from; for lists
  std::string description = {};
  std::int32_t priority = 0;
  std::vector<std::string> tags = {};
  std::string created_by = {};
  std::string traceparent = {};
  /// Values of the job's inputs, a JSON object.
  payload inputs = {};
  /// JSON object: output name -> reference ("report.report"); empty: the outputs of
  /// all tasks without parent and without dependants, by task name.
  payload outputs = {};
  /// Agents that its tasks may name; empty: all.
  std::vector<std::string> allowed_agents = {};
  job_limits limits = {};
  dagger::stall_action stall_action = dagger::stall_action::fail_wait;
  /// Who is told of a stall (`notify_planning_agent`).
  std::string planning_agent = {};
  /// For the failures of tasks that do not say.
  dagger::on_failure on_failure = dagger::on_failure::carry_on;
  /// Its share of the pool.
  dagger::resources resources = {};
  std::vector<task_spec> tasks = {};

  // Where it came from: no part of the hash, for the same job may come from elsewhere.

  /// It was a flow file: people call its tasks nodes.
  bool is_flow = false;
  /// Of nodes that are added to it later and say nothing, or not all, of retries.
  std::optional<retry_policy> retry = {};
  /// Relative paths of its tasks begin here, an absolute path; empty: as for the job that submits
  /// it, else where the engine runs.
  std::string folder = {};

  friend bool operator==(const job_spec&, const job_spec&) = default;
};

/// `[A-Za-z0-9_-]{1,128}`.
bool valid_job_id(std::string_view id);

/// Of tasks: `[A-Za-z0-9_][A-Za-z0-9_.-]*`, at most 128 bytes; those of parts of tasks also have
/// `[`, `]` and `/`.
bool valid_name(std::string_view name);

/// Checks everything about a definition that needs no engine: id, names, limits,
/// references, cycles (the cycle is named). All problems, best first; empty if none.
/// `where` of each is `tasks[3].after[0]`-like.
std::vector<error> problems(const job_spec& spec);

/// Turns what a user says into a spec. The input is serialized here, in the caller's thread.
task_spec to_spec(task_options options);
/// The same with an input that has been serialized; that of `options` does not count.
task_spec to_spec(task_options&& options, payload input);

/// 32 hexadecimal digits over everything that a submission says.
std::string hash_of(const job_spec& spec);

/// In words, the first thing in which two definitions differ: "input of task 'report'".
std::string difference(const job_spec& a, const job_spec& b);

} // namespace dagger::plan
