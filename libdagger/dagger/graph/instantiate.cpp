// A file and its inputs become a definition.
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/reference.hpp>

#include <algorithm>

namespace dagger::graph {

namespace {

error wrong(std::string message, std::string where, std::string hint = {}) {
  return {code::invalid_input, std::move(message), std::move(where), std::move(hint)};
}

/// "inputs.x.y" for a JSON pointer into the inputs.
std::string input_path(std::string_view pointer) {
  return to_path("/inputs" + std::string{pointer});
}

/// The values of all inputs: what is given, else the defaults.
json all_inputs(const spec& file, const json& given, std::vector<error>& problems) {
  auto made = json::object();
  if (!given.is_object()) {
    problems.push_back(
      wrong("must be a JSON object, not " + std::string{given.type_name()}, "inputs"));
    return made;
  }
  auto names = std::vector<std::string>{};
  for (auto& input : file.inputs) {
    names.push_back(input.name);
    auto value = given.find(input.name);
    if (value == given.end()) {
      if (input.fallback)
        made[input.name] = *input.fallback;
      else
        problems.push_back(wrong("missing, and it has no default",
                                 input_path(join_pointer("", input.name)),
                                 "give it with -i " + input.name + "=VALUE"));
      continue;
    }
    for (auto& broken : input.validator.check(*value))
      problems.push_back(
        wrong(broken.message, input_path(join_pointer("", input.name) + broken.pointer)));
    made[input.name] = *value;
  }
  for (auto& [name, value] : given.items()) {
    if (std::find(names.begin(), names.end(), name) != names.end())
      continue;
    auto meant = nearest(name, names);
    problems.push_back(wrong("unknown input '" + name + "'", "inputs",
                             meant ? "did you mean '" + *meant + "'?" : ""));
  }
  return made;
}

/// Looks references to inputs up; leaves all others.
class input_resolver {
public:
  explicit input_resolver(const json& inputs) : inputs_(inputs) {}

  result<std::optional<json>> operator()(std::string_view text) const {
    // In a loaded file, whatever is not an input is a task.
    auto ref = parse_reference(text, [](std::string_view) { return true; });
    if (!ref)
      return fail(ref.error());
    if (!ref->of_inputs())
      return std::nullopt;
    auto found = follow(inputs_, ref->path, "the inputs");
    if (!found)
      return fail(found.error());
    return **found;
  }

private:
  const json& inputs_;
};

/// The input of one task, with all that can be known now.
payload bound(const spec& file, std::size_t index, const input_resolver& value_of,
              std::vector<error>& problems) {
  auto& node = file.nodes[index];
  if (node.binding == node::binding::literal)
    return node.task.input;
  auto failed = problems.size();
  for (auto& x : references_in(node.inputs))
    if (auto value = value_of(x.text); !value)
      problems.push_back(error_at(file, input_pointer(file, index, x.pointer), value.error()));
  if (problems.size() > failed)
    return {};
  auto made = node.binding == node::binding::of_nodes ? resolve_some(node.inputs, value_of)
                                                      : resolve(node.inputs, value_of);
  if (made)
    return payload::from(std::move(*made));
  problems.push_back(error_at(file, input_pointer(file, index, made.error().where), made.error()));
  return {};
}

} // namespace

instance instantiate(const spec& file, const json& given, std::string id) {
  auto problems = std::vector<error>{};
  auto inputs = all_inputs(file, given, problems);
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  auto made = plan::job_spec{};
  made.id = std::move(id);
  made.name = file.name;
  made.description = file.description;
  made.priority = file.priority;
  made.tags = file.tags;
  made.allowed_agents = file.allowed_agents;
  made.limits = file.limits;
  made.stall_action = file.stall_action;
  made.planning_agent = file.planning_agent;
  made.on_failure = file.on_failure;
  made.resources = file.resources;
  made.tasks.reserve(file.nodes.size());
  auto value_of = input_resolver{inputs};
  for (auto i = std::size_t{0}; i < file.nodes.size(); ++i) {
    made.tasks.push_back(file.nodes[i].task);
    made.tasks.back().input = bound(file, i, value_of, problems);
  }
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  made.inputs = payload::from(std::move(inputs));
  if (!file.outputs.empty()) {
    auto outputs = json::object();
    for (auto& [name, reference] : file.outputs)
      outputs[name] = reference;
    made.outputs = payload::from(std::move(outputs));
  }
  return made;
}

result<std::pair<std::string, json>> parse_input_argument(std::string_view text) {
  auto equals = text.find('=');
  if (equals == text.npos || equals == 0)
    return fail(code::invalid_input, "not an input: '" + to_valid_utf8(text) + "'", {},
                "write it like name=value");
  if (invalid_utf8(text) != text.npos)
    return fail(code::invalid_input, "not UTF-8: '" + to_valid_utf8(text) + "'");
  auto value = text.substr(equals + 1);
  auto read = parse_json(value);
  return std::pair{std::string{text.substr(0, equals)},
                   read ? std::move(*read) : json(std::string{value})};
}

} // namespace dagger::graph
