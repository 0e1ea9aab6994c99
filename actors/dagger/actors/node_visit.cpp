// A node from its program to the action, and back.
#include <dagger/actors/node_visit.hpp>

#include <dagger/actors/run_folder.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/placeholders.hpp>
#include <dagger/graph/node_program.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace dagger::actors {

namespace {

namespace fs = std::filesystem;

/// A list is evaluated once, it may be long; later visits look at what has become of it.
bool has_evaluated(const graph::node_program& code, const plan::assignment& given) {
  return code.agent == graph::for_each_agent && !given.first_visit;
}

/// `{error, inputs, attempts}` of the node that has failed.
json failure_of(program_reader& reader, store::view& view, const plan::assignment& given,
                const std::string& name) {
  for (auto& x : value_of(plan::tasks_of(view, given.attempt.job, given.dependencies)))
    if (x.name == name) {
      auto why = x.error.value_or(error{});
      return {{"error", {{"code", why.code}, {"message", why.message}}},
              {"inputs", reader.input_of(x)},
              {"attempts", x.starts}};
    }
  throw error{code::store_corrupt, "'" + given.task_name + "' does not come after '" + name + "'"};
}

/// Whether it matters to it where relative paths begin.
bool names_files(const graph::node_program& code) {
  return code.cache || std::ranges::any_of(code.inputs, &graph::program_input::is_file)
      || std::ranges::any_of(code.outputs, [](auto& x) { return !x.file.empty(); });
}

std::string shown(const json& x) {
  return x.is_string() ? x.get<std::string>() : to_text(x);
}

} // namespace

node_visit::node_visit(store::view& view, program_cache& programs, const plan::assignment& given,
                       const json& input)
  : programs_(programs),
    given_(given) {
  auto reader = program_reader{view, programs, given.attempt.job};
  if (auto part = graph::part_in(input)) {
    if (!given.parent)
      throw error{code::store_corrupt, "'" + given.task_name + "' is a part of no task"};
    ready_ = reader.body_of(*given.parent, part->visit);
    scope_ = std::move(part->scope);
    if (names_files(program()))
      folder_ = folder_of(view, given.attempt.job);
    return;
  }
  auto code = value_of(graph::decode(input));
  auto reads = has_evaluated(code, given) ? std::vector<plan::task_range>{} : given.dependencies;
  ready_ = reader.ready(std::move(code), reads);
  scope_ = program().scope;
  if (names_files(program()))
    folder_ = folder_of(view, given.attempt.job);
  flow_has_stopped_ = program().can_be_stopped && given.parent && reader.has_stopped(*given.parent);
  if (auto& failed = program().failure_of; !failed.empty())
    scope_["failure"] = failure_of(reader, view, given, program().prefix + failed);
}

node_visit::~node_visit() {
  for (auto& x : files_) {
    auto ignored = std::error_code{};
    fs::remove(x.temporary, ignored);
  }
}

result<std::optional<json>> node_visit::evaluate() {
  if (ready_->stopped) {
    left_out_ = "a part before it has failed";
    return std::nullopt;
  }
  if (flow_has_stopped_ && given_.first_visit) {
    left_out_ = "stopped";
    return std::nullopt;
  }
  if (has_evaluated(program(), given_))
    return json(nullptr);
  auto done = ready_->code.evaluate(scope_, ready_->around->inputs, ready_->outputs());
  if (!done)
    return fail(std::move(done.error()));
  if (auto* out = std::get_if<graph::left_out>(&*done)) {
    left_out_ = std::move(out->reason);
    return std::nullopt;
  }
  auto& found = std::get<graph::evaluated>(*done);
  for (auto& [name, path] : found.files)
    if (auto ignored = std::error_code{}; !fs::exists(reached(folder_, path), ignored))
      return fail(code::not_found, "input '" + name + "': there is no file " + to_text(json(path)));
  if (program().cache) {
    plain_input_ = found.input;
    for (auto& [name, path] : found.files)
      input_files_.push_back(path);
  }
  if (auto named = name_files(found.input); !named)
    return fail(std::move(named.error()));
  return std::move(found.input);
}

/// Outputs that are files are written elsewhere until they are complete.
result<void> node_visit::name_files(json& input) {
  for (auto& x : program().outputs) {
    if (x.file.empty())
      continue;
    auto path = dagger::filled(x.file, [&](std::string_view name) {
      auto value = input.find(name);
      return value == input.end() ? std::string{} : shown(*value);
    });
    auto& attempt = given_.attempt;
    auto temporary = reached(folder_, path) + "." + given_.job_id + "-"
                   + std::to_string(attempt.task) + "-" + std::to_string(attempt.visit) + "-"
                   + std::to_string(attempt.attempt) + ".tmp";
    auto failed = std::error_code{};
    if (auto folder = fs::path{temporary}.parent_path(); !folder.empty())
      fs::create_directories(folder, failed);
    if (failed)
      return fail(code::exception,
                  "output '" + x.name + "': no folder for " + path + ": " + failed.message());
    input[x.name] = temporary;
    output_paths_.push_back(path);
    files_.push_back({x.name, std::move(path), std::move(temporary)});
  }
  return {};
}

result<std::vector<schema::violation>> node_visit::finish(json& output) {
  auto missing = std::vector<schema::violation>{};
  if (!files_.empty() && !output.is_object())
    output = json::object();
  for (auto& x : files_) {
    auto failed = std::error_code{};
    if (!fs::exists(x.temporary, failed))
      missing.push_back(
        {join_pointer("", x.name), "the file " + x.path
                                     + " has not been written (the action has to write "
                                       "where the input '"
                                     + x.name + "' says)"});
    output[x.name] = x.path;
  }
  auto wrong = ready_->code.check(output);
  wrong.insert(wrong.end(), std::make_move_iterator(missing.begin()),
               std::make_move_iterator(missing.end()));
  if (!wrong.empty())
    return wrong;
  for (auto& x : files_) {
    auto failed = std::error_code{};
    fs::rename(x.temporary, reached(folder_, x.path), failed);
    if (failed)
      return fail(code::exception,
                  "output '" + x.name + "': cannot rename to " + x.path + ": " + failed.message());
  }
  files_.clear();
  return wrong;
}

result<bool> node_visit::is_done(const json& output) const {
  return ready_->code.is_done(output, ready_->around->inputs, ready_->outputs());
}

void node_visit::stop_parts() const {
  for (auto visit = given_.attempt.visit; visit > 0; --visit)
    if (auto kept = programs_.find({given_.attempt.job, given_.attempt.task, visit}))
      kept->stopped = true;
}

} // namespace dagger::actors
