// Checking definitions of jobs. Knows no engine and no file.
#include <dagger/plan/definition.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>
#include <dagger/graph/cycle.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

namespace dagger::plan {

namespace {

/// Looking for the nearest word costs; after this many the reader has understood.
constexpr auto most_compared = std::size_t{500'000};
/// Tasks of a cycle that are named.
constexpr auto most_named = std::size_t{12};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != others.npos;
  });
}

/// What is wrong with a task's name; empty if nothing.
std::string wrong_with_name(std::string_view name) {
  if (name == "inputs" || name.starts_with("inputs."))
    return "a task cannot be named '" + std::string{name} + "': references to the inputs begin so";
  if (name.size() > limits::name_bytes)
    return "the name is longer than " + std::to_string(limits::name_bytes) + " bytes";
  // Brackets and slashes are in the names of parts: "rows[3]", "load/check".
  if (name.find_first_of(".-[]/") == 0 || !only(name, "_.-[]/"))
    return to_text(json(name))
         + " is no name: letters, digits, '_', and after the first also '.' and '-'";
  return {};
}

std::string wrong_with_agent(std::string_view name) {
  if (name.empty())
    return "an agent is needed";
  if (name.size() > limits::name_bytes)
    return "the agent's name is longer than " + std::to_string(limits::name_bytes) + " bytes";
  return only(name, "_.-:/") ? "" : to_text(json(name)) + " is no name of an agent";
}

class checker {
public:
  explicit checker(const job_spec& spec) : spec_(spec) {}

  std::vector<error> run() {
    check_job();
    if (spec_.tasks.size() > limits::tasks_per_job)
      return std::move(found_);
    name_tasks();
    for (auto i = std::size_t{0}; i < spec_.tasks.size(); ++i)
      check_task(i);
    check_outputs();
    check_cycles();
    return std::move(found_);
  }

private:
  void add(std::string_view code, std::string message, std::string where, std::string hint = {}) {
    if (found_.size() < limits::problems)
      found_.emplace_back(code, std::move(message), std::move(where), std::move(hint));
  }

  void wrong(std::string message, std::string where, std::string hint = {}) {
    add(code::invalid_input, std::move(message), std::move(where), std::move(hint));
  }

  std::string suggestion(std::string_view word, std::span<const std::string> words) {
    compared_ += words.size();
    if (compared_ > most_compared)
      return {};
    auto meant = nearest(word, words);
    return meant ? "did you mean '" + *meant + "'?" : "";
  }

  static std::string place(std::size_t task, std::string_view member) {
    return "tasks[" + std::to_string(task) + "]" + (member.empty() ? "" : ".")
         + std::string{member};
  }

  void check_payload(const payload& x, std::string where) {
    if (x.bytes().size() > limits::payload_bytes)
      add(code::too_large, "larger than " + std::to_string(limits::payload_bytes >> 20) + " MiB",
          std::move(where));
  }

  void check_job() {
    if (spec_.id.empty() || spec_.id.size() > limits::id_bytes || !only(spec_.id, "_-"))
      wrong(to_text(json(spec_.id)) + " is no id of a job: 1 to " + std::to_string(limits::id_bytes)
              + " letters, digits, '_' and '-'",
            "id");
    if (spec_.tasks.empty())
      wrong("a job needs at least one task", "tasks");
    if (spec_.tasks.size() > limits::tasks_per_job)
      add(code::limit, "more than " + std::to_string(limits::tasks_per_job) + " tasks", "tasks");
    check_bounds();
    check_resources(spec_.resources, "resources");
    check_payload(spec_.inputs, "inputs");
    check_payload(spec_.outputs, "outputs");
    allowed_.insert(spec_.allowed_agents.begin(), spec_.allowed_agents.end());
  }

  void check_bounds() {
    auto& bounds = spec_.limits;
    if (bounds.tasks > 0 && spec_.tasks.size() > bounds.tasks)
      add(code::limit,
          "the job has " + std::to_string(spec_.tasks.size()) + " tasks, its limit is "
            + std::to_string(bounds.tasks),
          "limits.tasks");
    if (bounds.deadline && bounds.deadline->count() <= 0)
      wrong("a deadline must be longer than 0", "limits.deadline");
    auto& planner = spec_.planning_agent;
    if (planner.empty() && spec_.stall_action == stall_action::notify_planning_agent)
      wrong("a planning agent is needed to be notified", "planning_agent");
    if (auto why = wrong_with_agent(planner); !planner.empty() && !why.empty())
      wrong(std::move(why), "planning_agent");
  }

