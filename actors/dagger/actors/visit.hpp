// One attempt from the inside: what stands behind `dagger::task`, and the way from an
// assignment to a report. Runs in the agent's thread; knows no actors.
#pragma once

#include <dagger/actors/cached_call.hpp>
#include <dagger/actors/directory.hpp>
#include <dagger/actors/line.hpp>
#include <dagger/actors/message_maker.hpp>
#include <dagger/actors/snapshots.hpp>
#include <dagger/actors/stderr_log.hpp>
#include <dagger/plan/command.hpp>
#include <dagger/task.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace dagger::actors {

class node_visit;
class order;
class outbox;
class program_cache;

/// What agents' threads may reach. They can outlive the engine, so it is shared.
struct workplace {
  std::shared_ptr<const snapshots> views;
  std::shared_ptr<const directory> agents;
  std::shared_ptr<const stderr_log> logger;
  std::shared_ptr<const line> to_engine;
  std::shared_ptr<program_cache> programs;
  std::shared_ptr<calls_in_progress> calls;
  std::shared_ptr<const message_maker> messages;
  /// Outputs of equal calls are taken; else they are only kept.
  bool reuses_outputs = true;
  /// `engine_options::before_attempt`.
  std::function<attempt_choice(const upcoming_attempt&)> before_attempt = {};
};

/// How others end an attempt.
struct attempt_control {
  std::stop_source stop;
  /// Requested when the attempt is over: what its function still does is void, and what it waits
  /// for it need not wait for any more.
  std::stop_source lost;
};

} // namespace dagger::actors

namespace dagger {

/// Everything that a visit reads and collects. One thread at a time.
class task::impl {
public:
  impl(std::shared_ptr<const actors::workplace> place, actors::agent_ptr who, plan::assignment what,
       std::shared_ptr<const actors::attempt_control> control);
  ~impl();

  /// Throws `error` (attempt_lost) if the attempt is over.
  void check_not_lost() const;

  /// Loads, resolves and checks what the agent gets; the error is the attempt's end. If `skipped`
  /// is there afterwards, the agent is not called.
  result<void> prepare();

  /// Whether whoever is asked before attempts wants it skipped.
  bool is_left_out() const;

  /// The report of a node that need not run: the output of an equal call still counts.
  std::optional<plan::report> reuse();

  /// Turns what the agent returned into a report.
  plan::report conclude(outcome&& x);

  /// The report of an attempt that came to nothing.
  plan::report failed(failure why, json feedback = nullptr) const;

  std::stop_token stop_token() const;
  const std::vector<dependency>& dependencies();

  // Collected: part of the outcome.
  /// So many tasks will be added.
  void expect(std::size_t n);
  task_ref add(task_options options);
  /// Adds a task as it is: a node of a flow, or a part of one.
  task_ref add(plan::task_spec spec);
  void add_dependency(const task_ref& later, const task_ref& earlier);
  void set_summary(std::string text);
  std::string submit(const plan::job_spec& spec, on_parent_end when_done);
  void publish(const std::string& channel, message x, const publish_options& how);

  // Immediate: whatever the outcome will be.
  other_job look_at(std::string_view job_id) const;
  void heartbeat(const json& progress);
  void emit(const json& chunk);
  json step(const std::string& name, const std::function<json()>& run);
  /// Throws `error` (misuse) where the job must not be changed.
  void check_may_change() const;
  /// Has the engine change the job, whose id `what` gets.
  void change(const std::function<future<void>(engine::impl&, const std::string& job)>& what) const;
  void remove_node(const std::string& node) const;

  /// What the ends of visits have in common; `what` for the error inside of a step.
  plan::suspended suspend(std::vector<condition> any_of, wait_options options) const;
  plan::in_review review(wait_options options) const;
  void check_not_in_step(std::string_view what) const;

  std::shared_ptr<const actors::workplace> where;
  actors::agent_ptr agent;
  plan::assignment given;
  json input;
  json state;
  json feedback;
  json answer;
  json progress;
  /// If this is a node of a flow.
  std::unique_ptr<actors::node_visit> node;
  /// Why it does not run: its condition is false, or it is disabled.
  std::optional<std::string> skipped;

private:
  using checked = tl::expected<payload, plan::report>;

  json load(store::view& view, store::slot which, const plan::stored_payload& from) const;
  json undoing_input(store::view& view) const;
  result<void> evaluate(store::view& view);
  result<json> resolved(store::view& view, const json& tmpl);
  std::optional<plan::cached_row> find_output();
  std::optional<plan::kept_output> keep(const json& output, const payload& text) const;
  plan::report violated(const std::vector<schema::violation>& wrong) const;
  std::optional<plan::report> finish_node(json& output) const;
  checked check_output(json& output) const;
  void read_dependencies(store::view& view);
  void check_task(const task_ref& x, const char* role) const;
  payload to_state(const json& x) const;
  void await_message(condition& x, std::size_t index) const;
  result<std::optional<json>> stored_step(const std::string& name) const;
  actors::outbox& said();
  void make_order(bool with_stored);
  std::pair<std::uint32_t, std::uint32_t> numbers_of(const task_ref& later,
                                                     const task_ref& earlier);

  std::shared_ptr<const actors::attempt_control> control_;
  std::optional<actors::cached_call> call_;
  std::unique_ptr<actors::calls_in_progress::turn> turn_;
  std::optional<std::vector<dependency>> dependencies_;
  std::vector<plan::task_spec> added_;
  std::unordered_set<std::string> names_; // of `added_`
  std::vector<plan::new_dependency> new_dependencies_;
  std::optional<std::string> summary_;
  std::vector<plan::submitted> jobs_;
  std::vector<plan::published> messages_;
  std::size_t message_bytes_ = 0;
  std::unordered_set<std::string> steps_; // of this attempt
  bool in_step_ = false;
  std::shared_ptr<actors::outbox> said_; // made at the first use
  std::unique_ptr<actors::order> order_; // of `added_` and what `new_dependencies_` name
};

} // namespace dagger

namespace dagger::actors {

/// What stands behind a task, for agents that are part of the engine.
struct inside {
  static task::impl& of(task& x) {
    return x.impl_;
  }
};

/// An error as the failure of an attempt.
failure to_failure(const error& x);

/// Calls `run` and turns whatever it throws into a failed attempt.
plan::report guarded(task::impl& self, const std::function<plan::report()>& run);

/// Prepares the attempt; its report if the agent is not to be called: it has failed, or is skipped.
std::optional<plan::report> ended_before(task::impl& self);

/// The whole way for an agent that is a function: prepare, call, conclude.
plan::report perform(task::impl& self);

} // namespace dagger::actors
