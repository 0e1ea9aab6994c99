// The parts of a file that are no nodes.
#include <dagger/graph/file_reader.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/fields.hpp>
#include <dagger/graph/file_words.hpp>
#include <dagger/graph/node_reader.hpp>
#include <dagger/limits.hpp>
#include <dagger/log/event.hpp>
#include <dagger/log/name.hpp>
#include <dagger/script/program.hpp>

#include <algorithm>

namespace dagger::graph {

namespace {

bool good_input_name(std::string_view name) {
  auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
        || c == '-';
  };
  return !name.empty() && name.size() <= limits::name_bytes && name.front() != '-'
      && std::all_of(name.begin(), name.end(), good);
}

} // namespace

file_reader::file_reader(json& file, spec made, findings& found)
  : file_(file),
    found_(found),
    made_(std::move(made)) {}

spec file_reader::read() {
  read_head();
  read_config();
  read_limits();
  read_trigger();
  read_inputs();
  read_nodes();
  read_outputs();
  return std::move(made_);
}

void file_reader::read_head() {
  made_.name = text_of(file_, words_of(made_.kind).name);
  made_.description = text_of(file_, "description");
  if (auto version = file_.find("version"); version != file_.end() && version->is_number())
    made_.version = to_text(*version);
  else
    made_.version = text_of(file_, "version");
  made_.author = text_of(file_, "author");
  made_.signature = text_of(file_, "signature");
  made_.tags = texts_of(file_, "tags");
  made_.instructions = texts_of(file_, "instructions");
  if (auto priority = file_.find("priority"); priority != file_.end())
    made_.priority = number_in(*priority);
  made_.allowed_agents = texts_of(file_, "allowed_agents");
  made_.stall_action = stall_action_of(text_of(file_, "on_stall"));
  made_.planning_agent = text_of(file_, "planning_agent");
}

void file_reader::read_config() {
  if (auto policy = file_.find("on_failure"); policy != file_.end())
    made_.config.on_failure = on_failure_in(*policy);
  if (auto pool = file_.find("resources"); pool != file_.end())
    made_.config.resources = resources_in(*pool);
  auto config = member(file_, "config", &json::is_object);
  if (!config)
    return;
  auto& made = made_.config;
  for (auto& [name, x] : config->get_ref<json::object_t&>())
    if (name == "max_parallel")
      made.max_parallel = count_in(x);
    else if (name == "timeout")
      made.timeout = duration_in(x, at("/config/timeout"), found_);
    else if (name == "on_failure")
      made.on_failure = on_failure_in(x);
    else if (name == "durability" && x.is_string())
      made.durability = x == "relaxed" ? durability::relaxed
                      : x == "none"    ? durability::none
                                       : durability::sync;
    else if (name == "resources")
      made.resources = resources_in(x);
    else if (name == "retry")
      made.retry = retry_in(x, at("/config/retry"), found_);
}

void file_reader::read_limits() {
  auto limits = member(file_, "limits", &json::is_object);
  if (!limits)
    return;
  auto read = [&](const char* name, std::uint32_t& to) {
    if (auto found = member(*limits, name, &json::is_number); found && found->get<double>() >= 1)
      to = *count_in(*found);
  };
  read("tasks", made_.limits.tasks);
  read("depth", made_.limits.depth);
  read("running", made_.limits.running);
  if (auto deadline = limits->find("deadline"); deadline != limits->end())
    made_.limits.deadline = duration_in(*deadline, at("/limits/deadline"), found_);
}

void file_reader::read_trigger() {
  auto trigger = member(file_, "trigger", &json::is_object);
  if (!trigger)
    return;
  auto made = trigger_rule{text_of(*trigger, "channel"), text_of(*trigger, "input"),
                           text_of(*trigger, "group"), text_of(*trigger, "from")};
  auto check = [&](const char* name, auto&& done) {
    if (!done)
      found_.add(at("/trigger/") + name, done.error().message, done.error().hint);
  };
  check("channel", log::check_pattern(made.channel));
  if (!made.input.empty())
    check("input", script::program::compile(made.input));
  if (!made.from.empty())
    check("from", log::start_from(made.from));
  made_.trigger = std::move(made);
}

void file_reader::read_inputs() {
  made_.inputs_declared = file_.contains("inputs");
  if (auto inputs = member(file_, "inputs", &json::is_object))
    for (auto& [name, schema] : inputs->items())
      read_input(name, schema);
}

void file_reader::read_input(const std::string& name, const json& schema) {
  auto pointer = join_pointer(at("/inputs"), name);
  if (!good_input_name(name))
    found_.add_at_key(pointer, to_text(json(name)) + " is no name of an input",
                      "letters, digits, '_' and '-'");
  auto made = declared_input{};
  made.name = name;
  if (schema.is_object() || schema.is_boolean()) {
    auto compiled = schema::validator::compile(schema);
    if (!compiled)
      found_.add(pointer + compiled.error().where, compiled.error().message, compiled.error().hint);
    else
      made.validator = std::move(*compiled);
    made.schema = schema;
  }
  if (auto fallback = schema.is_object() ? schema.find("default") : schema.end();
      fallback != schema.end()) {
    for (auto& broken : made.validator.check(*fallback))
      found_.add(pointer + "/default" + broken.pointer, broken.message);
    made.fallback = *fallback;
  }
  made_.inputs.push_back(std::move(made));
}

void file_reader::read_nodes() {
  auto nodes = member(file_, words_of(made_.kind).nodes, &json::is_array);
  if (!nodes)
    return;
  made_.nodes.reserve(nodes->size());
  auto reader = node_reader{made_, found_};
  for (auto i = std::size_t{0}; i < nodes->size(); ++i)
    made_.nodes.push_back((*nodes)[i].is_object() ? reader.read(i, (*nodes)[i]) : node{});
}

void file_reader::read_outputs() {
  if (auto outputs = member(file_, "outputs", &json::is_object))
    for (auto& [name, text] : outputs->get_ref<json::object_t&>())
      if (text.is_string())
        made_.outputs.emplace_back(name, text_in(text));
}

} // namespace dagger::graph