  void name_tasks() {
    for (auto i = std::size_t{0}; i < spec_.tasks.size(); ++i) {
      auto& name = spec_.tasks[i].name;
      if (name.empty())
        continue;
      if (auto why = wrong_with_name(name); !why.empty())
        wrong(std::move(why), place(i, "name"));
      auto [first, fresh] = by_name_.emplace(name, static_cast<std::uint32_t>(i));
      if (fresh)
        names_.push_back(name);
      else
        wrong("duplicate task '" + name + "', first is tasks[" + std::to_string(first->second)
                + "]",
              place(i, "name"));
    }
  }

  void check_task(std::size_t i) {
    auto& task = spec_.tasks[i];
    if (auto why = wrong_with_agent(task.agent); !why.empty())
      wrong(std::move(why), place(i, "agent"));
    else if (!allowed_.empty() && !allowed_.contains(task.agent))
      wrong("agent '" + task.agent + "' is not one of allowed_agents", place(i, "agent"),
            suggestion(task.agent, spec_.allowed_agents));
    check_payload(task.input, place(i, "input"));
    check_times(i);
    check_place(i);
    for (auto j = std::size_t{0}; j < task.after.size(); ++j)
      check_after(i, j);
    graph_.end_node();
  }

  void check_after(std::size_t i, std::size_t j) {
    auto& ref = spec_.tasks[i].after[j];
    auto where = [&] { return place(i, "after[" + std::to_string(j) + "]"); };
    if (ref.added != task_ref::by_name) {
      if (ref.added < spec_.tasks.size())
        graph_.add(ref.added);
      else
        wrong("there is no task number " + std::to_string(ref.added), where());
    } else if (auto found = by_name_.find(ref.name); found != by_name_.end()) {
      graph_.add(found->second);
    } else {
      wrong("unknown task '" + ref.name + "'", where(), suggestion(ref.name, names_));
    }
  }

  void check_resources(const resources& x, const std::string& where) {
    if (x.size() > limits::resources)
      add(code::limit, "more than " + std::to_string(limits::resources) + " kinds", where);
    for (auto& [name, amount] : x)
      if (name.empty() || name.size() > limits::name_bytes || !only(name, "_.-"))
        wrong(to_text(json(name)) + " is no name of a resource", where);
      else if (amount == 0)
        wrong("must be at least 1", where + "." + name);
  }

  /// What a task says about those before it, beside it and after it.
  void check_place(std::size_t i) {
    auto& task = spec_.tasks[i];
    if (task.after.empty()
        && (task.run_if == run_if::one_success || task.run_if == run_if::one_failed))
      wrong("it asks how one of the tasks before it ended, but comes after none",
            place(i, "run_if"));
    if (auto& agent = task.compensate; !agent.empty()) {
      if (auto why = wrong_with_agent(agent); !why.empty())
        wrong(std::move(why), place(i, "compensate"));
      else if (!allowed_.empty() && !allowed_.contains(agent))
        wrong("agent '" + agent + "' is not one of allowed_agents", place(i, "compensate"),
              suggestion(agent, spec_.allowed_agents));
    }
    check_resources(task.resources, place(i, "resources"));
    for (auto& [name, amount] : task.resources)
      if (auto share = spec_.resources.find(name);
          share != spec_.resources.end() && amount > share->second)
        wrong("the job's share of '" + name + "' is " + std::to_string(share->second),
              place(i, "resources." + name));
  }

  void check_times(std::size_t i) {
    auto& task = spec_.tasks[i];
    if (task.timeout && task.timeout->count() <= 0)
      wrong("a time-out must be longer than 0", place(i, "timeout"));
    if (task.total_timeout && task.total_timeout->count() <= 0)
      wrong("a time-out must be longer than 0", place(i, "total_timeout"));
    if (task.heartbeat && task.heartbeat->count() <= 0)
      wrong("a time-out must be longer than 0", place(i, "heartbeat"));
    if (!task.retry)
      return;
    auto& retry = *task.retry;
    if (retry.max_attempts == 0)
      wrong("must be at least 1", place(i, "retry.max_attempts"));
    if (retry.initial.count() < 0)
      wrong("must not be negative", place(i, "retry.initial"));
    if (retry.max.count() < 0)
      wrong("must not be negative", place(i, "retry.max"));
    if (!std::isfinite(retry.multiplier) || retry.multiplier < 0)
      wrong("must be a number that is not negative", place(i, "retry.multiplier"));
    if (!(retry.jitter >= 0 && retry.jitter <= 1))
      wrong("must be from 0 to 1", place(i, "retry.jitter"));
  }

