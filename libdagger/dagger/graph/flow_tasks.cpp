// Makes tasks of nodes. Layers of a node, from the inside: its action or sub-flow, `repeat`,
// `for_each`; the outermost is the node's own task, each inner one the body of the next.
#include <dagger/graph/flow_tasks.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/spec_text.hpp>

#include <algorithm>
#include <unordered_set>

namespace dagger::graph {

namespace {

using source = input_source;

/// The agent of the outermost layer.
std::string_view outer_agent(const node& x) {
  return !x.for_each.empty() ? for_each_agent
       : x.repeat            ? repeat_agent
       : !x.flow().empty()   ? sub_flow_agent
                             : std::string_view{x.action};
}

/// The lower of two bounds, of which 0 is none.
std::uint32_t lower(std::uint32_t a, std::uint32_t b) {
  return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

/// How many nodes of the sub-flow that a node runs go at once; 0: any number.
std::uint32_t nodes_at_once(const spec& file, const node& x) {
  auto sub = file.sub_flows.find(x.flow());
  return sub == file.sub_flows.end() ? 0 : sub->second->config.max_parallel.value_or(0);
}

on_failure policy_of_flow(const spec& file) {
  return file.config.on_failure.value_or(file.kind == file_kind::flow ? on_failure::stop
                                                                      : on_failure::carry_on);
}

/// What the failure of a node does to its flow.
on_failure policy_of_node(const spec& file, const node& x) {
  return x.on_failure.value_or(x.optional ? on_failure::carry_on : policy_of_flow(file));
}

part_policy policy_of(const spec& file, const node& x) {
  return {.retry = retry_of(file, x),
          .timeout = x.timeout,
          .heartbeat = x.heartbeat,
          .priority = x.priority,
          .at_most_once = x.at_most_once,
          .resources = x.resources,
          .max_children = nodes_at_once(file, x)};
}

/// All of a task that its node says in so many words.
plan::task_spec bare_task(const spec& file, std::size_t index, const node_binding& bound,
                          const std::string& prefix) {
  auto& x = file.nodes[index];
  auto made = plan::task_spec{};
  made.name = prefix + x.id;
  made.agent = outer_agent(x);
  made.description = x.description;
  made.kind = x.kind;
  made.priority = x.priority;
  made.optional = x.optional;
  made.run_if = x.run_if;
  made.on_failure = x.on_failure;
  made.compensate = x.compensate;
  made.total_timeout = x.total_timeout;
  made.max_children = x.max_parallel.value_or(x.max_children.value_or(0));
  made.after.reserve(bound.after.size());
  for (auto& id : bound.after)
    made.after.emplace_back(prefix + id);
  if (x.for_each.empty() && !x.repeat) { // else it is for the parts
    auto policy = policy_of(file, x);
    made.retry = std::move(policy.retry);
    made.timeout = policy.timeout;
    made.heartbeat = policy.heartbeat;
    made.at_most_once = policy.at_most_once;
    made.resources = std::move(policy.resources);
    made.max_children = lower(made.max_children, policy.max_children);
  }
  return made;
}

/// Makes the tasks of one flow.
class maker {
public:
  maker(const spec& flow, const placement& where)
    : flow_(flow),
      where_(where),
      binder_(flow, [](auto&, error, auto) {}),
      can_stop_(where.of_sub_flow && flow.nodes.size() > 1
                && std::any_of(flow.nodes.begin(), flow.nodes.end(),
                               [&](auto& x) { return stops_flow(x); })) {}

  void add(std::size_t index) {
    auto& x = flow_.nodes[index];
    auto bound = binder_.bind(index);
    auto task = bare_task(flow_, index, bound, where_.prefix);
    if (where_.of_sub_flow) {
      auto policy = policy_of_node(flow_, x);
      task.optional = true;
      task.on_failure = policy == on_failure::pause ? policy : on_failure::carry_on;
    }
    if (needs_program(index, bound))
      give_program(task, index, bound);
    else
      give_input(task, index, bound);
    tasks_.push_back(std::move(task));
    if (!x.failure.empty())
      handlers_.push_back(failure_task(x));
  }

  tl::expected<std::vector<plan::task_spec>, std::vector<error>> take() {
    if (!problems_.empty())
      return tl::unexpected(std::move(problems_));
    std::move(handlers_.begin(), handlers_.end(), std::back_inserter(tasks_));
    return std::move(tasks_);
  }

private:
  bool stops_flow(const node& x) const {
    return policy_of_node(flow_, x) == on_failure::stop;
  }

  bool needs_program(std::size_t index, const node_binding& bound) const {
    auto& x = flow_.nodes[index];
    if (bound.computes || outer_agent(x) != x.action || !x.outputs.empty() || x.cache || !x.enabled
        || can_stop_ || (where_.of_sub_flow && bound.refers_to_nodes))
      return true;
    return std::any_of(x.inputs.begin(), x.inputs.end(), [&](auto& input) {
      return is_file(input) || input.name == "dagger.program";
    });
  }

  bool is_file(const node_input& x) const {
    if (x.source == source::file)
      return true;
    if (x.source != source::reference)
      return false;
    auto ref = parse_reference(x.text, [&](std::string_view id) { return binder_.is_node(id); });
    if (!ref || ref->path.size() != 1)
      return false;
    auto same = [&](auto& it) { return it.name == ref->path.front(); };
    if (ref->of_inputs()) {
      auto input = std::find_if(flow_.inputs.begin(), flow_.inputs.end(), same);
      return input != flow_.inputs.end() && input->is_file();
    }
    auto& outputs = flow_.nodes[*binder_.index_of(ref->node)].outputs;
    auto output = std::find_if(outputs.begin(), outputs.end(), same);
    return output != outputs.end() && !output->file.empty();
  }

  placed_text placed(const std::string& text, const std::string& pointer) const {
    auto made = placed_text{text, flow_.file, {}, to_path(pointer)};
    if (flow_.places)
      made.at = flow_.places->value(pointer);
    return made;
  }

  placed_text placed_when(std::size_t index) const {
    auto& x = flow_.nodes[index];
    return x.when.empty() ? placed_text{} : placed(x.when, node_pointer(flow_, index, "/when"));
  }

  /// Whether the condition is one of the elements, not of the node.
  bool reads_element(const placed_text& when) const {
    auto program = script::program::compile(when.text, {when.file, when.at});
    if (!program)
      return false;
    auto names = program->names();
    return std::any_of(names.begin(), names.end(), [](auto& x) {
      return x.path.front() == "item" || x.path.front() == "index";
    });
  }

  void give_program(plan::task_spec& task, std::size_t index, const node_binding& bound) {
    auto& x = flow_.nodes[index];
    auto layer = innermost(index, bound);
    auto policy = policy_of(flow_, x);
    if (x.repeat) {
      auto outer = around(layer, repeat_agent, policy);
      outer.until = placed(x.repeat->until, node_pointer(flow_, index, "/repeat/until"));
      outer.max_iterations = x.repeat->max;
      layer = std::move(outer);
      policy = {.priority = x.priority};
    }
    auto when = placed_when(index);
    auto of_elements = !x.for_each.empty() && !when.text.empty() && reads_element(when);
    if (of_elements)
      layer.when = when;
    if (!x.for_each.empty()) {
      auto outer = around(layer, for_each_agent, policy);
      outer.inputs.push_back({.name = "over",
                              .source = source::reference,
                              .text = placed(x.for_each, node_pointer(flow_, index, "/for_each"))});
      outer.tolerate = x.tolerate;
      outer.max_parallel = x.max_parallel.value_or(0);
      layer = std::move(outer);
    }
    if (!of_elements)
      layer.when = std::move(when);
    layer.enabled = x.enabled;
    layer.stops_flow = can_stop_ && stops_flow(x);
    layer.can_be_stopped =
      can_stop_ && x.run_if != run_if::all_done && x.run_if != run_if::one_failed;
    check_input_references(index);
    task.templated = true;
    task.input = payload::from(encode(layer));
  }

  node_program around(node_program& body, std::string_view agent, const part_policy& policy) const {
    auto made = node_program{};
    made.node = body.node;
    made.agent = agent;
    made.upstream = body.upstream;
    made.prefix = body.prefix;
    made.scope = body.scope;
    made.policy = policy;
    made.body = std::make_shared<const node_program>(std::move(body));
    return made;
  }

  node_program innermost(std::size_t index, const node_binding& bound) const {
    auto& x = flow_.nodes[index];
    auto made = node_program{};
    made.node = x.id;
    made.agent = x.flow().empty() ? std::string_view{x.action} : sub_flow_agent;
    made.outputs = x.outputs;
    for (auto& output : made.outputs)
      output.description.clear();
    made.cache = x.cache;
    made.upstream = bound.after;
    made.prefix = where_.prefix;
    if (where_.of_sub_flow)
      made.scope["inputs"] = inputs_for(bound);
    for (auto i = std::size_t{0}; i < x.inputs.size(); ++i) {
      auto& input = x.inputs[i];
      made.inputs.push_back({.name = input.name,
                             .source = input.source,
                             .value = input.value,
                             .text = placed(input.text, input_pointer(flow_, index, i)),
                             .is_file = is_file(input)});
    }
    if (auto sub = flow_.sub_flows.find(x.flow()); sub != flow_.sub_flows.end())
      made.flow = self_contained(*sub->second);
    return made;
  }

  /// The values of a sub-flow that a node reads.
  json inputs_for(const node_binding& bound) const {
    auto made = json::object();
    for (auto& x : bound.inputs)
      if (x.name.empty())
        return where_.inputs;
      else if (where_.inputs.contains(x.name))
        made[x.name] = where_.inputs[x.name];
    return made;
  }

  result<std::optional<json>> early_value(std::string_view text) const {
    auto ref = parse_reference(text, [&](std::string_view id) { return binder_.is_node(id); });
    if (!ref || !ref->of_inputs()) // local names are for later, too
      return std::nullopt;
    auto found = follow(where_.inputs, ref->path, "the inputs");
    if (!found)
      return fail(std::move(found.error()));
    return **found;
  }

  bool check_reference(std::string_view text, const std::string& pointer) {
    auto value = early_value(text);
    if (!value)
      problems_.push_back(error_at(flow_, pointer, std::move(value.error())));
    return value.has_value();
  }

  /// Paths into inputs that lead nowhere are told before anything runs.
  bool check_input_references(std::size_t index) {
    auto& x = flow_.nodes[index];
    auto good = true;
    for (auto i = std::size_t{0}; i < x.inputs.size(); ++i) {
      auto& input = x.inputs[i];
      if (input.source == source::reference)
        good &= check_reference(input.text, input_pointer(flow_, index, i));
      else if (input.source != source::expr)
        for (auto& ref :
             references_in(input.source == source::file ? json(input.text) : input.value))
          good &= check_reference(ref.text, input_pointer(flow_, index, i, ref.pointer));
    }
    return good;
  }

  /// A literal, or a template in which only references to nodes are left.
  void give_input(plan::task_spec& task, std::size_t index, const node_binding& bound) {
    auto& x = flow_.nodes[index];
    if (!check_input_references(index))
      return;
    auto value_of = [&](std::string_view text) { return early_value(text); };
    auto input = json::object();
    for (auto i = std::size_t{0}; i < x.inputs.size(); ++i) {
      auto& from = x.inputs[i];
      auto tmpl = from.source == source::reference ? json("${" + from.text + "}") : from.value;
      auto made = bound.refers_to_nodes ? resolve_some(tmpl, value_of) : resolve(tmpl, value_of);
      if (!made) {
        auto pointer = input_pointer(flow_, index, i, made.error().where);
        problems_.push_back(error_at(flow_, pointer, std::move(made.error())));
        return;
      }
      input[from.name] = std::move(*made);
    }
    task.templated = bound.refers_to_nodes;
    task.input = payload::from(std::move(input));
  }

  plan::task_spec failure_task(const node& x) const {
    auto program = node_program{};
    program.node = x.id;
    program.agent = x.failure;
    program.failure_of = x.id;
    program.upstream = {x.id};
    program.prefix = where_.prefix;
    auto made = task_beside(program, where_.prefix + x.id + ".failure", {.priority = x.priority});
    made.run_if = run_if::one_failed;
    return made;
  }

  const spec& flow_;
  const placement& where_;
  binder binder_;
  /// It is a sub-flow, and there are nodes whose failure stops it.
  bool can_stop_;
  std::vector<plan::task_spec> tasks_;
  /// Those of `failure:`.
  std::vector<plan::task_spec> handlers_;
  std::vector<error> problems_;
};

} // namespace

tl::expected<std::vector<plan::task_spec>, std::vector<error>> flow_tasks(const spec& flow,
                                                                          const placement& where) {
  return flow_tasks(flow, flow.nodes.size(), where);
}

tl::expected<std::vector<plan::task_spec>, std::vector<error>>
flow_tasks(const spec& flow, std::size_t count, const placement& where) {
  auto made = maker{flow, where};
  for (auto i = std::size_t{0}; i < count; ++i)
    made.add(i);
  return made.take();
}

plan::job_spec skeleton_of(const spec& file, std::span<const node_binding> bindings) {
  auto made = head_of(file);
  made.id = "file";
  made.tasks.reserve(file.nodes.size());
  for (auto i = std::size_t{0}; i < file.nodes.size(); ++i) {
    auto& x = file.nodes[i];
    auto& task = made.tasks.emplace_back(bare_task(file, i, bindings[i], {}));
    // What the file says, not what becomes of it.
    auto policy = policy_of(file, x);
    task.retry = std::move(policy.retry);
    task.timeout = policy.timeout;
    task.heartbeat = policy.heartbeat;
    task.resources = std::move(policy.resources);
    task.agent = x.flow().empty() ? x.action : std::string{sub_flow_agent};
  }
  return made;
}

plan::job_spec head_of(const spec& file) {
  auto made = plan::job_spec{};
  made.name = file.name;
  made.description = file.description;
  made.priority = file.priority;
  made.tags = file.tags;
  made.allowed_agents = file.allowed_agents;
  if (!made.allowed_agents.empty())
    for (auto agent : {for_each_agent, repeat_agent, sub_flow_agent})
      if (std::any_of(file.nodes.begin(), file.nodes.end(), [&](auto& x) {
            return (agent == for_each_agent && !x.for_each.empty())
                || (agent == repeat_agent && x.repeat)
                || (agent == sub_flow_agent && !x.flow().empty());
          }))
        made.allowed_agents.emplace_back(agent);
  made.limits = file.limits;
  if (file.config.max_parallel)
    made.limits.running = made.limits.running == 0
                          ? *file.config.max_parallel
                          : std::min(made.limits.running, *file.config.max_parallel);
  if (auto& timeout = file.config.timeout)
    made.limits.deadline = std::min(made.limits.deadline.value_or(*timeout), *timeout);
  made.stall_action = file.stall_action;
  made.planning_agent = file.planning_agent;
  made.on_failure = policy_of_flow(file);
  made.resources = file.config.resources;
  made.is_flow = file.kind == file_kind::flow;
  made.retry = retry_of(file, {});
  return made;
}

std::vector<std::pair<std::string, std::string>> outputs_of(const spec& flow) {
  if (!flow.outputs.empty())
    return flow.outputs;
  auto bound = binder{flow, [](auto&, error, auto) {}};
  auto needed = std::unordered_set<std::string>{};
  for (auto i = std::size_t{0}; i < flow.nodes.size(); ++i)
    for (auto& id : bound.bind(i).after)
      needed.insert(id);
  auto made = std::vector<std::pair<std::string, std::string>>{};
  for (auto& x : flow.nodes)
    if (!needed.contains(x.id))
      made.emplace_back(x.id, x.id);
  return made;
}

std::vector<std::string> output_names(const spec& flow) {
  auto made = std::vector<std::string>{};
  for (auto& [name, reference] : outputs_of(flow))
    made.push_back(name);
  return made;
}

result<json> sub_flow_output(const spec& flow, const placement& where,
                             const std::function<const json*(std::string_view task)>& output_of) {
  auto ids = node_index{flow.nodes};
  auto made = json::object();
  for (auto& [name, text] : outputs_of(flow)) {
    auto ref = parse_reference(text, [&](std::string_view id) { return ids.contains(id); });
    if (!ref)
      return fail(std::move(ref.error()));
    if (ref->of_inputs()) {
      auto value = follow(where.inputs, ref->path, "the inputs");
      if (!value)
        return fail(std::move(value.error()));
      made[name] = **value;
      continue;
    }
    auto value = read_output(*ref, output_of(where.prefix + ref->node));
    if (!value)
      return fail(std::move(value.error()));
    made[name] = std::move(*value);
  }
  return made;
}

} // namespace dagger::graph
