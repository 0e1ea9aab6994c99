// Makes programs ready, and keeps those that parts share.
#include <dagger/actors/programs.hpp>

#include <dagger/actors/value_of.hpp>
#include <dagger/graph/node_program.hpp>

#include <set>

namespace dagger::actors {

namespace {

std::vector<plan::task_range> to_ranges(const std::vector<std::uint32_t>& numbers) {
  auto made = std::vector<plan::task_range>{};
  made.reserve(numbers.size());
  for (auto x : numbers)
    made.push_back({x, 1});
  return made;
}

bool is_over(task_state x) {
  return x == task_state::failed || x == task_state::cancelled || x == task_state::skipped;
}

program_ptr compiled(graph::node_program code, std::shared_ptr<const surroundings> around) {
  return std::make_shared<const prepared_program>(
    value_of(graph::compiled_program::compile(std::move(code))), std::move(around));
}

} // namespace

graph::output_of prepared_program::outputs() const {
  return [&from = *around](std::string_view task) {
    auto found = from.outputs.find(task);
    return found == from.outputs.end() ? nullptr : &found->second;
  };
}

program_ptr program_cache::find(const key& which) const {
  auto guard = std::lock_guard{mutex_};
  auto found = kept_.find(which);
  return found == kept_.end() ? nullptr : found->second;
}

void program_cache::keep(const key& which, program_ptr x) {
  auto guard = std::lock_guard{mutex_};
  if (!kept_.insert_or_assign(which, std::move(x)).second)
    return;
  order_.push_back(which);
  if (order_.size() <= most)
    return;
  kept_.erase(order_.front());
  order_.pop_front();
}

json inputs_of(store::view& view, std::uint64_t job) {
  auto status = value_of(plan::job_of(view, job));
  return value_of(
    plan::load_value(view, job, store::job_itself, store::slot::input, status.inputs));
}

result<json> filled(const json& tmpl, const json& inputs, const graph::is_node& known,
                    const graph::output_of& output) {
  return graph::resolve(tmpl, [&](std::string_view text) -> result<std::optional<json>> {
    auto ref = graph::parse_reference(text, known);
    if (!ref)
      return fail(std::move(ref.error()));
    auto value = ref->of_inputs()
                 ? graph::follow(inputs, ref->path, "the inputs").map([](auto x) { return *x; })
                 : graph::read_output(*ref, output(ref->node));
    return value.map([](json& x) { return std::optional{std::move(x)}; });
  });
}

program_ptr program_reader::ready(graph::node_program code,
                                  const std::vector<plan::task_range>& tasks) {
  auto around = std::make_shared<surroundings>();
  if (!code.scope.contains("inputs"))
    around->inputs = inputs_of(view_, job_);
  auto wanted = std::set<std::string, std::less<>>{};
  for (auto& id : code.upstream)
    wanted.insert(code.prefix + id);
  if (!wanted.empty())
    for (auto& x : value_of(plan::tasks_of(view_, job_, tasks)))
      if (x.state == task_state::completed && x.output.present && wanted.contains(x.name))
        around->outputs.emplace(x.name, output_of(x));
  return compiled(std::move(code), std::move(around));
}

program_ptr program_reader::body_of(std::uint32_t owner, std::uint32_t visit) {
  auto key = program_cache::key{job_, owner, visit};
  if (auto kept = programs_.find(key))
    return kept;
  auto of = task(owner);
  auto document = value_of(plan::load_value(view_, job_, owner, store::slot::input, of.input));
  auto whole = program_of(of, document);
  auto& body = whole->code.program().body;
  if (!body)
    throw error{code::store_corrupt, "'" + of.name + "' has no parts"};
  auto made = compiled(*body, whole->around);
  made->stopped = is_over(of.state);
  programs_.keep(key, made);
  return made;
}

program_ptr program_reader::program_of(const plan::task_status& of, const json& document) {
  auto part = graph::part_in(document);
  if (!part)
    return ready(value_of(graph::decode(document)), to_ranges(of.after));
  if (!of.parent)
    throw error{code::store_corrupt, "'" + of.name + "' is a part of no task"};
  return body_of(*of.parent, part->visit);
}

plan::task_status program_reader::task(std::uint32_t number) {
  return std::move(value_of(plan::tasks_of(view_, job_, {{number, 1}})).front());
}

bool program_reader::has_stopped(std::uint32_t flow) {
  auto failed = static_cast<std::size_t>(task_state::failed);
  if (value_of(plan::job_of(view_, job_)).counts[failed] == 0) // few have to look any further
    return false;
  for (auto& x : value_of(plan::tasks_of(view_, job_, to_ranges(task(flow).waited)))) {
    if (x.state != task_state::failed || !x.templated)
      continue;
    auto document = value_of(plan::load_value(view_, job_, x.number, store::slot::input, x.input));
    if (graph::is_program(document) && value_of(graph::decode(document)).stops_flow)
      return true;
  }
  return false;
}

json program_reader::output_of(const plan::task_status& of) {
  return value_of(plan::load_value(view_, job_, of.number, store::slot::output, of.output));
}

json program_reader::input_of(const plan::task_status& of) {
  auto document = value_of(plan::load_value(view_, job_, of.number, store::slot::input, of.input));
  if (!of.templated)
    return document;
  auto part = graph::part_in(document);
  if (!part && !graph::is_program(document))
    return filled_input(of, document);
  auto runs = program_of(of, document);
  auto& scope = part ? part->scope : runs->code.program().scope;
  auto done = runs->code.evaluate(scope, runs->around->inputs, runs->outputs());
  auto* found = done ? std::get_if<graph::evaluated>(&*done) : nullptr;
  return found ? std::move(found->input) : json(nullptr);
}

json program_reader::filled_input(const plan::task_status& of, const json& tmpl) {
  auto outputs = std::map<std::string, json, std::less<>>{};
  for (auto& x : value_of(plan::tasks_of(view_, job_, to_ranges(of.after))))
    outputs.emplace(x.name, x.state == task_state::completed ? output_of(x) : json(nullptr));
  auto known = [&](std::string_view name) { return outputs.contains(name); };
  auto output = [&](std::string_view name) {
    auto& x = outputs.find(name)->second;
    return x.is_null() ? nullptr : &x;
  };
  return value_of(filled(tmpl, inputs_of(view_, job_), known, output));
}

} // namespace dagger::actors
