// Puts the rows of a job together for people and programs.
#include "job_report.hpp"

#include "needed_person.hpp"
#include "shapes.hpp"

#include <dagger/codec/json.hpp>

namespace dagger::apps {

namespace {

/// Names in a reason; more are counted.
constexpr std::size_t named_tasks = 5;

std::string names_of(const job_report& report, const std::vector<std::uint32_t>& numbers) {
  auto text = std::string{};
  auto unsettled = std::size_t{0};
  for (const auto n : numbers) {
    const auto& x = report.tasks.at(n);
    if (settled(x.state))
      continue;
    if (++unsettled <= named_tasks)
      text += (text.empty() ? "" : ", ") + x.name;
  }
  if (unsettled > named_tasks)
    text += " and " + std::to_string(unsettled - named_tasks) + " more";
  return text;
}

std::string text_of(const error& x) {
  return x.code.empty() ? x.message : x.code + ": " + x.message;
}

std::optional<error> error_of(const plan::transition& x) {
  if (x.code.empty() || x.code == code::cached)
    return std::nullopt;
  return error{x.code, x.message};
}

std::vector<std::vector<attempt_report>> attempts_in(const job_report& report) {
  auto all = std::vector<std::vector<attempt_report>>(report.tasks.size());
  for (const auto& event : report.history)
    for (const auto& x : event.transitions) {
      if (x.task >= all.size() || x.code == code::late_report)
        continue;
      auto& of_task = all[x.task];
      if (!of_task.empty() && !of_task.back().ended) {
        of_task.back().ended = event.time;
        of_task.back().why = error_of(x);
      }
      if (x.to == task_state::running)
        of_task.push_back({x.visit, x.attempt, event.time, {}, {}});
    }
  return all;
}

json payload_of(const result<payload>& x) {
  return x && !x->empty() ? x->value() : json{};
}

/// Somebody has changed the task, which stays as it is.
bool is_change(const plan::transition& x) {
  return x.code == "enabled" || x.code == "disabled" || x.code == "input_set";
}

json to_json(const attempt_report& x) {
  auto made = json{{"visit", x.visit}, {"attempt", x.attempt}, {"started", to_rfc3339(x.started)}};
  if (x.ended)
    made["ended"] = to_rfc3339(*x.ended);
  if (x.why)
    made["error"] = apps::to_json(*x.why);
  return made;
}

json history_of(const job_report& report) {
  auto list = json::array();
  for (const auto& event : report.history)
    for (auto& shape : shapes_of(event, [&](std::uint32_t n) { return report.tasks.at(n).name; }))
      list.push_back(std::move(shape));
  return list;
}

/// Looks the jobs up that this one's tasks wait for.
result<void> name_jobs(store::view& v, job_report& report) {
  if (report.job.parent > 0) {
    const auto parent = plan::job_of(v, report.job.parent);
    if (!parent && parent.error().code != code::not_found)
      return fail(parent.error());
    if (parent) // else it has been purged
      report.parent = parent->id;
  }
  for (const auto& task : report.tasks)
    for (const auto& wait : task.waits)
      for (const auto number : wait.jobs) {
        if (report.waited_jobs.contains(number))
          continue;
        const auto job = plan::job_of(v, number);
        if (!job)
          return fail(job.error());
        report.waited_jobs[number] = job->id;
      }
  return {};
}

/// What a suspended task waits for, in words.
std::string awaited(const job_report& report, const plan::task_status& task) {
  auto things = std::vector<std::string>{};
  if (const auto names = names_of(report, task.waited); !names.empty())
    things.push_back(names);
  for (const auto& wait : task.waits) {
    for (const auto number : wait.jobs)
      things.push_back("job " + report.waited_jobs.at(number));
    for (const auto& name : wait.expected)
      things.push_back("'" + name + "', which nobody has added");
  }
  auto text = std::string{};
  for (const auto& x : things)
    text += (text.empty() ? "waits for " : ", ") + x;
  if (const auto word = awaited_word(task); !word.empty())
    text += (text.empty() ? "" : " or ") + word;
  if (!task.due)
    return text;
  return text + (text.empty() ? "waits until " : ", until ") + to_rfc3339(*task.due);
}

std::string_view name_of(const plan::wait_status& x) {
  switch (x.mode) {
  case wait_mode::signal:
    return "signal";
  case wait_mode::review:
    return "review";
  case wait_mode::time:
    return "time";
  default:
    return x.jobs.empty() ? "tasks" : "jobs";
  }
}

json to_json(const job_report& report, const plan::wait_status& x) {
  auto made = json{{"for", name_of(x)}};
  if (x.mode == wait_mode::signal)
    made["name"] = x.signal;
  if (x.mode == wait_mode::time)
    made["until"] = to_rfc3339(x.until);
  if (const auto schema = parse_json(x.schema); schema && !x.schema.empty())
    made["schema"] = *schema;
  for (const auto number : x.tasks)
    made["tasks"].push_back(report.tasks.at(number).name);
  for (const auto number : x.jobs)
    made["jobs"].push_back(report.waited_jobs.at(number));
  for (const auto& name : x.expected)
    made["expected"].push_back(name);
  return made;
}

} // namespace

result<job_report> report_on(store::view& v, plan::job_status job) {
  auto made = job_report{};
  made.job = std::move(job);
  auto inputs =
    plan::load(v, made.job.number, store::job_itself, store::slot::input, made.job.inputs);
  if (!inputs)
    return fail(std::move(inputs.error()));
  made.inputs = payload_of(inputs);
  if (made.job.state == job_state::completed) {
    auto outputs = plan::outputs_of(v, made.job);
    if (!outputs)
      return fail(std::move(outputs.error()));
    made.outputs = std::move(*outputs);
  }
  auto tasks = plan::tasks_of(v, made.job.number);
  if (!tasks)
    return fail(std::move(tasks.error()));
  made.tasks = std::move(*tasks);
  if (auto named = name_jobs(v, made); !named)
    return fail(std::move(named.error()));
  auto history = plan::history(v, made.job.number);
  if (!history)
    return fail(std::move(history.error()));
  made.history = std::move(*history);
  made.attempts = attempts_in(made);
  return made;
}

std::string reason_for(const job_report& report, const plan::task_status& task,
                       const catalogue& agents, bool held) {
  if (task.replaced)
    return task.error && task.error->message == "removed" ? "removed" : "replaced by a retry";
  if (!task.cached.empty())
    return "cached: " + task.cached;
  if (task.disabled && !settled(task.state))
    return "disabled, it will be skipped";
  if (settled(task.state))
    return task.error ? text_of(*task.error) : "";
  const auto until = task.due ? to_rfc3339(*task.due) : "";
  switch (task.state) {
  case task_state::waiting:
    return "waits for " + names_of(report, task.after);
  case task_state::ready:
    if (report.job.state == job_state::paused)
      return "the job is paused";
    if (!agents.has(task.agent))
      return "no agent '" + task.agent + "' here";
    return held ? "waits for a free slot" : "no engine works on it";
  case task_state::running:
    return held ? "" : "no engine works on it; it will run again";
  case task_state::backoff:
    return "tries again" + (until.empty() ? "" : " at " + until)
         + (task.error ? " after " + text_of(*task.error) : "");
  default:
    break;
  }
  return awaited(report, task);
}

std::vector<json> shapes_of(const plan::job_event& what,
                            const std::function<std::string(std::uint32_t)>& name_of) {
  auto list = std::vector<json>{};
  const auto add = [&](std::string_view event, const std::string& task) {
    auto& made = list.emplace_back(json{{"at", to_rfc3339(what.time)}, {"event", event}});
    if (!task.empty())
      made["task"] = task;
  };
  for (const auto& range : what.added)
    for (auto i = std::uint32_t{0}; i < range.count; ++i)
      add("added", name_of(range.first + i));
  for (const auto& x : what.transitions) {
    const auto changed = is_change(x);
    add(changed ? std::string_view{x.code} : dagger::to_text(x.to), name_of(x.task));
    auto detail = json{{"visit", x.visit}, {"attempt", x.attempt}};
    if (const auto why = error_of(x); why && !changed)
      detail["error"] = apps::to_json(*why);
    else if (x.code == code::cached)
      detail["cached"] = x.message;
    else if (!x.message.empty())
      detail["reason"] = x.message;
    list.back()["detail"] = std::move(detail);
  }
  if (what.state)
    add("job " + std::string{dagger::to_text(*what.state)}, {});
  return list;
}

json to_json(const job_report& report, const plan::task_status& task, const catalogue& agents,
             bool held) {
  auto after = json::array();
  for (const auto n : task.after)
    after.push_back(report.tasks.at(n).name);
  auto attempts = json::array();
  for (const auto& x : report.attempts.at(task.number))
    attempts.push_back(to_json(x));
  auto made = brief(task);
  made["name"] = task.name;
  made["agent"] = task.agent;
  made["description"] = task.description;
  made["after"] = std::move(after);
  made["visits"] = task.visit;
  made["attempts"] = std::move(attempts);
  made["summary"] = task.summary;
  if (task.parent)
    made["parent"] = report.tasks.at(*task.parent).name;
  if (task.replaced)
    made["replaced"] = true;
  if (task.disabled)
    made["disabled"] = true;
  for (const auto& x : task.waits)
    made["waits"].push_back(to_json(report, x));
  if (auto reason = reason_for(report, task, agents, held); !reason.empty())
    made["reason"] = std::move(reason);
  return made;
}

json to_json(const job_report& report, const catalogue& agents, bool held, bool history) {
  auto made = to_json(report.job);
  made["inputs"] = report.inputs;
  made["outputs"] = report.outputs;
  if (report.job.stalled)
    made["stalled"] = true;
  if (!report.parent.empty())
    made["parent"] = report.parent;
  if (!report.job.code.empty())
    made["error"] = {{"code", report.job.code}, {"message", "the deadline of the job has passed"}};
  auto tasks = json::array();
  for (const auto& x : report.tasks)
    tasks.push_back(to_json(report, x, agents, held));
  made["tasks"] = std::move(tasks);
  if (history)
    made["history"] = history_of(report);
  return made;
}

} // namespace dagger::apps
