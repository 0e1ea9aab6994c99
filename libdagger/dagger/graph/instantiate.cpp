// A file and its inputs become a definition.
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/flow_tasks.hpp>

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

} // namespace

tl::expected<json, std::vector<error>> input_values(const spec& file, const json& given) {
  auto problems = std::vector<error>{};
  auto made = all_inputs(file, given, problems);
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  return made;
}

instance instantiate(const spec& file, const json& given, std::string id) {
  auto inputs = input_values(file, given);
  if (!inputs)
    return tl::unexpected(std::move(inputs.error()));
  auto where = placement{.inputs = std::move(*inputs)};
  auto tasks = flow_tasks(file, where);
  if (!tasks)
    return tl::unexpected(std::move(tasks.error()));
  auto made = head_of(file);
  made.id = std::move(id);
  made.tasks = std::move(*tasks);
  made.inputs = payload::from(std::move(where.inputs));
  // A `failure:` is no dependant.
  auto extra = made.tasks.size() > file.nodes.size();
  if (!file.outputs.empty() || extra) {
    auto outputs = json::object();
    for (auto& [name, reference] : outputs_of(file))
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
