// Evaluates one program after the other; nothing is kept between two.
#include <dagger/graph/evaluation.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/limits.hpp>
#include <dagger/script/evaluator.hpp>
#include <dagger/script/scope.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace dagger::graph {

namespace {

/// What an expression sees of a node that has no output: skipped, failed. `a.v or 0` works with it.
const auto no_outputs = json::object();

/// An error at a text of the file; what is known better stays.
error placed(const placed_text& at, error why) {
  if (why.where.empty() || why.where.front() == '/')
    why.where = at.file + ":" + to_text(at.at);
  if (!at.path.empty())
    why.message = at.path + ": " + why.message;
  return why;
}

/// What a thread has compiled: all elements of a `for_each` share their expressions and schemas.
template <class T>
class compiled_before {
public:
  template <class Make>
  result<T> get(std::string key, Make make) {
    if (auto found = made_.find(key); found != made_.end())
      return found->second;
    auto made = make();
    if (made && made_.size() >= limits::scripts_per_thread)
      made_.clear();
    if (made)
      made_.emplace(std::move(key), *made);
    return made;
  }

private:
  std::unordered_map<std::string, T> made_;
};

result<std::optional<script::program>> compiled(const placed_text& x) {
  if (x.text.empty())
    return std::optional<script::program>{};
  thread_local auto before = compiled_before<script::program>{};
  auto made = before.get(x.file + ":" + to_text(x.at) + ":" + x.text, [&] {
    return script::program::compile(x.text, {x.file, x.at});
  });
  if (!made)
    return fail(placed(x, std::move(made.error())));
  return std::optional{std::move(*made)};
}

result<schema::validator> compiled(const node_output& x) {
  if (x.schema == json(true))
    return schema::validator{};
  thread_local auto before = compiled_before<schema::validator>{};
  auto made = before.get(to_text(x.schema), [&] { return schema::validator::compile(x.schema); });
  if (!made)
    return fail(code::invalid_input,
                "the schema of output '" + x.name + "': " + made.error().message);
  return made;
}

/// Outputs that nobody has to declare: what built-in agents return in any case.
bool always_there(const node_program& x, std::string_view name) {
  static const auto known = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>{
    {"shell", {"stdout", "stderr", "exit_code"}},
    {"http", {"status", "headers", "body", "json"}},
    {"read_file", {"content", "size"}},
    {"write_file", {"path", "size"}},
  };
  auto found = known.find(x.agent);
  return found != known.end() && found->second.contains(name);
}

std::string listed(const std::vector<std::string>& names) {
  auto text = std::string{};
  for (auto& x : names)
    text += (text.empty() ? "'" : ", '") + x + "'";
  return text;
}

/// What stands around a program: the values of all names that it may use.
class surroundings {
public:
  surroundings(const node_program& program, const json& scope, const json& inputs,
               const output_of& outputs)
    : program_(program),
      scope_(scope),
      inputs_(scope.contains("inputs") ? scope["inputs"] : inputs),
      outputs_(outputs) {}

  /// The value of a reference.
  result<json> operator()(std::string_view text, const std::set<std::string, std::less<>>& known) {
    auto ref = parse_reference(
      text, [&](std::string_view id) { return known.contains(id); }, locals());
    if (!ref)
      return fail(std::move(ref.error()));
    if (ref->of_inputs())
      return copy_of(follow(inputs_, ref->path, "the inputs"));
    if (ref->local)
      return copy_of(follow(scope_[ref->node], ref->path, "'" + ref->node + "'"));
    return read_output(*ref, outputs_(program_.prefix + ref->node));
  }

  /// The names for expressions, made when first needed.
  const script::scope& names(const json* own_output = nullptr) {
    if (made_)
      return top_;
    made_ = true;
    own_output_ = own_output;
    add_nodes();
    for (auto& [name, value] : scope_.items())
      top_.add(name, value);
    top_.add("inputs", inputs_);
    top_.add("nodes", nodes_);
    return top_;
  }

private:
  static result<json> copy_of(result<const json*> x) {
    if (!x)
      return fail(std::move(x.error()));
    return **x;
  }

  std::span<const std::string_view> locals() {
    if (locals_.empty())
      for (auto& [name, value] : scope_.items())
        if (name != "inputs")
          locals_.push_back(name);
    return locals_;
  }

  const json& value_of(const std::string& id) const {
    if (own_output_ && id == program_.node)
      return *own_output_;
    auto output = outputs_(program_.prefix + id);
    return output ? *output : no_outputs;
  }

  /// `nodes.a`, and `a` alone. Ids with dots are joined to objects, in which longer ids win.
  void add_nodes() {
    auto ids = std::vector<const std::string*>{};
    for (auto& id : program_.upstream)
      ids.push_back(&id);
    if (own_output_)
      ids.push_back(&program_.node);
    auto first_of = [](std::string_view id) { return id.substr(0, id.find('.')); };
    auto dotted = std::unordered_set<std::string_view>{};
    for (auto* id : ids)
      if (id->find('.') != id->npos)
        dotted.insert(first_of(*id));
    auto joined = std::vector<const std::string*>{};
    for (auto* id : ids)
      if (dotted.contains(first_of(*id)))
        joined.push_back(id);
      else
        add_node(*id, value_of(*id));
    std::stable_sort(joined.begin(), joined.end(),
                     [](auto* a, auto* b) { return a->size() < b->size(); });
    for (auto* id : joined)
      graft(*id);
    for (auto& [name, value] : trees_.items())
      add_node(name, value);
  }

