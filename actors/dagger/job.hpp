// Jobs as a program writes them, and what comes back.
#pragma once

#include <dagger/plan/definition.hpp>
#include <dagger/plan/query.hpp>
#include <dagger/value/task_options.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// A job to be submitted: an id and the tasks that are known up front.
class job {
public:
  /// `id`: `[A-Za-z0-9_-]{1,128}`; what has been submitted under it stands for good.
  explicit job(std::string id);

  /// Adds a task; the result names it in `after` of later ones.
  task_ref add(task_options options);

  /// For lists; the id if it is not given.
  job& name(std::string text);
  job& description(std::string text);
  job& tags(std::vector<std::string> words);
  /// Higher first, before the priorities of tasks.
  job& priority(std::int32_t value);
  /// What the job was given, for those who look at it later. A JSON object.
  job& inputs(json values);
  /// Output name -> reference to a task's output: `{"report", "report.report"}`.
  job& outputs(json references);
  /// Agents that its tasks may name, also those added later.
  job& allowed_agents(std::vector<std::string> names);
  job& limits(job_limits bounds);
  /// What happens when nothing of the job can move any more; `planning_agent` is for
  /// `notify_planning_agent`.
  job& on_stall(stall_action what, std::string planning_agent = {});
  /// What the failure of a task means, unless the task says; `carry_on` if it is not given.
  job& on_failure(dagger::on_failure policy);
  /// Its share of `engine_options::resources`; in an engine without those, what it has.
  job& resources(dagger::resources share);

  const plan::job_spec& spec() const {
    return spec_;
  }

private:
  plan::job_spec spec_;
};

/// A job that has ended or is paused. Reads what it is asked for from the store; valid while the
/// engine lives.
class job_result {
public:
  struct impl;
  explicit job_result(std::shared_ptr<const impl> self) : impl_(std::move(self)) {}

  /// completed, failed or cancelled; paused if somebody has paused it.
  job_state state() const;
  const std::string& id() const;
  /// Shorthand for `state() == job_state::completed`.
  bool completed() const;
  /// An output of the job by name, or else the output of the task with this name. Throws `error`
  /// (not_found).
  json operator[](std::string_view name) const;
  /// All outputs of the job as one object.
  json outputs() const;
  /// All tasks as they ended.
  std::vector<plan::task_status> tasks() const;
  /// All events, oldest first.
  std::vector<plan::job_event> history() const;
  /// The first failure that made the job fail; nothing if it did not.
  std::optional<dagger::error> failure() const;
  /// Pictures of the tasks with states, durations and attempts.
  std::string dot() const;
  std::string mermaid() const;

private:
  std::shared_ptr<const impl> impl_;
};

} // namespace dagger
