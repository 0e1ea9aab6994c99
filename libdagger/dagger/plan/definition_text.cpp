// One list of members for writing, one for reading. Payloads pass as the text that they are: so the
// hash stays what it was, and they may nest as deep as they are allowed to.
#include <dagger/plan/definition_text.hpp>

#include <dagger/codec/members.hpp>

namespace dagger::plan {

namespace {

// In the order of the enums.
constexpr std::string_view kinds[] = {"objective", "story", "task", "subtask"};
constexpr std::string_view backoffs[] = {"fixed", "linear", "exponential"};
constexpr std::string_view stall_actions[] = {"fail_wait", "notify_planning_agent", "terminate_job",
                                              "callback"};

constexpr std::string_view conditions[] = {"all_success", "all_done", "one_success", "one_failed",
                                           "none_failed"};
constexpr std::string_view policies[] = {"continue", "stop", "pause"};

template <class T>
void put(json& to, const char* name, const T& x, const T& usual) {
  if (!(x == usual))
    to[name] = x;
}

void put(json& to, const char* name, const payload& x) {
  if (!x.empty())
    to[name] = x.bytes();
}

void put(json& to, const char* name, const std::optional<duration>& x) {
  if (x)
    to[name] = x->count();
}

json to_json(const job_limits& x) {
  auto made = json{{"tasks", x.tasks}, {"depth", x.depth}, {"running", x.running}};
  put(made, "deadline", x.deadline);
  return made;
}

/// A number stands for the n-th task, a string for a name.
json to_json(const task_ref& x) {
  return x.added == task_ref::by_name ? json(x.name) : json(x.added);
}

json to_json(const task_spec& x) {
  static const auto usual = task_spec{};
  auto made = json{{"agent", x.agent}};
  put(made, "name", x.name, usual.name);
  put(made, "description", x.description, usual.description);
  if (x.kind != usual.kind)
    made["kind"] = kinds[static_cast<std::size_t>(x.kind)];
  put(made, "priority", x.priority, usual.priority);
  put(made, "optional", x.optional, usual.optional);
  put(made, "at_most_once", x.at_most_once, usual.at_most_once);
  put(made, "templated", x.templated, usual.templated);
  if (x.retry)
    made["retry"] = plan::to_json(*x.retry);
  put(made, "timeout", x.timeout);
  put(made, "total_timeout", x.total_timeout);
  put(made, "heartbeat", x.heartbeat);
  if (x.run_if != usual.run_if)
    made["run_if"] = conditions[static_cast<std::size_t>(x.run_if)];
  if (x.on_failure)
    made["on_failure"] = policies[static_cast<std::size_t>(*x.on_failure)];
  put(made, "max_children", x.max_children, usual.max_children);
  put(made, "resources", x.resources, usual.resources);
  put(made, "compensate", x.compensate, usual.compensate);
  for (auto& on : x.after)
    made["after"].push_back(to_json(on));
  put(made, "input", x.input);
  return made;
}

void read(members& from, const char* name, payload& to) {
  auto text = std::optional<std::string>{};
  from.read(name, text);
  if (!text)
    return;
  to = payload::from_bytes(std::move(*text));
  try {
    to.value();
  } catch (const error& why) {
    from.wrong("is no text of JSON: " + why.message, from.path_of(name));
  }
}

void read(members& from, job_limits& to) {
  from.read("tasks", to.tasks);
  from.read("depth", to.depth);
  from.read("running", to.running);
  from.read("deadline", to.deadline);
}

void read_after(members& from, std::vector<task_ref>& to) {
  auto* list = from.find("after");
  if (!list)
    return;
  if (!list->is_array())
    return from.wrong("must be a list", from.path_of("after"));
  for (auto& x : *list)
    if (x.is_string())
      to.emplace_back(x.get<std::string>());
    else if (x.is_number_unsigned() && x.get<std::uint64_t>() < task_ref::by_name)
      to.push_back(task_ref::nth(x.get<std::uint32_t>()));
    else
      from.wrong("must be the name of a task or its number", from.path_of("after"));
}

void read(members& from, task_spec& to) {
  from.need("agent", to.agent);
  from.read("name", to.name);
  from.read("description", to.description);
  from.read_enum("kind", to.kind, kinds);
  from.read("priority", to.priority);
  from.read("optional", to.optional);
  from.read("at_most_once", to.at_most_once);
  from.read("templated", to.templated);
  from.inside("retry", [&](members& x) { plan::read(x, to.retry.emplace()); });
  from.read("timeout", to.timeout);
  from.read("total_timeout", to.total_timeout);
  from.read("heartbeat", to.heartbeat);
  from.read_enum("run_if", to.run_if, conditions);
  if (from.find("on_failure"))
    from.read_enum("on_failure", to.on_failure.emplace(), policies);
  from.read("max_children", to.max_children);
  from.read("resources", to.resources);
  from.read("compensate", to.compensate);
  read_after(from, to.after);
  read(from, "input", to.input);
}

} // namespace

json to_json(const retry_policy& x) {
  return {{"max_attempts", x.max_attempts},
          {"initial", x.initial.count()},
          {"backoff", backoffs[static_cast<std::size_t>(x.backoff)]},
          {"multiplier", x.multiplier},
          {"max", x.max.count()},
          {"jitter", x.jitter},
          {"retry_on", x.retry_on},
          {"abort_on", x.abort_on}};
}

void read(members& from, retry_policy& to) {
  from.read("max_attempts", to.max_attempts);
  from.read("initial", to.initial);
  from.read_enum("backoff", to.backoff, backoffs);
  from.read("multiplier", to.multiplier);
  from.read("max", to.max);
  from.read("jitter", to.jitter);
  from.read("retry_on", to.retry_on);
  from.read("abort_on", to.abort_on);
}

json to_json(const job_spec& x) {
  static const auto usual = job_spec{};
  auto made = json{{"id", x.id}, {"tasks", json::array()}};
  put(made, "name", x.name, usual.name);
  put(made, "description", x.description, usual.description);
  put(made, "priority", x.priority, usual.priority);
  put(made, "tags", x.tags, usual.tags);
  put(made, "created_by", x.created_by, usual.created_by);
  put(made, "traceparent", x.traceparent, usual.traceparent);
  put(made, "inputs", x.inputs);
  put(made, "outputs", x.outputs);
  put(made, "allowed_agents", x.allowed_agents, usual.allowed_agents);
  if (!(x.limits == usual.limits))
    made["limits"] = to_json(x.limits);
  if (x.stall_action != usual.stall_action)
    made["stall_action"] = stall_actions[static_cast<std::size_t>(x.stall_action)];
  put(made, "planning_agent", x.planning_agent, usual.planning_agent);
  if (x.on_failure != usual.on_failure)
    made["on_failure"] = policies[static_cast<std::size_t>(x.on_failure)];
  put(made, "resources", x.resources, usual.resources);
  put(made, "is_flow", x.is_flow, usual.is_flow);
  if (x.retry)
    made["retry"] = plan::to_json(*x.retry);
  put(made, "folder", x.folder, usual.folder);
  for (auto& task : x.tasks)
    made["tasks"].push_back(to_json(task));
  return made;
}

result<job_spec> spec_from(const json& text) {
  auto made = job_spec{};
  auto from = members{text};
  from.need("id", made.id);
  from.read("name", made.name);
  from.read("description", made.description);
  from.read("priority", made.priority);
  from.read("tags", made.tags);
  from.read("created_by", made.created_by);
  from.read("traceparent", made.traceparent);
  read(from, "inputs", made.inputs);
  read(from, "outputs", made.outputs);
  from.read("allowed_agents", made.allowed_agents);
  from.inside("limits", [&](members& x) { read(x, made.limits); });
  from.read_enum("stall_action", made.stall_action, stall_actions);
  from.read("planning_agent", made.planning_agent);
  from.read_enum("on_failure", made.on_failure, policies);
  from.read("resources", made.resources);
  from.read("is_flow", made.is_flow);
  from.inside("retry", [&](members& x) { read(x, made.retry.emplace()); });
  from.read("folder", made.folder);
  from.each("tasks", [&](members& x) { read(x, made.tasks.emplace_back()); });
  if (auto why = from.end())
    return fail(std::move(*why));
  return made;
}

} // namespace dagger::plan
