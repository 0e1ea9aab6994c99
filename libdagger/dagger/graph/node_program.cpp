// Programs as documents. What has its default is left out.
#include <dagger/graph/node_program.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/members.hpp>
#include <dagger/plan/definition_text.hpp>

#include <tuple>

namespace dagger::graph {

namespace {

constexpr auto mark = "dagger.program";
constexpr auto part_mark = "dagger.part";
constexpr std::string_view sources[] = {"value", "reference", "expr", "file"};

template <class T>
void put(json& to, const char* name, const T& x, const T& usual = {}) {
  if (!(x == usual))
    to[name] = x;
}

void put(json& to, const char* name, const std::optional<duration>& x) {
  if (x)
    to[name] = x->count();
}

void put(json& to, const char* name, const placed_text& x) {
  if (x == placed_text{})
    return;
  auto made = json{{"text", x.text}};
  put(made, "file", x.file);
  put(made, "path", x.path);
  put(made, "line", x.at.line, position{}.line);
  put(made, "column", x.at.column, position{}.column);
  to[name] = std::move(made);
}

void read(members& from, const char* name, placed_text& to) {
  from.inside(name, [&](members& x) {
    x.need("text", to.text);
    x.read("file", to.file);
    x.read("path", to.path);
    x.read("line", to.at.line);
    x.read("column", to.at.column);
  });
}

void read(members& from, const char* name, resources& to) {
  auto* x = from.find(name);
  if (!x)
    return;
  auto amounts = members{*x, from.path_of(name)};
  if (x->is_object())
    for (auto& [kind, amount] : x->items())
      amounts.read(kind, to[kind]);
  if (auto why = amounts.end())
    from.wrong(why->message, why->where);
}

json to_json(const program_input& x) {
  auto made = json{{"name", x.name}, {"from", sources[static_cast<std::size_t>(x.source)]}};
  if (x.source == input_source::value)
    made["value"] = x.value;
  put(made, "text", x.text);
  put(made, "is_file", x.is_file);
  return made;
}

program_input input_from(members& from) {
  auto made = program_input{};
  from.need("name", made.name);
  from.read_enum("from", made.source, sources);
  from.read("value", made.value);
  read(from, "text", made.text);
  from.read("is_file", made.is_file);
  return made;
}

json to_json(const node_output& x) {
  auto made = json{{"name", x.name}};
  put(made, "schema", x.schema, json(true));
  put(made, "file", x.file);
  return made;
}

node_output output_from(members& from) {
  auto made = node_output{};
  from.need("name", made.name);
  from.read("schema", made.schema);
  from.read("file", made.file);
  return made;
}

json to_json(const part_policy& x) {
  auto made = json::object();
  if (x.retry)
    made["retry"] = plan::to_json(*x.retry);
  put(made, "timeout", x.timeout);
  put(made, "heartbeat", x.heartbeat);
  put(made, "priority", x.priority);
  put(made, "at_most_once", x.at_most_once);
  put(made, "resources", x.resources);
  put(made, "max_children", x.max_children);
  return made;
}

void read_policy(members& from, part_policy& to) {
  from.inside("retry", [&](members& x) { plan::read(x, to.retry.emplace()); });
  from.read("timeout", to.timeout);
  from.read("heartbeat", to.heartbeat);
  from.read("priority", to.priority);
  from.read("at_most_once", to.at_most_once);
  read(from, "resources", to.resources);
  from.read("max_children", to.max_children);
}

json to_json(const cache_rule& x) {
  auto made = json::object();
  put(made, "up_to_date", x.up_to_date);
  put(made, "ttl", x.ttl);
  put(made, "hash_content", x.hash_content);
  return made;
}

template <class T>
json list_of(const std::vector<T>& xs) {
  auto made = json::array();
  for (auto& x : xs)
    made.push_back(to_json(x));
  return made;
}

json to_json(const node_program& x) {
  auto made = json{{"agent", x.agent}};
  put(made, "node", x.node);
  put(made, "enabled", x.enabled, true);
  put(made, "when", x.when);
  if (!x.inputs.empty())
    made["inputs"] = list_of(x.inputs);
  if (!x.outputs.empty())
    made["outputs"] = list_of(x.outputs);
  if (x.cache)
    made["cache"] = to_json(*x.cache);
  put(made, "upstream", x.upstream);
  put(made, "prefix", x.prefix);
  put(made, "scope", x.scope, json::object());
  put(made, "failure_of", x.failure_of);
  put(made, "stops_flow", x.stops_flow);
  put(made, "can_be_stopped", x.can_be_stopped);
  if (x.tolerate != tolerance{}) {
    made["tolerate"] = x.tolerate.amount;
    made["percent"] = x.tolerate.percent;
  }
  put(made, "max_parallel", x.max_parallel);
  put(made, "until", x.until);
  put(made, "max_iterations", x.max_iterations);
  put(made, "flow", x.flow);
  if (x.body)
    made["body"] = to_json(*x.body);
  if (x.policy != part_policy{})
    made["policy"] = to_json(x.policy);
  return made;
}

void read_program(members& from, node_program& to) {
  from.need("agent", to.agent);
  from.read("node", to.node);
  from.read("enabled", to.enabled);
  read(from, "when", to.when);
  from.each("inputs", [&](members& x) { to.inputs.push_back(input_from(x)); });
  from.each("outputs", [&](members& x) { to.outputs.push_back(output_from(x)); });
  from.inside("cache", [&](members& x) {
    auto& cache = to.cache.emplace();
    x.read("up_to_date", cache.up_to_date);
    x.read("ttl", cache.ttl);
    x.read("hash_content", cache.hash_content);
  });
  from.read("upstream", to.upstream);
  from.read("prefix", to.prefix);
  from.read("scope", to.scope);
  from.read("failure_of", to.failure_of);
  from.read("stops_flow", to.stops_flow);
  from.read("can_be_stopped", to.can_be_stopped);
  from.read("tolerate", to.tolerate.amount);
  from.read("percent", to.tolerate.percent);
  from.read("max_parallel", to.max_parallel);
  read(from, "until", to.until);
  from.read("max_iterations", to.max_iterations);
  from.read("flow", to.flow);
  from.inside("body", [&](members& x) {
    auto body = std::make_shared<node_program>();
    read_program(x, *body);
    to.body = std::move(body);
  });
  from.inside("policy", [&](members& x) { read_policy(x, to.policy); });
}

auto content_of(const node_program& x) {
  return std::tie(x.node, x.agent, x.enabled, x.when, x.inputs, x.outputs, x.cache, x.upstream,
                  x.prefix, x.scope, x.failure_of, x.stops_flow, x.can_be_stopped, x.tolerate,
                  x.max_parallel, x.until, x.max_iterations, x.flow, x.policy);
}

/// A task whose failure does nothing to its job.
plan::task_spec judged_by_another(const node_program& runs, std::string name,
                                  const part_policy& policy) {
  auto made = plan::task_spec{};
  made.name = std::move(name);
  made.agent = runs.agent;
  made.priority = policy.priority;
  made.optional = true;
  made.at_most_once = policy.at_most_once;
  made.retry = policy.retry;
  made.timeout = policy.timeout;
  made.heartbeat = policy.heartbeat;
  made.resources = policy.resources;
  made.max_children = policy.max_children;
  made.templated = true;
  return made;
}

} // namespace

bool operator==(const node_program& a, const node_program& b) {
  auto same_body = a.body && b.body ? *a.body == *b.body : !a.body == !b.body;
  return content_of(a) == content_of(b) && same_body;
}

json encode(const node_program& x) {
  return {{mark, to_json(x)}};
}

bool is_program(const json& document) {
  return document.is_object() && document.size() == 1 && document.contains(mark);
}

result<node_program> decode(const json& document) {
  if (!is_program(document))
    return fail(code::invalid_input, "this is no program of a node");
  auto made = node_program{};
  auto from = members{document[mark], mark};
  read_program(from, made);
  if (auto why = from.end())
    return fail(std::move(*why));
  return made;
}

std::string part_name(std::string_view whole, std::size_t number) {
  return std::string{whole} + "[" + std::to_string(number) + "]";
}

std::optional<part> part_in(const json& document) {
  if (!document.is_object() || document.size() != 1 || !document.contains(part_mark))
    return std::nullopt;
  auto made = part{};
  auto from = members{document[part_mark], part_mark};
  from.need("visit", made.visit);
  from.read("scope", made.scope);
  return from.end() ? std::nullopt : std::optional{std::move(made)};
}

plan::task_spec part_of(const node_program& inner, std::string name, const part_policy& policy,
                        const part& own) {
  auto made = judged_by_another(inner, std::move(name), policy);
  auto content = json{{"visit", own.visit}};
  put(content, "scope", own.scope, json::object());
  made.input = payload::from_bytes(to_text(json{{part_mark, std::move(content)}}));
  return made;
}

plan::task_spec task_beside(const node_program& program, std::string name,
                            const part_policy& policy) {
  auto made = judged_by_another(program, std::move(name), policy);
  made.run_if = run_if::all_done;
  for (auto& id : program.upstream)
    made.after.emplace_back(program.prefix + id);
  made.input = payload::from(encode(program));
  return made;
}

} // namespace dagger::graph
