// One walk makes an ordered document; all texts come from it.
#include <dagger/graph/spec_text.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml_writer.hpp>
#include <dagger/value/node_rules.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace dagger::graph {

namespace {

using ordered = nlohmann::ordered_json;

template <class T>
void put(ordered& to, std::string_view name, const T& x, const T& usual = {}) {
  if (!(x == usual))
    to[std::string{name}] = x;
}

void put(ordered& to, std::string_view name, const std::optional<duration>& x) {
  if (x)
    to[std::string{name}] = dagger::to_text(*x);
}

template <class T>
void put_if(ordered& to, std::string_view name, const std::optional<T>& x) {
  if (x)
    to[std::string{name}] = *x;
}

std::string_view text_of(backoff x) {
  return x == backoff::fixed ? "fixed" : x == backoff::linear ? "linear" : "exponential";
}

std::string_view text_of(durability x) {
  return x == durability::none ? "none" : x == durability::relaxed ? "relaxed" : "sync";
}

std::string_view text_of(task_kind x) {
  return x == task_kind::objective ? "objective"
       : x == task_kind::story     ? "story"
       : x == task_kind::subtask   ? "subtask"
                                   : "task";
}

void put(ordered& to, std::string_view name, const retry_rule& x) {
  if (x.says_nothing())
    return;
  auto made = ordered::object();
  put_if(made, "max_attempts", x.max_attempts);
  if (x.backoff)
    made["backoff"] = text_of(*x.backoff);
  put(made, "initial", x.initial);
  put_if(made, "multiplier", x.multiplier);
  put(made, "max", x.max);
  put_if(made, "jitter", x.jitter);
  put_if(made, "retry_on", x.retry_on);
  put_if(made, "abort_on", x.abort_on);
  to[std::string{name}] = std::move(made);
}

void put(ordered& to, std::string_view name, const resources& x) {
  if (x.empty())
    return;
  auto& made = to[std::string{name}] = ordered::object();
  for (auto& [kind, amount] : x)
    made[kind] = amount;
}

/// A map if that says the same, else a list.
ordered inputs_of(const node& x) {
  using source = input_source;
  auto by_name = [](auto& a, auto& b) { return a.name < b.name; };
  auto plain = std::is_sorted(x.inputs.begin(), x.inputs.end(), by_name)
            && std::all_of(x.inputs.begin(), x.inputs.end(), [](auto& input) {
                 return input.source == source::value && input.description.empty();
               });
  auto made = plain ? ordered::object() : ordered::array();
  for (auto& input : x.inputs) {
    if (plain) {
      made[input.name] = ordered(input.value);
      continue;
    }
    auto item = ordered{{"name", input.name}};
    put(item, "description", input.description);
    if (input.source == source::value)
      item["value"] = ordered(input.value);
    else
      item[input.source == source::reference ? "reference"
           : input.source == source::expr    ? "expr"
                                             : "file"] = input.text;
    made.push_back(std::move(item));
  }
  return made;
}

ordered outputs_of_node(const node& x) {
  auto made = ordered::array();
  for (auto& output : x.outputs) {
    auto item = ordered{{"name", output.name}};
    put(item, "description", output.description);
    if (output.schema != json(true))
      item["schema"] = ordered(output.schema);
    put(item, "file", output.file);
    made.push_back(std::move(item));
  }
  return made;
}

ordered cache_of(const cache_rule& x) {
  if (x == cache_rule{.up_to_date = true})
    return "up_to_date";
  auto made = ordered::object();
  put(made, "ttl", x.ttl);
  put(made, "up_to_date", x.up_to_date);
  if (x.hash_content)
    made["hash"] = "content";
  return made;
}

std::string percent_text(double amount) {
  return dagger::to_text(json(amount)) + "%";
}

ordered document_of(const node& x, const vocabulary& words) {
  auto made = ordered::object();
  made[std::string{words.id}] = x.id;
  made[std::string{words.action}] = x.action;
  put(made, "description", x.description);
  put(made, "instructions", x.instructions);
  put(made, "kind", std::string{text_of(x.kind)}, std::string{"task"});
  put(made, words.dependencies, x.dependencies);
  put(made, "run_if", std::string{dagger::to_text(x.run_if)}, std::string{"all_success"});
  put(made, "when", x.when);
  put(made, "for_each", x.for_each);
  put_if(made, "max_parallel", x.max_parallel);
  put_if(made, "max_children", x.max_children);
  if (x.tolerate.percent)
    made["tolerate"] = percent_text(x.tolerate.amount);
  else if (x.tolerate.amount > 0)
    made["tolerate"] = static_cast<std::uint64_t>(x.tolerate.amount);
  if (x.repeat)
    made["repeat"] = {{"until", x.repeat->until}, {"max", x.repeat->max}};
  if (!x.inputs.empty())
    made["inputs"] = inputs_of(x);
  if (!x.outputs.empty())
    made["outputs"] = outputs_of_node(x);
  put(made, "retry", x.retry);
  put(made, "timeout", x.timeout);
  put(made, "total_timeout", x.total_timeout);
  put(made, "heartbeat", x.heartbeat);
  put(made, "priority", x.priority);
  put(made, "resources", x.resources);
  if (x.cache)
    made["cache"] = cache_of(*x.cache);
  put(made, "optional", x.optional);
  put(made, "enabled", x.enabled, true);
  put(made, "at_most_once", x.at_most_once);
  if (x.on_failure)
    made["on_failure"] = dagger::to_text(*x.on_failure);
  put(made, "failure", x.failure);
  put(made, "compensate", x.compensate);
  return made;
}

ordered config_of(const flow_config& x) {
  auto made = ordered::object();
  put_if(made, "max_parallel", x.max_parallel);
  put(made, "timeout", x.timeout);
  if (x.on_failure)
    made["on_failure"] = dagger::to_text(*x.on_failure);
  if (x.durability)
    made["durability"] = text_of(*x.durability);
  put(made, "resources", x.resources);
  put(made, "retry", x.retry);
  return made;
}

ordered limits_of(const job_limits& x) {
  auto made = ordered::object();
  put(made, "tasks", x.tasks);
  put(made, "depth", x.depth);
  put(made, "running", x.running);
  put(made, "deadline", x.deadline);
  return made;
}

/// All but the sub-flows.
ordered document_of(const spec& x) {
  auto& words = words_of(x.kind);
  auto made = ordered::object();
  made[std::string{words.name}] = x.name;
  put(made, "description", x.description);
  put(made, "version", x.version);
  put(made, "author", x.author);
  put(made, "signature", x.signature);
  put(made, "tags", x.tags);
  put(made, "instructions", x.instructions);
  put(made, "priority", x.priority);
  if (x.inputs_declared) {
    auto& inputs = made["inputs"] = ordered::object();
    for (auto& input : x.inputs)
      inputs[input.name] = ordered(input.schema);
  }
  if (x.config != flow_config{})
    made["config"] = config_of(x.config);
  put(made, "allowed_agents", x.allowed_agents);
  if (x.limits != job_limits{})
    made["limits"] = limits_of(x.limits);
  if (x.stall_action == stall_action::notify_planning_agent)
    made["on_stall"] = "notify_planning_agent";
  else if (x.stall_action == stall_action::terminate_job)
    made["on_stall"] = "terminate_job";
  put(made, "planning_agent", x.planning_agent);
  if (x.trigger) {
    auto& to = made["trigger"] = ordered::object();
    put(to, "channel", x.trigger->channel);
    put(to, "input", x.trigger->input);
    put(to, "group", x.trigger->group);
    put(to, "from", x.trigger->from);
  }
  auto& nodes = made[std::string{words.nodes}] = ordered::array();
  for (auto& node : x.nodes)
    nodes.push_back(document_of(node, words));
  if (!x.outputs.empty()) {
    auto& outputs = made["outputs"] = ordered::object();
    for (auto& [name, reference] : x.outputs)
      outputs[name] = reference;
  }
  return made;
}

ordered nested(const spec& x) {
  auto made = document_of(x);
  for (auto& flow : x.flows)
    made["flows"].push_back(nested(*flow));
  return made;
}

/// Puts the sub-flows of sub-flows side by side.
class flattening {
public:
  json run(const spec& x) {
    name(x);
    auto made = rewritten(x);
    auto flows = json::array();
    for (auto i = std::size_t{1}; i < found_.size(); ++i) {
      flows.push_back(rewritten(*found_[i]));
      flows.back()["name"] = names_.at(found_[i]);
    }
    if (!flows.empty())
      made["flows"] = std::move(flows);
    return made;
  }

private:
  /// Gives the flow, and all that it runs, a name of its own.
  void name(const spec& root) {
    found_.push_back(&root);
    names_.emplace(&root, "");
    for (auto i = std::size_t{0}; i < found_.size(); ++i)
      for (auto& [name, sub] : found_[i]->sub_flows)
        if (!names_.contains(sub.get())) {
          auto fresh = name;
          while (!taken_.insert(fresh).second)
            fresh = name + "-" + std::to_string(taken_.size());
          names_.emplace(sub.get(), std::move(fresh));
          found_.push_back(sub.get());
        }
  }

  json rewritten(const spec& x) const {
    auto& words = words_of(x.kind);
    auto made = json(document_of(x));
    for (auto& node : made[std::string{words.nodes}]) {
      auto& action = node[std::string{words.action}].get_ref<std::string&>();
      if (!action.starts_with("flow:"))
        continue;
      if (auto sub = x.sub_flows.find(action.substr(5)); sub != x.sub_flows.end())
        action = "flow:" + names_.at(sub->second.get());
    }
    return made;
  }

  std::vector<const spec*> found_;
  std::unordered_map<const spec*, std::string> names_;
  std::unordered_set<std::string> taken_;
};

} // namespace

json to_json(const spec& x) {
  return json(nested(x));
}

json self_contained(const spec& x) {
  return flattening{}.run(x);
}

std::string to_json_text(const spec& x) {
  return nested(x).dump(2, ' ', false, ordered::error_handler_t::replace) + "\n";
}

std::string to_yaml_text(const spec& x) {
  return to_yaml(nested(x));
}

} // namespace dagger::graph
