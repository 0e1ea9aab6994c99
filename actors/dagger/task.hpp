// What an agent sees of the task that it works on, and what it can do to the job.
#pragma once

#include <dagger/change.hpp>
#include <dagger/channel.hpp>
#include <dagger/outcome.hpp>
#include <dagger/plan/query.hpp>

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

class job;

namespace actors {
struct inside;
} // namespace actors

/// A task that this one comes after or has waited for, as it stands when the visit begins.
struct dependency {
  std::string name;
  std::string agent;
  task_state state = task_state::waiting;
  /// The JSON `null` unless completed.
  json output;
  std::string summary;
  /// If it failed or was skipped.
  std::optional<dagger::error> error;

  bool completed() const {
    return state == task_state::completed;
  }
};

/// A job that is not the task's own.
struct other_job {
  std::string id;
  job_state state = job_state::running;
  /// By name; null while it has not ended.
  json outputs;
};

class running_flow;

/// One attempt at one visit of a task. Lives in the agent's thread, for the length of the call.
///
/// What changes the job (`add_task`, `add_dependency`, `set_summary`, the outcome) is collected
/// and becomes real in one transaction when the function returns, or not at all. After a
/// time-out's or a cancellation's grace every call throws `error` (attempt_lost).
class task {
public:
  struct impl;
  explicit task(impl& self) : impl_(self) {}
  task(const task&) = delete;
  task& operator=(const task&) = delete;

  /// The id of the job.
  const std::string& job_id() const;
  /// Unique in the job.
  const std::string& name() const;
  /// 1, 2, ...: how often the task went from ready to an outcome.
  std::uint32_t visit() const;
  /// 1, 2, ...: starts in this visit.
  std::uint32_t attempt() const;
  /// True in all attempts of the first visit.
  bool first_visit() const;
  /// The same in all attempts of a visit, unlike any other: for effects outside the engine.
  std::string idempotency_key() const;
  /// Requested when the attempt's time is over or the engine stops.
  std::stop_token stop_token() const;

  /// A path that the job says, as this process reaches it: relative ones begin in the folder in
  /// which the job was handed in (`dagger run` says so), which another process may go on with it
  /// from. An empty one is that folder, or empty where this process stands in it. Throws `error`
  /// (store_corrupt).
  std::string reached(const std::string& path) const;

  /// Which condition of the last wait held, counted from 0 in the order of `any_of`.
  std::size_t woken_by() const;
  /// The value of the signal that was waited for, or `wait_options::default_answer` if its deadline
  /// passed; null if neither.
  const json& answer() const;
  /// What the last heartbeat of an earlier attempt of this visit said, or null.
  const json& progress() const;
  /// What the last visit left in `wait_options::state`, or null.
  const json& state() const;
  /// Why the last attempt of this visit was not good enough: `{"violations": [{"pointer",
  /// "message"}]}` after an invalid output; `{"rejected": reason}` after a review; null if there is
  /// nothing to say.
  const json& feedback() const;
  /// This visit began because the wait's deadline passed.
  bool deadline_passed() const;
  /// `after`, then what was waited for, in the order added. Read from the store at the first
  /// call. Throws `error` (store_corrupt).
  const std::vector<dependency>& dependencies() const;
  /// The dependency with this name; throws `error` (not_found).
  const dependency& dependency_on(std::string_view name) const;

  /// Adds a task to the job, as a child of this one. Throws `error`: not_found (no such agent),
  /// invalid_input (against the agent's schema), conflict (a name used twice), limit.
  task_ref add_task(task_options options);
  /// Adds several, in order.
  std::vector<task_ref> add_tasks(std::vector<task_options> options);
  /// `later`, which has not started, comes after `earlier` as well. Throws `error`:
  /// wait_cycle (named), not_found, misuse.
  void add_dependency(const task_ref& later, const task_ref& earlier);
  /// A short text for those above this task; cut to `limits::summary_bytes`.
  void set_summary(std::string text);

  /// Hands a job in, as part of the outcome; its id. The same id with the same content is the same
  /// job. Throws `error`: what `engine::submit` would refuse; what only the store knows, like an id
  /// that is in use for another job, fails the attempt with that code.
  std::string submit(const job& x, on_parent_end when_done = on_parent_end::cancel);
  /// Publishes a message, as part of the outcome: it is there if and only if the outcome is. The
  /// channel is made at once if it is not there; a cooperative agent needs one that is (misuse).
  /// Throws `error`: what `engine::publish` would refuse, but for a full channel.
  void publish(const std::string& channel, json data, const publish_options& options = {});
  /// The same with a whole message: bytes, attributes.
  void publish_message(const std::string& channel, message x);
  /// Another job of this store as it stands now, with its outputs if it has ended. Throws `error`
  /// (not_found).
  other_job look_at(std::string_view job_id) const;

  /// Says that the attempt lives: its `heartbeat` time-out begins again. `progress`, if not null,
  /// is written at most once a second, and is there for the next attempt.
  void heartbeat(json progress = nullptr);
  /// Adds to the task's stream, which others can follow while the task runs (`plan::read_stream`).
  /// Written within 20 ms, not part of the outcome. Waits while too much is on its way; a
  /// cooperative agent gets the error `limit` instead.
  void emit(json chunk);
  /// Calls `run` and writes down what it returns before this returns; in all later attempts and
  /// visits the same is returned without a call. `run` gets no task. Throws `error` (misuse): a
  /// name used twice in a visit, a cooperative agent, a collecting call inside of `run`.
  json step(const std::string& name, const std::function<json()>& run);

  /// The job that this task is part of, to be changed at once. Throws `error` (misuse) for a
  /// cooperative agent, and inside of a step.
  running_flow flow();

  /// Suspends the task until all of these are settled or one has failed. No thread is
  /// held meanwhile; the next visit begins then.
  outcome wait(task_ref what, wait_options options = {});
  outcome wait(std::vector<task_ref> what, wait_options options = {});
  /// Suspends until the condition holds.
  outcome wait(condition what, wait_options options = {});
  /// Suspends until one of the conditions holds (`dagger::any_of`).
  outcome wait(std::vector<condition> any_of, wait_options options = {});
  /// Suspends until somebody accepts the output, which completes the task, or rejects it: then the
  /// agent is visited again, and `feedback()` says why.
  outcome review(json output, wait_options options = {});
  /// Ends the task without an output; what needs it is skipped as well.
  outcome skip(std::string reason);

  /// Writes a line to the engine's log, marked with job and task.
  void log(std::string_view text);

private:
  friend struct actors::inside;
  impl& impl_;
};

/// A job as one of its tasks changes it: what `engine` says of changes of a job that goes on.
/// Each call waits until the change is on disk, and it stands whatever becomes of the attempt.
/// An attempt that makes it again changes nothing: a node that is there, is gone, is enabled or
/// has these inputs already is left as it is. What is refused is thrown as `error`.
class running_flow {
public:
  explicit running_flow(task::impl& of) : of_(of) {}

  void add_node(const json& node, const node_options& options = {});
  void remove_node(const std::string& node);
  void disable(const std::string& node);
  void enable(const std::string& node);
  void set_input(const std::string& node, const json& values);

private:
  task::impl& of_;
};

} // namespace dagger
