// Reads the parts of a job file, then checks what a schema cannot say.
#include <dagger/graph/file_reader.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/file_words.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <limits>

namespace dagger::graph {

namespace {

/// The member, if it is there and of the right type.
json* member(json& object, const char* name, bool (json::*is)() const noexcept) {
  auto found = object.find(name);
  return found != object.end() && ((*found).*is)() ? &*found : nullptr;
}

std::string text_of(json& object, const char* name) {
  auto found = member(object, name, &json::is_string);
  return found ? std::move(found->get_ref<std::string&>()) : std::string{};
}

bool flag_of(json& object, const char* name) {
  auto found = member(object, name, &json::is_boolean);
  return found && found->get<bool>();
}

std::int32_t number_of(json& object, const char* name) {
  auto found = member(object, name, &json::is_number);
  auto x = found ? found->get<double>() : 0.0;
  constexpr auto most = static_cast<double>(std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(std::clamp(x, -most - 1, most));
}

std::uint32_t count_of(const json& x) {
  constexpr auto most = static_cast<double>(std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(std::clamp(x.get<double>(), 1.0, most));
}

/// A list of strings; `complete` is false if something else stands in it.
std::vector<std::string> texts_of(json& object, const char* name, bool* complete = nullptr) {
  auto made = std::vector<std::string>{};
  auto list = member(object, name, &json::is_array);
  if (!list)
    return made;
  for (auto& x : *list)
    if (x.is_string())
      made.push_back(std::move(x.get_ref<std::string&>()));
    else if (complete)
      *complete = false;
  return made;
}

/// Amounts that a double holds exactly; the schema bounds them.
resources resources_of(json& object) {
  auto made = resources{};
  if (auto found = member(object, "resources", &json::is_object))
    for (auto& [name, amount] : found->items())
      if (amount.is_number() && amount.get<double>() >= 1 && amount.get<double>() < 9.1e15)
        made[name] = static_cast<std::uint64_t>(amount.get<double>());
  return made;
}

std::string task_pointer(std::size_t index, std::string_view rest = {}) {
  return "/tasks/" + std::to_string(index) + std::string{rest};
}

bool good_input_name(std::string_view name) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
        || c == '-';
  };
  return !name.empty() && name.size() <= limits::name_bytes && name.front() != '-'
      && std::all_of(name.begin(), name.end(), good);
}

} // namespace

file_reader::file_reader(json& file, const load_options& options, findings& found)
  : file_(file),
    options_(options),
    found_(found) {
  for (auto& agent : options.agents) {
    agents_.emplace(agent.name, &agent);
    agent_names_.push_back(agent.name);
  }
}

spec file_reader::read() {
  read_head();
  read_inputs();
  read_tasks();
  for (auto i = std::size_t{0}; i < made_.nodes.size(); ++i) {
    check_agent(i);
    bind(i);
  }
  read_outputs();
  check_allowed_agents();
  check_definition();
  warn_of_unused_inputs();
  return std::move(made_);
}

void file_reader::read_head() {
  made_.name = text_of(file_, "job");
  made_.description = text_of(file_, "description");
  if (auto version = file_.find("version"); version != file_.end() && version->is_number())
    made_.version = to_text(*version);
  else
    made_.version = text_of(file_, "version");
  made_.author = text_of(file_, "author");
  made_.tags = texts_of(file_, "tags");
  made_.priority = number_of(file_, "priority");
  made_.allowed_agents = texts_of(file_, "allowed_agents");
  made_.stall_action = stall_action_of(text_of(file_, "on_stall"));
  made_.planning_agent = text_of(file_, "planning_agent");
  made_.on_failure = on_failure_of(text_of(file_, "on_failure"));
  made_.resources = resources_of(file_);
  read_limits();
}

void file_reader::read_limits() {
  auto limits = member(file_, "limits", &json::is_object);
  if (!limits)
    return;
  auto read = [&](const char* name, std::uint32_t& to) {
    if (auto found = member(*limits, name, &json::is_number); found && found->get<double>() >= 1)
      to = count_of(*found);
  };
  read("tasks", made_.limits.tasks);
  read("depth", made_.limits.depth);
  read("running", made_.limits.running);
  made_.limits.deadline = duration_at(*limits, "deadline", "/limits");
}

void file_reader::read_inputs() {
  inputs_declared_ = file_.contains("inputs");
  if (auto inputs = member(file_, "inputs", &json::is_object))
    for (auto& [name, schema] : inputs->items())
      read_input(name, schema);
}

void file_reader::read_input(const std::string& name, const json& schema) {
  auto pointer = join_pointer("/inputs", name);
  if (!good_input_name(name))
    found_.add_at_key(pointer, to_text(json(name)) + " is no name of an input",
                      "letters, digits, '_' and '-'");
  auto made = declared_input{};
  made.name = name;
  input_set_.insert(name);
  input_names_.push_back(name);
  if (schema.is_object() || schema.is_boolean()) {
    auto compiled = schema::validator::compile(schema);
    if (!compiled)
      found_.add(pointer + compiled.error().where, compiled.error().message, compiled.error().hint);
    else
      made.validator = std::move(*compiled);
    made.schema = schema;
  }
  if (auto fallback = schema.is_object() ? schema.find("default") : schema.end();
      fallback != schema.end()) {
    for (auto& broken : made.validator.check(*fallback))
      found_.add(pointer + "/default" + broken.pointer, broken.message);
    made.fallback = *fallback;
  }
  made_.inputs.push_back(std::move(made));
}

void file_reader::read_tasks() {
  auto tasks = member(file_, "tasks", &json::is_array);
  if (!tasks)
    return;
  made_.nodes.resize(tasks->size());
  origins_.resize(tasks->size());
  task_names_.reserve(tasks->size());
  for (auto i = std::size_t{0}; i < tasks->size(); ++i)
    if ((*tasks)[i].is_object())
      read_task(i, (*tasks)[i]);
  for (auto& node : made_.nodes)
    if (!node.task.name.empty() && task_set_.insert(node.task.name).second)
      task_names_.push_back(node.task.name);
}

void file_reader::read_task(std::size_t index, json& from) {
  auto& task = made_.nodes[index].task;
  task.name = text_of(from, "name");
  task.agent = text_of(from, "agent");
  origins_[index].has_agent = !task.agent.empty();
  task.description = text_of(from, "description");
  task.kind = kind_of(text_of(from, "kind"));
  task.priority = number_of(from, "priority");
  task.optional = flag_of(from, "optional");
  task.at_most_once = flag_of(from, "at_most_once");
  task.timeout = duration_at(from, "timeout", task_pointer(index));
  task.total_timeout = duration_at(from, "total_timeout", task_pointer(index));
  task.heartbeat = duration_at(from, "heartbeat", task_pointer(index));
  read_place(index, from);
  read_retry(index, from);
  auto complete = true;
  auto after = texts_of(from, "after", &complete);
  if (complete)
    task.after.assign(std::make_move_iterator(after.begin()), std::make_move_iterator(after.end()));
  origins_[index].after = task.after.size();
  read_task_inputs(index, from);
}

/// What it says about those before it, beside it and after it.
void file_reader::read_place(std::size_t index, json& from) {
  auto& task = made_.nodes[index].task;
  task.run_if = run_if_of(text_of(from, "run_if"));
  if (auto policy = text_of(from, "on_failure"); !policy.empty())
    task.on_failure = on_failure_of(policy);
  if (auto most = member(from, "max_children", &json::is_number))
    task.max_children = count_of(*most);
  task.resources = resources_of(from);
  task.compensate = text_of(from, "compensate");
}

void file_reader::read_retry(std::size_t index, json& from) {
  auto& task = made_.nodes[index].task;
  auto pointer = task_pointer(index, "/retry");
  auto tries = member(from, "try_count", &json::is_number);
  auto retry = member(from, "retry", &json::is_object);
  if (!tries && !retry)
    return;
  auto& made = task.retry.emplace();
  if (tries)
    made.max_attempts = count_of(*tries);
  if (!retry)
    return;
  auto attempts = member(*retry, "max_attempts", &json::is_number);
  if (attempts && tries)
    found_.add_at_key(task_pointer(index, "/try_count"), "retry.max_attempts says the same",
                      "give one of them");
  if (attempts)
    made.max_attempts = count_of(*attempts);
  if (!attempts && !tries)
    found_.warn(pointer, "without max_attempts, nothing is tried again");
  made.backoff = backoff_of(text_of(*retry, "backoff"));
  made.initial = duration_at(*retry, "initial", pointer).value_or(made.initial);
  made.max = duration_at(*retry, "max", pointer).value_or(made.max);
  if (auto multiplier = member(*retry, "multiplier", &json::is_number))
    made.multiplier = std::max(multiplier->get<double>(), 0.0);
  if (auto jitter = member(*retry, "jitter", &json::is_number))
    made.jitter = std::clamp(jitter->get<double>(), 0.0, 1.0);
  made.retry_on = texts_of(*retry, "retry_on");
  made.abort_on = texts_of(*retry, "abort_on");
}

std::optional<duration> file_reader::duration_at(json& from, const char* key,
                                                 const std::string& pointer) {
  auto found = from.find(key);
  if (found == from.end() || (!found->is_string() && !found->is_number()))
    return std::nullopt;
  if (found->is_number() && found->get<double>() < 0) // the schema says so
    return std::nullopt;
  auto read = parse_duration(found->is_string() ? found->get_ref<std::string&>() : to_text(*found));
  if (read)
    return *read;
  found_.add(pointer + "/" + key, read.error().message, read.error().hint);
  return std::nullopt;
}

void file_reader::read_task_inputs(std::size_t index, json& from) {
  auto& node = made_.nodes[index];
  node.inputs = json::object();
  auto inputs = from.find("inputs");
  if (inputs == from.end())
    return;
  if (inputs->is_object())
    node.inputs = std::move(*inputs);
  else if (inputs->is_array())
    read_listed_inputs(index, *inputs);
}

void file_reader::read_listed_inputs(std::size_t index, json& from) {
  auto& node = made_.nodes[index];
  node.listed.resize(from.size());
  auto pointer = task_pointer(index, "/inputs/");
  for (auto i = std::size_t{0}; i < from.size(); ++i) {
    auto& item = from[i];
    auto place = pointer + std::to_string(i);
    if (!item.is_object())
      continue;
    auto name = text_of(item, "name");
    if (name.empty())
      continue;
    auto value = item.find("value");
    auto reference = item.find("reference");
    if ((value == item.end()) == (reference == item.end())) {
      found_.add(place, "one of 'value' and 'reference' is needed");
      continue;
    }
    if (node.inputs.contains(name)) {
      found_.add(place + "/name", "duplicate input '" + name + "'");
      continue;
    }
    node.listed[i] = {name, value == item.end()};
    if (value != item.end())
      node.inputs[name] = std::move(*value);
    else if (reference->is_string())
      node.inputs[name] = "${" + reference->get_ref<std::string&>() + "}";
  }
}

void file_reader::bind(std::size_t index) {
  auto& node = made_.nodes[index];
  auto references = references_in(node.inputs);
  bound_after_.clear();
  if (!references.empty())
    for (auto& x : node.task.after)
      bound_after_.insert(x.name);
  for (auto& x : references) {
    auto pointer = input_pointer(made_, index, x.pointer);
    if (x.open)
      found_.add(pointer, "'${' without '}'", "write '$${' for the text '${'");
    else
      bind_reference(index, pointer, x.text);
  }
  if (!references.empty())
    return;
  auto value = resolve(node.inputs, [](auto) -> result<std::optional<json>> { return {}; });
  if (!value)
    return;
  check_literal_input(index, *value);
  node.task.input = payload::from(std::move(*value));
  node.inputs = nullptr;
}

void file_reader::bind_reference(std::size_t index, const std::string& pointer,
                                 std::string_view text) {
  auto& node = made_.nodes[index];
  auto ref = parse_reference(text, [&](std::string_view id) { return task_set_.contains(id); });
  if (!ref) {
    auto unknown = ref.error().code == code::not_found;
    found_.add(pointer, ref.error().message,
               unknown ? unknown_task_hint(ref.error().where) : ref.error().hint);
    return;
  }
  if (ref->of_inputs()) {
    use_input(ref->path, pointer);
    node.binding = std::max(node.binding, node::binding::of_inputs);
    return;
  }
  node.binding = node::binding::of_nodes;
  node.task.templated = true;
  if (!bound_after_.insert(ref->node).second)
    return;
  node.task.after.emplace_back(ref->node);
  origins_[index].implied.push_back(pointer);
}

void file_reader::use_input(const std::vector<std::string>& path, const std::string& pointer) {
  if (path.empty()) {
    all_inputs_used_ = true;
    return;
  }
  auto& name = path.front();
  used_inputs_.insert(name);
  if (input_set_.contains(name))
    return;
  if (inputs_declared_) {
    found_.add(pointer, "unknown input '" + name + "'", found_.suggestion(name, input_names_));
    return;
  }
  input_set_.insert(name);
  auto made = declared_input{};
  made.name = name;
  made_.inputs.push_back(std::move(made));
}

std::string file_reader::unknown_task_hint(std::string_view word) {
  return word == "input" ? "did you mean 'inputs'?" : found_.suggestion(word, task_names_);
}

void file_reader::check_agent(std::size_t index) {
  auto& agent = made_.nodes[index].task.agent;
  if (options_.allow_unknown_agents || !origins_[index].has_agent || agents_.contains(agent))
    return;
  auto pointer = task_pointer(index, "/agent");
  found_.add(pointer, "unknown agent '" + agent + "'", found_.suggestion(agent, agent_names_));
  unknown_agents_.insert(std::move(pointer)); // one complaint is enough
}

void file_reader::check_literal_input(std::size_t index, const json& value) {
  auto agent = agents_.find(made_.nodes[index].task.agent);
  if (agent == agents_.end() || !agent->second->input)
    return;
  for (auto& broken : agent->second->input->check(value))
    found_.add(input_pointer(made_, index, broken.pointer), broken.message);
}

void file_reader::check_allowed_agents() {
  if (options_.allow_unknown_agents)
    return;
  for (auto i = std::size_t{0}; i < made_.allowed_agents.size(); ++i)
    check_agent_name("/allowed_agents/" + std::to_string(i), made_.allowed_agents[i]);
  if (!made_.planning_agent.empty())
    check_agent_name("/planning_agent", made_.planning_agent);
  for (auto i = std::size_t{0}; i < made_.nodes.size(); ++i)
    if (auto& agent = made_.nodes[i].task.compensate; !agent.empty())
      check_agent_name(task_pointer(i, "/compensate"), agent);
}

void file_reader::check_agent_name(const std::string& pointer, const std::string& name) {
  if (agents_.contains(name))
    return;
  found_.add(pointer, "unknown agent '" + name + "'", found_.suggestion(name, agent_names_));
  unknown_agents_.insert(pointer);
}

void file_reader::read_outputs() {
  auto outputs = member(file_, "outputs", &json::is_object);
  if (!outputs)
    return;
  auto known = [&](std::string_view id) { return task_set_.contains(id); };
  for (auto& [name, text] : outputs->items()) {
    if (!text.is_string())
      continue;
    auto pointer = join_pointer("/outputs", name);
    auto& reference = text.get_ref<const std::string&>();
    auto ref = parse_reference(reference, known);
    if (!ref) {
      auto unknown = ref.error().code == code::not_found;
      found_.add(pointer, ref.error().message,
                 unknown ? unknown_task_hint(ref.error().where) : ref.error().hint);
      continue;
    }
    if (ref->of_inputs())
      use_input(ref->path, pointer);
    made_.outputs.emplace_back(name, reference);
  }
}

/// What a definition made elsewhere is checked for as well: names, limits, cycles.
void file_reader::check_definition() {
  if (!file_.contains("tasks") || !file_["tasks"].is_array())
    return;
  auto definition = plan::job_spec{};
  definition.id = "file";
  definition.allowed_agents = made_.allowed_agents;
  definition.limits = made_.limits;
  definition.stall_action = made_.stall_action;
  definition.planning_agent = made_.planning_agent;
  definition.resources = made_.resources;
  definition.tasks.reserve(made_.nodes.size());
  for (auto i = std::size_t{0}; i < made_.nodes.size(); ++i) {
    definition.tasks.push_back(std::move(made_.nodes[i].task));
    if (!origins_[i].has_agent) // the schema says so
      unknown_agents_.insert(task_pointer(i, "/agent"));
  }
  for (auto& x : plan::problems(definition))
    if (auto pointer = pointer_of(x); !unknown_agents_.contains(pointer))
      found_.add(pointer, x.message, x.hint);
  for (auto i = std::size_t{0}; i < made_.nodes.size(); ++i)
    made_.nodes[i].task = std::move(definition.tasks[i]);
}

/// `tasks[3].after[1]` in the terms of the file.
std::string file_reader::pointer_of(const error& problem) const {
  auto pointer = "/" + problem.where;
  std::replace(pointer.begin(), pointer.end(), '[', '/');
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  std::erase(pointer, ']');
  auto steps = pointer_steps(pointer);
  if (steps.size() < 3)
    return pointer;
  auto index = std::stoul(steps[1]);
  if (steps[2] == "input")
    return task_pointer(index, "/inputs");
  if (steps[2] != "after")
    return pointer;
  auto entry = std::stoul(steps[3]);
  auto& from = origins_[index];
  return entry < from.after ? pointer : from.implied[entry - from.after];
}

void file_reader::warn_of_unused_inputs() {
  if (all_inputs_used_)
    return;
  for (auto& input : made_.inputs)
    if (!used_inputs_.contains(input.name))
      found_.warn(join_pointer("/inputs", input.name), "this input is not used");
}

} // namespace dagger::graph
