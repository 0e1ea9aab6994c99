// Binds what a file refers to, then looks at each node and at the whole.
#include <dagger/graph/checks.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/placeholders.hpp>
#include <dagger/graph/flow_tasks.hpp>
#include <dagger/graph/reach.hpp>
#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger::graph {

agent_index::agent_index(std::span<const known_agent> agents) {
  for (auto& x : agents) {
    by_name_.emplace(x.name, &x);
    names_.push_back(x.name);
  }
}

const known_agent* agent_index::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

checks::checks(spec& file, const agent_index& agents, const load_options& options, findings& found,
               bool has_nodes, std::size_t others)
  : file_(file),
    agents_(agents),
    options_(options),
    found_(found),
    binder_(file,
            [this](auto& pointer, error why, auto at) { complain(pointer, std::move(why), at); }),
    has_nodes_(has_nodes),
    own_(file.nodes.size() - others) {
  ids_.reserve(file.nodes.size());
  for (auto& x : file.nodes)
    if (!x.id.empty())
      ids_.push_back(x.id);
  for (auto& x : file.inputs) {
    input_names_.push_back(x.name);
    input_set_.insert(x.name);
  }
}

void checks::run() {
  bind_all();
  for (auto i = std::size_t{0}; i < own_; ++i)
    check_node(i, bindings_[i]);
  check_outputs();
  check_allowed_agents();
  check_definition();
  check_ids();
  if (own_ < file_.nodes.size())
    return;
  for (auto [index, reason] : out_of_reach(file_, bindings_))
    found_.warn(node_pointer(file_, index),
                in_words_of(file_.kind, "this task never runs, because '") + file_.nodes[reason].id
                  + "' does not");
  warn_of_unused_inputs();
}

void checks::complain(const std::string& pointer, error why, std::optional<position> at) {
  auto hint = in_words_of(file_.kind, why.hint);
  if (why.code == code::not_found)
    hint = why.where == "input"                        ? "did you mean 'inputs'?"
         : why.where == "item" || why.where == "index" ? "only a for_each has it"
         : why.where == "previous"                     ? "only a repeat has it"
                                                       : found_.suggestion(why.where, ids_);
  found_.add(pointer, in_words_of(file_.kind, why.message), std::move(hint), at);
}

void checks::bind_all() {
  bindings_.reserve(file_.nodes.size());
  for (auto i = std::size_t{0}; i < file_.nodes.size(); ++i) {
    bindings_.push_back(binder_.bind(i));
    use_inputs(bindings_.back());
  }
}

void checks::use_inputs(const node_binding& x) {
  for (auto& input : x.inputs)
    use_input(input);
}

void checks::use_input(const node_binding::named& x) {
  if (x.name.empty()) {
    all_inputs_used_ = true;
    return;
  }
  used_inputs_.insert(x.name);
  if (input_set_.contains(x.name))
    return;
  if (file_.inputs_declared) {
    auto message = "unknown input '" + x.name + "'";
    auto hint = found_.suggestion(x.name, input_names_);
    return x.may_be_missing ? found_.warn(x.pointer, message, hint)
                            : found_.add(x.pointer, message, hint);
  }
  input_set_.insert(x.name);
  auto made = declared_input{};
  made.name = x.name;
  file_.inputs.push_back(std::move(made));
}

void checks::check_node(std::size_t index, const node_binding& x) {
  auto& node = file_.nodes[index];
  check_actions(index);
  if (!node.flow().empty())
    check_sub_flow(index);
  else if (!x.refers)
    check_literal_input(index);
  if (node.cache)
    check_cache(index);
  check_placeholders(index);
  check_loops(index);
  auto& retry = node.retry;
  if (!retry.says_nothing() && !retry.max_attempts && !file_.config.retry.max_attempts)
    found_.warn(node_pointer(file_, index, "/retry"),
                "without max_attempts, nothing is tried again");
}

void checks::check_actions(std::size_t index) {
  auto& node = file_.nodes[index];
  auto pointer = [&](std::string_view key) {
    return node_pointer(file_, index, "/" + std::string{key});
  };
  if (node.action.empty()) // the schema says so
    reported_.insert(pointer(words_of(file_.kind).action));
  else if (!node.action.starts_with("flow:") && !agents_.find(node.action))
    check_action(pointer(words_of(file_.kind).action), node.action);
  if (!node.failure.empty())
    check_action(pointer("failure"), node.failure);
  if (!node.compensate.empty())
    check_action(pointer("compensate"), node.compensate);
}

