// What each node refers to.
#include <dagger/graph/binding.hpp>

#include <dagger/script/program.hpp>

#include <algorithm>

namespace dagger::graph {

namespace {

constexpr std::string_view element_names[] = {"item", "index"};
constexpr std::string_view iteration_name = "previous";

std::string joined(std::span<const std::string> steps) {
  auto made = std::string{};
  for (auto& x : steps)
    made += (made.empty() ? "" : ".") + x;
  return made;
}

/// What a node's output has beside what it declares.
bool has_output(const node& x, std::string_view name) {
  auto declared = std::any_of(x.outputs.begin(), x.outputs.end(),
                              [&](auto& output) { return output.name == name; });
  return declared || (!x.for_each.empty() && name == "errors")
      || (x.action == "shell" && (name == "stdout" || name == "stderr" || name == "exit_code"));
}

} // namespace

std::vector<std::string_view> locals_of(const node& x) {
  auto made = std::vector<std::string_view>{};
  if (!x.for_each.empty())
    made.assign(std::begin(element_names), std::end(element_names));
  if (x.repeat)
    made.push_back(iteration_name);
  return made;
}

script::place expression_place(const spec& file, std::string_view pointer) {
  return {file.file, file.places ? file.places->value(pointer) : position{}};
}

binder::binder(const spec& file, complaint complain)
  : file_(file),
    complain_(std::move(complain)),
    index_(file.nodes) {}

node_binding binder::bind(std::size_t index) {
  auto& node = file_.nodes[index];
  at_ = index;
  made_ = {};
  locals_ = locals_of(node);
  bound_after_.clear();
  for (auto& x : node.dependencies)
    bound_after_.insert(x);
  made_.after = node.dependencies;
  for (auto i = std::size_t{0}; i < node.inputs.size(); ++i)
    bind_input(i);
  if (!node.for_each.empty())
    bind_reference(node.for_each, node_pointer(file_, index, "/for_each"), {});
  if (!node.when.empty())
    bind_expression(node.when, node_pointer(file_, index, "/when"), false);
  if (node.repeat && !node.repeat->until.empty())
    bind_expression(node.repeat->until, node_pointer(file_, index, "/repeat/until"), true);
  return std::move(made_);
}

void binder::bind_output(const std::string& reference, const std::string& pointer,
                         node_binding& to) {
  made_ = {};
  bound_after_.clear();
  bind_reference(reference, pointer, {});
  to = std::move(made_);
}

void binder::bind_input(std::size_t input) {
  using source = input_source;
  auto& x = file_.nodes[at_].inputs[input];
  if (x.source == source::value) {
    if (x.value.is_string() || x.value.is_structured())
      bind_template(x.value, input);
  } else if (x.source == source::file) {
    bind_template(x.text, input);
  } else if (auto pointer = input_pointer(file_, at_, input); x.source == source::expr) {
    bind_expression(x.text, pointer, false);
  } else {
    bind_reference(x.text, pointer, locals_);
  }
}

void binder::bind_template(const json& tmpl, std::size_t input) {
  for (auto& x : references_in(tmpl)) {
    auto pointer = input_pointer(file_, at_, input, x.pointer);
    if (x.open)
      complain_(pointer,
                {code::invalid_input, "'${' without '}'", {}, "write '$${' for the text '${'"},
                std::nullopt);
    else
      bind_reference(x.text, pointer, locals_);
  }
}

void binder::bind_reference(std::string_view text, const std::string& pointer,
                            std::span<const std::string_view> locals) {
  made_.refers = true;
  auto ref = parse_reference(
    text, [&](std::string_view id) { return is_node(id); }, locals);
  if (!ref)
    return complain_(pointer, std::move(ref.error()), std::nullopt);
  if (ref->of_inputs())
    return use_input(ref->path.empty() ? "" : ref->path.front(), pointer, false);
  made_.refers_to_nodes = true;
  if (!ref->local)
    use_node(*index_.find(ref->node), ref->path, pointer);
}

void binder::bind_expression(const std::string& text, const std::string& pointer, bool own_output) {
  made_.refers = made_.refers_to_nodes = made_.computes = true;
  auto program = script::program::compile(text, expression_place(file_, pointer));
  if (!program)
    return complain_(pointer, std::move(program.error()), std::nullopt);
  for (auto& x : program->names())
    bind_chain(x, pointer, own_output);
}

void binder::bind_chain(const script::reference& x, const std::string& pointer, bool own_output) {
  auto& first = x.path.front();
  if (std::find(locals_.begin(), locals_.end(), first) != locals_.end())
    return;
  if (first == "inputs")
    return use_input(x.path.size() > 1 ? std::string_view{x.path[1]} : "", pointer, true);
  auto rest = std::span{x.path};
  if (first == "nodes")
    rest = rest.subspan(1);
  if (rest.empty()) // a computed key: it sees what this node depends on
    return;
  auto known = [&](std::string_view id) { return is_node(id); };
  auto length = longest_id(rest, known);
  if (length == 0 && first != "nodes" && script::is_offered(first))
    return;
  if (length == 0)
    return complain_(
      pointer,
      {code::not_found,
       first == "nodes" ? "unknown task '" + rest.front() + "'" : "unknown name '" + first + "'",
       rest.front()},
      x.at);
  auto id = joined(rest.first(length));
  if (own_output && id == file_.nodes[at_].id)
    return;
  auto steps =
    std::vector<std::string>(rest.begin() + static_cast<std::ptrdiff_t>(length), rest.end());
  use_node(*index_.find(id), steps, pointer);
}

void binder::use_node(std::size_t index, std::span<const std::string> path,
                      const std::string& pointer) {
  auto& id = file_.nodes[index].id;
  check_output(index, path, pointer);
  if (!bound_after_.insert(id).second)
    return;
  made_.after.push_back(id);
  made_.implied_at.push_back(pointer);
}

/// A node that declares outputs has no others.
void binder::check_output(std::size_t index, std::span<const std::string> path,
                          const std::string& pointer) {
  auto& node = file_.nodes[index];
  if (node.outputs.empty() || path.empty() || has_output(node, path.front()))
    return;
  complain_(
    pointer,
    {code::invalid_input, "task '" + node.id + "' declares no output '" + path.front() + "'"},
    std::nullopt);
}

void binder::use_input(std::string_view name, const std::string& pointer, bool may_be_missing) {
  made_.inputs.push_back({std::string{name}, pointer, may_be_missing});
}

} // namespace dagger::graph
