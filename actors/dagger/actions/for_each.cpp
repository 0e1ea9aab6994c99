// The agent `dagger.for_each`: adds a part per element at its first visit; later ones look at what
// has become of them.
#include <dagger/actions/parts.hpp>

#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/flow_tasks.hpp>

#include <charconv>

namespace dagger::actions {

namespace {

using parts = std::vector<const dependency*>;

bool has_failed(const dependency& x) {
  return x.state == task_state::failed || x.state == task_state::cancelled;
}

/// The parts by the number in their names.
parts parts_of(task& self, std::size_t count) {
  auto made = parts(count);
  auto prefix = self.name() + "[";
  for (auto& x : self.dependencies()) {
    if (!x.name.starts_with(prefix))
      continue;
    auto number = std::size_t{0};
    auto digits = std::string_view{x.name}.substr(prefix.size());
    auto end = std::from_chars(digits.begin(), digits.end(), number).ptr;
    if (end != digits.begin() && std::string_view{end, digits.end()} == "]" && number < count)
      made[number] = &x;
  }
  return made;
}

std::size_t tolerated(const graph::tolerance& rule, std::size_t count) {
  auto most = rule.percent ? rule.amount * static_cast<double>(count) / 100 : rule.amount;
  return most >= static_cast<double>(count) ? count : static_cast<std::size_t>(most);
}

/// What the parts of an empty list would have returned.
std::vector<std::string> names_of_outputs(task& self, const graph::node_program& body) {
  auto names = std::vector<std::string>{};
  for (auto& x : body.outputs)
    names.push_back(x.name);
  if (!names.empty())
    return names;
  if (body.body)
    return names_of_outputs(self, *body.body);
  if (body.agent == graph::sub_flow_agent) {
    auto flow =
      graph::load_value(body.flow, body.node, {.agents = {}, .allow_unknown_agents = true});
    return flow.file ? graph::output_names(*flow.file) : names;
  }
  auto action = actors::inside::of(self).where->agents->find(body.agent);
  if (action && action->options.output.is_object())
    if (auto list = action->options.output.find("properties");
        list != action->options.output.end() && list->is_object())
      for (auto& [name, schema] : list->items())
        names.push_back(name);
  if (body.agent == "set")
    for (auto& x : body.inputs)
      names.push_back(x.name);
  return names;
}

/// An object of lists: what has no output is null there.
json collected(task& self, const graph::node_program& whole, const parts& all) {
  auto made = json::object();
  auto empty = json(std::vector<json>(all.size()));
  for (auto& name : names_of_outputs(self, *whole.body))
    made[name] = empty;
  for (auto i = std::size_t{0}; i < all.size(); ++i) {
    if (!all[i]->completed() || !all[i]->output.is_object())
      continue;
    for (auto& [name, value] : all[i]->output.items())
      made.emplace(name, empty).first->at(i) = value;
  }
  return made;
}

json errors_in(const parts& all) {
  auto made = json::array();
  for (auto i = std::size_t{0}; i < all.size(); ++i)
    if (has_failed(*all[i])) {
      auto why = failure_by(*all[i], "element " + std::to_string(i));
      made.push_back({{"index", i}, {"code", why.code}, {"message", why.message}});
    }
  return made;
}

outcome begin(task& self, const json& list) {
  auto& inside = actors::inside::of(self);
  auto& whole = inside.node->program();
  if (list.empty())
    return collected(self, whole, {});
  check_agent(self, whole.body->agent);
  inside.expect(list.size());
  auto added = std::vector<task_ref>{};
  added.reserve(list.size());
  for (auto i = std::size_t{0}; i < list.size(); ++i) {
    auto scope = inside.node->scope();
    scope["item"] = list[i];
    scope["index"] = i;
    added.push_back(add_part(self, i, std::move(scope)));
  }
  return wait_for(self, std::move(added), list.size(), true);
}

outcome go_on(task& self) {
  auto& inside = actors::inside::of(self);
  auto& whole = inside.node->program();
  auto count = self.state().get<std::size_t>();
  auto all = parts_of(self, count);
  auto most = tolerated(whole.tolerate, count);
  auto failed = std::size_t{0};
  auto left = std::vector<task_ref>{};
  for (auto i = std::size_t{0}; i < count; ++i) {
    if (!all[i])
      throw error{code::store_corrupt, "'" + graph::part_name(self.name(), i) + "' is missing"};
    if (!settled(all[i]->state))
      left.emplace_back(all[i]->name);
    if (has_failed(*all[i]) && ++failed > most) {
      inside.node->stop_parts();
      return failure_by(*all[i], "element " + std::to_string(i));
    }
  }
  if (!left.empty())
    return wait_for(self, std::move(left), count, true);
  auto made = collected(self, whole, all);
  if (whole.tolerate.amount > 0)
    made["errors"] = errors_in(all);
  return made;
}

} // namespace

agent for_each() {
  return agent_of_parts(std::string{graph::for_each_agent},
                        "Runs a node once per element of a list",
                        [](task& self, const json& input) {
                          return self.first_visit() ? begin(self, input["over"]) : go_on(self);
                        });
}

} // namespace dagger::actions