  void check_outputs() {
    if (spec_.outputs.empty())
      return;
    auto outputs = parse_json(spec_.outputs.bytes());
    if (!outputs || !outputs->is_object())
      return wrong("must be a JSON object", "outputs");
    auto known = [&](std::string_view id) { return by_name_.contains(id); };
    for (auto& [name, text] : outputs->items()) {
      auto where = "outputs." + name;
      if (!text.is_string()) {
        wrong("must be a reference, not " + std::string{text.type_name()}, where);
        continue;
      }
      auto ref = graph::parse_reference(text.get_ref<const std::string&>(), known);
      if (!ref)
        wrong(ref.error().message, where,
              ref.error().code == code::not_found ? suggestion(ref.error().where, names_)
                                                  : ref.error().hint);
    }
  }

  std::string shown(std::uint32_t i) const {
    auto& task = spec_.tasks[i];
    return task.name.empty() ? "tasks[" + std::to_string(i) + "]" : task.name;
  }

  void check_cycles() {
    for (auto& cycle : graph::find_cycles(graph_)) {
      auto text = std::string{};
      auto left_out = cycle.size() > most_named ? cycle.size() - most_named : 0;
      for (auto i = std::size_t{0}; i < cycle.size(); ++i) {
        if (left_out > 0 && i == most_named / 2) {
          text += "... (" + std::to_string(left_out) + " more) -> ";
          i += left_out;
        }
        text += shown(cycle[i]) + " -> ";
      }
      wrong("cycle: " + text + shown(cycle.front()), closing_edge(cycle));
    }
  }

  /// The entry of the first task's `after` that names the last.
  std::string closing_edge(const std::vector<std::uint32_t>& cycle) const {
    auto& after = spec_.tasks[cycle.front()].after;
    auto closes = [&](const task_ref& ref) {
      if (ref.added != task_ref::by_name)
        return ref.added == cycle.back();
      auto found = by_name_.find(ref.name);
      return found != by_name_.end() && found->second == cycle.back();
    };
    auto edge = std::find_if(after.begin(), after.end(), closes) - after.begin();
    return place(cycle.front(), "after[" + std::to_string(edge) + "]");
  }

  const job_spec& spec_;
  std::vector<error> found_;
  std::unordered_set<std::string_view> allowed_;
  std::unordered_map<std::string_view, std::uint32_t> by_name_;
  std::vector<std::string> names_;
  graph::predecessors graph_;
  std::size_t compared_ = 0;
};

} // namespace

bool valid_job_id(std::string_view id) {
  return !id.empty() && id.size() <= limits::id_bytes && only(id, "_-");
}

bool valid_name(std::string_view name) {
  return !name.empty() && wrong_with_name(name).empty();
}

std::vector<error> problems(const job_spec& spec) {
  return checker{spec}.run();
}

task_spec to_spec(task_options options) {
  auto input = payload::from(std::move(options.input));
  return to_spec(std::move(options), std::move(input));
}

task_spec to_spec(task_options&& options, payload input) {
  auto made = task_spec{};
  made.name = std::move(options.name);
  made.agent = std::move(options.agent);
  made.description = std::move(options.description);
  made.kind = options.kind;
  made.priority = options.priority;
  made.optional = options.optional;
  made.at_most_once = options.at_most_once;
  made.retry = std::move(options.retry);
  made.timeout = options.timeout;
  made.total_timeout = options.total_timeout;
  made.heartbeat = options.heartbeat;
  made.run_if = options.run_if;
  made.on_failure = options.on_failure;
  made.max_children = options.max_children;
  made.resources = std::move(options.resources);
  made.compensate = std::move(options.compensate);
  made.after = std::move(options.after);
  made.input = std::move(input);
  return made;
}

} // namespace dagger::plan
