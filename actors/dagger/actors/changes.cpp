// Reads what there is, and says what is to become of it.
#include <dagger/actors/changes.hpp>

#include <dagger/actors/programs.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>
#include <dagger/graph/reference.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace dagger::actors {

namespace {

plan::job_status job_named(store::view& view, std::string_view id) {
  auto found = value_of(plan::find_job(view, id));
  if (!found)
    throw error{code::not_found, "there is no job '" + std::string{id} + "'"};
  return std::move(*found);
}

/// What its action does, below lists and repetitions.
const graph::node_program& innermost(const graph::node_program& x) {
  return x.body ? innermost(*x.body) : x;
}

/// The same with that changed.
graph::node_program with_innermost(graph::node_program x,
                                   const std::function<void(graph::node_program&)>& edit) {
  if (!x.body) {
    edit(x);
    return x;
  }
  x.body = std::make_shared<const graph::node_program>(with_innermost(*x.body, edit));
  return x;
}

/// Where its texts stand does not count.
graph::node_program without_places(graph::node_program x) {
  auto forget = [](graph::placed_text& text) { text = {.text = std::move(text.text)}; };
  forget(x.when);
  forget(x.until);
  for (auto& input : x.inputs)
    forget(input.text);
  if (x.body)
    x.body = std::make_shared<const graph::node_program>(without_places(*x.body));
  return x;
}

bool same_input(const json& a, const json& b) {
  if (!graph::is_program(a) || !graph::is_program(b))
    return a == b;
  return without_places(value_of(graph::decode(a))) == without_places(value_of(graph::decode(b)));
}

void set(std::vector<graph::program_input>& to, const std::string& name, const json& value) {
  auto at = std::ranges::find(to, name, &graph::program_input::name);
  if (at == to.end())
    at = to.insert(to.end(), {.name = name});
  *at = {.name = name, .value = graph::escape(value), .is_file = at->is_file};
}

} // namespace

bool has_been_removed(store::view& view, std::string_view job_id, std::string_view task) {
  auto all = value_of(plan::tasks_of(view, job_named(view, job_id).number));
  return std::ranges::any_of(all, [&](auto& x) {
    return x.name == task && x.replaced && x.error && x.error->message == "removed";
  });
}

changes::changes(store::view& view, const directory& agents, std::string_view job_id)
  : view_(view),
    agents_(agents),
    job_(job_named(view, job_id)),
    tasks_(value_of(plan::tasks_of(view, job_.number))) {
  for (auto i = std::size_t{0}; i < tasks_.size(); ++i)
    if (!tasks_[i].replaced)
      by_name_.emplace(tasks_[i].name, i);
}

const plan::task_status* changes::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tasks_[found->second];
}

const plan::task_status& changes::need(const std::string& name) const {
  if (auto found = find(name))
    return *found;
  auto names = std::vector<std::string>{};
  for (auto& [known, at] : by_name_)
    names.push_back(known);
  auto meant = nearest(name, names);
  throw error{code::not_found,
              "job '" + job_.id + "' has no task '" + name + "'",
              {},
              meant ? "did you mean '" + *meant + "'?" : ""};
}

json changes::input_of(const plan::task_status& task) {
  return value_of(
    plan::load_value(view_, job_.number, task.number, store::slot::input, task.input));
}

std::optional<graph::node_program> changes::program_of(const plan::task_status& task) {
  if (!task.templated)
    return std::nullopt;
  auto document = input_of(task);
  if (!graph::is_program(document))
    return std::nullopt;
  return value_of(graph::decode(document));
}

// -- adding -------------------------------------------------------------------

graph::running_graph changes::outline() {
  auto made = graph::running_graph{};
  made.inputs = value_of(
    plan::load_value(view_, job_.number, store::job_itself, store::slot::input, job_.inputs));
  if (!made.inputs.is_object())
    made.inputs = json::object();
  made.retry = job_.retry;
  for (auto& [name, at] : by_name_)
    made.nodes.push_back({.id = name, .action = tasks_[at].agent});
  made.describe = [this](graph::node& x) { describe(x); };
  made.flow_named = [this](std::string_view name) { return flow_named(name); };
  return made;
}

/// What it declares, and of what kind it is: both say what outputs it has.
void changes::describe(graph::node& to) {
  auto task = find(to.id);
  auto program = task ? program_of(*task) : std::nullopt;
  if (!program)
    return;
  auto& runs = innermost(*program);
  to.action = runs.agent;
  to.outputs = runs.outputs;
  if (program->agent == graph::for_each_agent)
    to.for_each = "list";
}

json changes::flow_named(std::string_view name) {
  for (auto& x : tasks_) {
    auto& agent = x.agent;
    if (agent != graph::sub_flow_agent && agent != graph::for_each_agent
        && agent != graph::repeat_agent)
      continue;
    auto program = program_of(x);
    if (!program)
      continue;
    auto& flow = innermost(*program).flow;
    if (flow.is_object() && flow.value("name", "") == name)
      return flow;
  }
  return nullptr;
}

tl::expected<changes::perhaps<plan::tasks_added>, std::vector<error>>
changes::add_nodes(const json& nodes, const node_options& from) {
  auto known = std::vector<graph::known_agent>{};
  auto kept = agents_.all();
  for (auto& x : kept)
    if (!x->options.name.starts_with("dagger."))
      known.push_back({x->options.name, &x->input, !x->options.version.empty()});
  auto read = graph::read_new_nodes(nodes, {from.file, from.folder}, outline(), {.agents = known});
  if (!read.problems.empty())
    return tl::unexpected(std::move(read.problems));
  return what_is_new(std::move(read.tasks));
}