void checks::check_action(const std::string& pointer, const std::string& name) {
  if (agents_.find(name))
    return;
  auto message = in_words_of(file_.kind, "unknown agent '" + name + "'");
  auto hint = found_.suggestion(name, agents_.names());
  if (options_.allow_unknown_agents) {
    if (options_.warn_of_unknown_agents)
      found_.warn(pointer, std::move(message), std::move(hint));
    return;
  }
  found_.add(pointer, std::move(message), std::move(hint));
  reported_.insert(pointer); // one complaint is enough
}

void checks::check_literal_input(std::size_t index) {
  auto& node = file_.nodes[index];
  auto agent = agents_.find(node.action);
  if (!agent || !agent->input)
    return;
  auto input = json::object();
  for (auto& x : node.inputs) {
    if (x.source != input_source::value)
      return;
    auto value = resolve(x.value, [](auto) -> result<std::optional<json>> { return {}; });
    if (!value)
      return;
    input[x.name] = std::move(*value);
  }
  for (auto& broken : agent->input->check(input)) {
    auto steps = pointer_steps(broken.pointer);
    auto same = [&](auto& x) { return !steps.empty() && x.name == steps.front(); };
    auto at = std::find_if(node.inputs.begin(), node.inputs.end(), same);
    if (at == node.inputs.end()) {
      found_.add(node_pointer(file_, index, "/inputs" + broken.pointer), broken.message);
      continue;
    }
    auto rest = std::string{};
    for (auto i = std::size_t{1}; i < steps.size(); ++i)
      rest = join_pointer(rest, steps[i]);
    found_.add(
      input_pointer(file_, index, static_cast<std::size_t>(at - node.inputs.begin()), rest),
      broken.message);
  }
}

void checks::check_cache(std::size_t index) {
  auto& node = file_.nodes[index];
  auto pointer = node_pointer(file_, index, "/cache");
  if (!node.flow().empty())
    return found_.add(pointer, "a sub-flow is not cached, its nodes can be");
  auto agent = agents_.find(node.action);
  if (agent && !agent->cacheable)
    found_.add(pointer,
               in_words_of(file_.kind, "agent '" + node.action + "' has no version, so its results")
                 + " cannot be told from those of an older one",
               "give it a version, or take cache away");
}

void checks::check_placeholders(std::size_t index) {
  auto& node = file_.nodes[index];
  for (auto i = std::size_t{0}; i < node.outputs.size(); ++i)
    if (!node.outputs[i].file.empty())
      check_names_in(node.outputs[i].file,
                     node_pointer(file_, index, "/outputs/" + std::to_string(i) + "/file"), index,
                     false);
  if (node.action != "shell")
    return;
  for (auto i = std::size_t{0}; i < node.inputs.size(); ++i)
    if (auto& x = node.inputs[i]; x.name == "script" && x.source == input_source::value
                                  && x.value.is_string() && references_in(x.value).empty())
      check_names_in(x.value.get_ref<const std::string&>(), input_pointer(file_, index, i), index,
                     true);
}

void checks::check_names_in(std::string_view text, const std::string& pointer, std::size_t index,
                            bool outputs_too) {
  auto& node = file_.nodes[index];
  auto names = std::vector<std::string>{};
  for (auto& x : node.inputs)
    names.push_back(x.name);
  if (outputs_too)
    for (auto& x : node.outputs)
      if (!x.file.empty())
        names.push_back(x.name);
  for (auto& [name, offset] : placeholders_in(text))
    if (std::find(names.begin(), names.end(), name) == names.end())
      found_.add(pointer, "no input '" + name + "' for the placeholder {" + name + "}",
                 names.empty() || found_.suggestion(name, names).empty()
                   ? "write '{{' and '}}' for the text '{' and '}'"
                   : found_.suggestion(name, names));
}

void checks::check_loops(std::size_t index) {
  auto& node = file_.nodes[index];
  if (!node.for_each.empty())
    return;
  if (node.max_parallel)
    found_.add_at_key(node_pointer(file_, index, "/max_parallel"),
                      "it says how many elements run at once, but there is no for_each");
  if (node.tolerate != tolerance{})
    found_.add_at_key(node_pointer(file_, index, "/tolerate"),
                      "it says how many elements may fail, but there is no for_each");
}

