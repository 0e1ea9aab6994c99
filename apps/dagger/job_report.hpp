// One job as `show` tells it: tasks with their attempts and the reasons why they are where they
// are.
#pragma once

#include "catalogue.hpp"

#include <dagger/plan/query.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dagger::apps {

/// One start of a task, from the history.
struct attempt_report {
  std::uint32_t visit = 1;
  std::uint32_t attempt = 1;
  timestamp started{};
  std::optional<timestamp> ended;
  std::optional<error> why;
};

/// A job with everything that is shown of it; names and numbers resolved.
struct job_report {
  plan::job_status job;
  json inputs;
  /// Null while it runs.
  json outputs;
  std::vector<plan::task_status> tasks;
  std::vector<plan::job_event> history;
  /// By task number.
  std::vector<std::vector<attempt_report>> attempts;
  /// The id of the job that submitted it; empty: none.
  std::string parent;
  /// Ids of the jobs that its tasks wait for, by number.
  std::map<std::uint64_t, std::string> waited_jobs;
};

/// Reads all of it.
result<job_report> report_on(store::view& v, plan::job_status job);

/// Why a task is in its state: "no agent 'x' here", "waits for a, b"; empty if there is nothing to
/// say. `held`: an engine holds the store.
std::string reason_for(const job_report& report, const plan::task_status& task,
                       const catalogue& agents, bool held);

/// `schemas/show.schema.json`. With `history`, the events as well.
json to_json(const job_report& report, const catalogue& agents, bool held, bool history);

/// `schemas/event.schema.json`: what one event of the log says, an object each.
std::vector<json> shapes_of(const plan::job_event& what,
                            const std::function<std::string(std::uint32_t)>& name_of);

/// One task of it.
json to_json(const job_report& report, const plan::task_status& task, const catalogue& agents,
             bool held);

} // namespace dagger::apps