changes::perhaps<plan::tasks_added> changes::add_task(plan::task_spec x) {
  if (auto why = agents_.refusal(x.agent, x.input.value(), x.templated))
    throw std::move(*why);
  auto tasks = std::vector<plan::task_spec>{};
  tasks.push_back(std::move(x));
  return what_is_new(std::move(tasks));
}

changes::perhaps<plan::tasks_added> changes::what_is_new(std::vector<plan::task_spec> tasks) {
  std::erase_if(tasks, [&](auto& x) { return is_there(x); });
  if (tasks.empty())
    return std::nullopt;
  return plan::tasks_added{job_.id, std::move(tasks)};
}

bool changes::is_there(const plan::task_spec& x) {
  auto there = x.name.empty() ? nullptr : find(x.name);
  if (!there)
    return false;
  if (auto what = difference(*there, x); !what.empty())
    throw error{code::id_conflict,
                "job '" + job_.id + "' has a task '" + x.name
                  + "' already, and it is not the same: " + what + " differs",
                {},
                "use another id"};
  return true;
}

/// What has been set since it came into being is not held against it.
std::string changes::difference(const plan::task_status& there, const plan::task_spec& x) {
  auto before = value_of(plan::definition_of(view_, job_.number, there.number));
  auto numbers = [&](const plan::task_spec& of) {
    auto made = std::vector<std::size_t>{};
    for (auto& ref : of.after)
      if (auto named = ref.added == task_ref::by_name ? find(ref.name) : nullptr)
        made.push_back(named->number);
      else
        made.push_back(ref.added);
    std::ranges::sort(made);
    return made;
  };
  if (before.agent != x.agent)
    return "its agent";
  if (numbers(before) != numbers(x))
    return "what it comes after";
  if (!there.has_new_input && !same_input(input_of(there), x.input.value()))
    return "its input";
  auto plain = x;
  for (auto each : {&plain, &before}) {
    each->after.clear();
    each->input = {};
  }
  return plain == before ? "" : "an option of it";
}

// -- changing what there is ---------------------------------------------------

plan::task_removed changes::remove(const std::string& task) {
  auto made = plan::task_removed{job_.id, need(task).name};
  if (auto handler = find(task + ".failure"))
    if (auto program = program_of(*handler); program && program->failure_of == task)
      made.along.push_back(handler->name);
  return made;
}

plan::task_enabled changes::enable(const std::string& task, bool enabled) {
  auto& there = need(task);
  auto made = plan::task_enabled{job_.id, there.name, enabled};
  auto program = enabled ? program_of(there) : std::nullopt;
  if (program && !program->enabled) {
    program->enabled = true;
    made.input = payload::from(graph::encode(*program));
  }
  return made;
}

changes::perhaps<plan::input_set> changes::set_input(const std::string& task, const json& values) {
  auto& there = need(task);
  auto input = with_values(there, values);
  if (input == input_of(there))
    return std::nullopt;
  check_input(there, input);
  auto text = to_payload(input, "the input");
  if (!text) {
    if (text.error().code == code::invalid_output)
      text.error().code = code::invalid_input;
    throw std::move(text.error());
  }
  return plan::input_set{job_.id, there.name, std::move(*text)};
}

json changes::with_values(const plan::task_status& task, const json& values) {
  value_of(check_shape(values, "the input"));
  auto input = input_of(task);
  auto program = program_of(task);
  if (graph::part_in(input) || (program && !program->failure_of.empty()))
    throw error{code::invalid_input, "what '" + task.name + "' gets is made by the node that it "
                                       + "belongs to: set the input of that"};
  if (!program) {
    auto literal = task.templated ? graph::escape(values) : values;
    if (!input.is_object() || !values.is_object())
      return literal;
    input.update(literal);
    return input;
  }
  if (!values.is_object())
    throw error{code::invalid_input, "the inputs of a node are a JSON object of values by name"};
  return graph::encode(with_innermost(std::move(*program), [&](graph::node_program& x) {
    auto declares = x.flow.is_object() && x.flow.contains("inputs");
    for (auto& [name, value] : values.items()) {
      if (declares && !x.flow["inputs"].contains(name))
        throw error{code::invalid_input,
                    "the flow that '" + task.name + "' runs has no input '" + name + "'"};
      set(x.inputs, name, value);
    }
  }));
}

/// As far as it is known before the visit.
void changes::check_input(const plan::task_status& task, const json& input) {
  auto known = input;
  auto agent = task.agent;
  if (graph::is_program(input)) {
    auto program = value_of(graph::decode(input));
    auto& runs = innermost(program);
    known = json::object();
    agent = runs.agent;
    for (auto& x : runs.inputs) {
      if (x.source != graph::input_source::value || x.is_file)
        return;
      known[x.name] = x.value;
    }
    auto is_file = [](auto& x) { return !x.file.empty(); };
    if (std::ranges::any_of(runs.outputs, is_file)) // their names come among the inputs
      return;
  }
  if (task.templated) {
    if (!graph::references_in(known).empty())
      return;
    known = value_of(graph::resolve(
      known, [](auto) -> result<std::optional<json>> { return std::optional<json>{}; }));
  }
  if (!agents_.find(agent)) // the engine that runs it has it
    return;
  if (auto why = agents_.refusal(agent, known, false))
    throw std::move(*why);
}

} // namespace dagger::actors