  void add_node(std::string_view id, const json& value) {
    nodes_.add(id, value);
    top_.add(id, value);
  }

  void graft(const std::string& id) {
    auto at = &trees_;
    for (auto from = std::size_t{0};;) {
      auto dot = id.find('.', from);
      at = &(*at)[id.substr(from, dot - from)];
      if (dot == id.npos)
        break;
      if (!at->is_object())
        *at = json::object();
      from = dot + 1;
    }
    *at = value_of(id);
  }

  const node_program& program_;
  const json& scope_;
  const json& inputs_;
  const output_of& outputs_;
  std::vector<std::string_view> locals_;
  const json* own_output_ = nullptr;
  json trees_ = json::object();
  script::scope nodes_;
  script::scope top_;
  bool made_ = false;
};

/// The list of a `for_each`.
result<json> list_of(json value, const placed_text& at) {
  script::make_list_if_empty(value);
  if (value.is_array())
    return value;
  return fail(placed(
    at, {code::invalid_input, std::string{"a list is needed, this is "} + value.type_name()}));
}

} // namespace

result<compiled_program> compiled_program::compile(node_program program) {
  auto made = compiled_program{std::move(program)};
  auto& from = made.program_;
  made.upstream_.insert(from.upstream.begin(), from.upstream.end());
  auto when = compiled(from.when);
  if (!when)
    return fail(std::move(when.error()));
  made.when_ = std::move(*when);
  auto until = compiled(from.until);
  if (!until)
    return fail(std::move(until.error()));
  made.until_ = std::move(*until);
  for (auto& x : from.inputs) {
    auto& to = made.inputs_.emplace_back();
    if (x.source != input_source::expr)
      continue;
    auto expression = compiled(x.text);
    if (!expression)
      return fail(std::move(expression.error()));
    to = std::move(*expression);
  }
  for (auto& x : from.outputs) {
    auto schema = compiled(x);
    if (!schema)
      return fail(std::move(schema.error()));
    made.outputs_.push_back(std::move(*schema));
  }
  return made;
}

result<evaluation> compiled_program::evaluate(const json& scope, const json& inputs,
                                              const output_of& outputs) const {
  if (!program_.enabled)
    return left_out{"disabled"};
  if (!program_.failure_of.empty())
    return evaluated{scope.value("failure", json::object()), {}};
  auto around = surroundings{program_, scope, inputs, outputs};
  if (when_) {
    auto holds = script::evaluator::of_this_thread().test(*when_, around.names());
    if (!holds)
      return fail(placed(program_.when, std::move(holds.error())));
    if (!*holds)
      return left_out{"when: " + program_.when.text};
  }
  auto made = evaluated{json::object(), {}};
  for (auto i = std::size_t{0}; i < program_.inputs.size(); ++i) {
    auto& x = program_.inputs[i];
    auto value = value_of(i, around);
    if (!value)
      return fail(placed(x.text, std::move(value.error())));
    if (x.is_file && value->is_string())
      made.files.emplace_back(x.name, value->get<std::string>());
    made.input[x.name] = std::move(*value);
  }
  if (program_.agent == for_each_agent && made.input.contains("over")) {
    auto list = list_of(std::move(made.input["over"]), program_.inputs.front().text);
    if (!list)
      return fail(std::move(list.error()));
    made.input["over"] = std::move(*list);
  }
  return made;
}

template <class Around>
result<json> compiled_program::value_of(std::size_t input, Around& around) const {
  auto& x = program_.inputs[input];
  using source = input_source;
  if (x.source == source::expr)
    return script::evaluator::of_this_thread().evaluate(*inputs_[input], around.names());
  if (x.source == source::reference)
    return around(x.text.text, upstream_);
  auto value_of_text = [&](std::string_view text) -> result<std::optional<json>> {
    return around(text, upstream_).map([](json value) { return std::optional{std::move(value)}; });
  };
  return resolve(x.source == source::file ? json(x.text.text) : x.value, value_of_text);
}

result<bool> compiled_program::is_done(const json& output, const json& inputs,
                                       const output_of& outputs) const {
  if (!until_)
    return true;
  auto around = surroundings{program_, program_.scope, inputs, outputs};
  auto holds = script::evaluator::of_this_thread().test(*until_, around.names(&output));
  if (!holds)
    return fail(placed(program_.until, std::move(holds.error())));
  return *holds;
}

std::vector<schema::violation> compiled_program::check(const json& output) const {
  if (program_.outputs.empty())
    return {};
  if (!output.is_object())
    return {
      {"", std::string{"must be an object with the declared outputs, is "} + output.type_name()}};
  auto found = std::vector<schema::violation>{};
  auto missing = std::vector<std::string>{};
  auto undeclared = std::vector<std::string>{};
  for (auto i = std::size_t{0}; i < program_.outputs.size(); ++i) {
    auto& name = program_.outputs[i].name;
    auto value = output.find(name);
    if (value == output.end()) {
      missing.push_back(name);
      continue;
    }
    for (auto& broken : outputs_[i].check(*value))
      found.push_back({join_pointer("", name) + broken.pointer, std::move(broken.message)});
  }
  for (auto& [name, value] : output.items()) {
    auto same = [&](auto& x) { return x.name == name; };
    if (!always_there(program_, name)
        && std::none_of(program_.outputs.begin(), program_.outputs.end(), same))
      undeclared.push_back(name);
  }
  if (!missing.empty())
    found.push_back({"", "missing outputs: " + listed(missing)});
  if (!undeclared.empty())
    found.push_back({"", "outputs that are not declared: " + listed(undeclared)});
  return found;
}

} // namespace dagger::graph