void checks::check_sub_flow(std::size_t index) {
  auto& node = file_.nodes[index];
  auto found = file_.sub_flows.find(node.flow());
  if (found == file_.sub_flows.end())
    return;
  auto& sub = *found->second;
  auto names = std::vector<std::string>{};
  for (auto& x : sub.inputs)
    names.push_back(x.name);
  for (auto i = std::size_t{0}; i < node.inputs.size(); ++i) {
    auto& x = node.inputs[i];
    auto place = std::find(names.begin(), names.end(), x.name);
    if (place == names.end()) {
      found_.add(input_pointer(file_, index, i),
                 "flow '" + sub.name + "' has no input '" + x.name + "'",
                 found_.suggestion(x.name, names));
      continue;
    }
    if (x.source == input_source::value && references_in(x.value).empty())
      for (auto& broken :
           sub.inputs[static_cast<std::size_t>(place - names.begin())].validator.check(x.value))
        found_.add(input_pointer(file_, index, i, broken.pointer), broken.message);
  }
  auto given = [&](auto& name) {
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](auto& x) { return x.name == name; });
  };
  for (auto& x : sub.inputs)
    if (!x.fallback && !given(x.name))
      found_.add(node_pointer(file_, index, "/inputs"),
                 "flow '" + sub.name + "' needs an input '" + x.name + "'");
  auto outputs = output_names(sub);
  for (auto i = std::size_t{0}; i < node.outputs.size(); ++i)
    if (auto& name = node.outputs[i].name;
        !name.empty() && std::find(outputs.begin(), outputs.end(), name) == outputs.end())
      found_.add(node_pointer(file_, index, "/outputs/" + std::to_string(i) + "/name"),
                 "flow '" + sub.name + "' has no output '" + name + "'",
                 found_.suggestion(name, outputs));
}

void checks::check_outputs() {
  for (auto& [name, reference] : file_.outputs) {
    auto used = node_binding{};
    binder_.bind_output(reference, join_pointer(at("/outputs"), name), used);
    use_inputs(used);
  }
}

void checks::check_allowed_agents() {
  if (options_.allow_unknown_agents)
    return;
  for (auto i = std::size_t{0}; i < file_.allowed_agents.size(); ++i)
    check_action(at("/allowed_agents/" + std::to_string(i)), file_.allowed_agents[i]);
  if (!file_.planning_agent.empty())
    check_action(at("/planning_agent"), file_.planning_agent);
}

/// What a definition made elsewhere is checked for as well: names, limits, cycles.
void checks::check_definition() {
  if (!has_nodes_) // the schema says so
    return;
  auto definition = skeleton_of(file_, bindings_);
  for (auto& x : plan::problems(definition))
    if (auto pointer = pointer_of(x); !is_of_another(x) && !reported_.contains(pointer))
      found_.add(pointer,
                 x.message.starts_with("cycle:") ? x.message : in_words_of(file_.kind, x.message),
                 in_words_of(file_.kind, x.hint));
}

/// "tasks[17].agent" of a run.
bool checks::is_of_another(const error& problem) const {
  constexpr auto before = std::string_view{"tasks["};
  return problem.where.starts_with(before)
      && std::stoul(problem.where.substr(before.size())) >= own_;
}

/// What is more narrow for ids in files than for names of tasks.
void checks::check_ids() {
  for (auto i = std::size_t{0}; i < own_; ++i) {
    auto& id = file_.nodes[i].id;
    auto pointer = [&] {
      return node_pointer(file_, i, "/" + std::string{words_of(file_.kind).id});
    };
    if (id.find_first_of("[]/") != id.npos)
      found_.add(pointer(), to_text(json(id)) + " is no name: letters, digits, '_', and after the "
                              + "first also '.' and '-'");
    else if (file_.kind == file_kind::flow && !id.empty() && id.front() >= '0' && id.front() <= '9')
      found_.add(pointer(), "an id begins with a letter or '_'");
  }
}

/// `tasks[3].after[1]` in the terms of the file.
std::string checks::pointer_of(const error& problem) const {
  auto pointer = "/" + problem.where;
  std::replace(pointer.begin(), pointer.end(), '[', '/');
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  std::erase(pointer, ']');
  auto steps = pointer_steps(pointer);
  auto& words = words_of(file_.kind);
  if (steps.front() == "resources")
    return at("/config" + pointer);
  if (steps.front() != "tasks")
    return at(pointer);
  if (steps.size() < 3)
    return at("/" + std::string{words.nodes} + pointer.substr(6));
  auto index = std::stoul(steps[1]);
  auto key = [&](std::string_view word) {
    return node_pointer(file_, index, "/" + std::string{word});
  };
  if (steps[2] == "input")
    return key("inputs");
  if (steps[2] == "name")
    return key(words.id);
  if (steps[2] == "agent")
    return key(words.action);
  if (steps[2] != "after")
    return node_pointer(file_, index, pointer.substr(steps[1].size() + 7));
  auto entry = std::stoul(steps[3]);
  auto explicit_ones = file_.nodes[index].dependencies.size();
  return entry < explicit_ones ? key(words.dependencies) + "/" + steps[3]
                               : bindings_[index].implied_at[entry - explicit_ones];
}

void checks::warn_of_unused_inputs() {
  if (all_inputs_used_)
    return;
  for (auto& input : file_.inputs)
    if (!used_inputs_.contains(input.name))
      found_.warn(join_pointer(at("/inputs"), input.name), "this input is not used");
}

} // namespace dagger::graph
