// A function for each key of a node.
#include <dagger/graph/node_reader.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/fields.hpp>
#include <dagger/graph/file_words.hpp>

#include <array>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

namespace dagger::graph {

namespace {

std::optional<tolerance> parse_percent(std::string_view text) {
  auto made = tolerance{0, true};
  auto end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, made.amount);
  if (failure != std::errc{} || stop + 1 != end || *stop != '%' || !(made.amount >= 0)
      || made.amount > 100)
    return std::nullopt;
  return made;
}

} // namespace

node_reader::node_reader(const spec& file, findings& found) : file_(file), found_(found) {}

node_reader::key_reader node_reader::reader_of(std::string_view key) {
  using self = node_reader;
  static const auto table = std::unordered_map<std::string_view, key_reader>{
    {"id", [](self& x, json& v) { x.made_.id = text_in(v); }},
    {"action", [](self& x, json& v) { x.made_.action = text_in(v); }},
    {"description", [](self& x, json& v) { x.made_.description = text_in(v); }},
    {"instructions", [](self& x, json& v) { x.made_.instructions = texts_in(v); }},
    {"dependencies", [](self& x, json& v) { x.made_.dependencies = texts_in(v); }},
    {"inputs", [](self& x, json& v) { x.read_inputs(v); }},
    {"outputs", [](self& x, json& v) { x.read_outputs(v); }},
    {"when", [](self& x, json& v) { x.made_.when = text_in(v); }},
    {"run_if", [](self& x, json& v) { x.made_.run_if = run_if_of(text_in(v)); }},
    {"for_each", [](self& x, json& v) { x.made_.for_each = text_in(v); }},
    {"max_parallel", [](self& x, json& v) { x.made_.max_parallel = count_in(v); }},
    {"max_children", [](self& x, json& v) { x.made_.max_children = count_in(v); }},
    {"tolerate", [](self& x, json& v) { x.read_tolerate(v); }},
    {"repeat", [](self& x, json& v) { x.read_repeat(v); }},
    {"retry", [](self& x, json& v) { x.made_.retry = retry_in(v, x.pointer("/retry"), x.found_); }},
    {"try_count", [](self& x, json& v) { x.tries_ = count_in(v); }},
    {"onfailure", [](self& x, json& v) { x.never_again_ = !flag_in(v, true); }},
    {"timeout", [](self& x, json& v) { x.made_.timeout = x.duration_of(v, "/timeout"); }},
    {"total_timeout",
     [](self& x, json& v) { x.made_.total_timeout = x.duration_of(v, "/total_timeout"); }},
    {"heartbeat", [](self& x, json& v) { x.made_.heartbeat = x.duration_of(v, "/heartbeat"); }},
    {"priority", [](self& x, json& v) { x.made_.priority = number_in(v); }},
    {"resources", [](self& x, json& v) { x.made_.resources = resources_in(v); }},
    {"cache", [](self& x, json& v) { x.read_cache(v); }},
    {"optional", [](self& x, json& v) { x.made_.optional = flag_in(v, false); }},
    {"enabled", [](self& x, json& v) { x.made_.enabled = flag_in(v, true); }},
    {"at_most_once", [](self& x, json& v) { x.made_.at_most_once = flag_in(v, false); }},
    {"kind", [](self& x, json& v) { x.made_.kind = kind_of(text_in(v)); }},
    {"on_failure", [](self& x, json& v) { x.made_.on_failure = on_failure_in(v); }},
    {"failure", [](self& x, json& v) { x.made_.failure = text_in(v); }},
    {"compensate", [](self& x, json& v) { x.made_.compensate = text_in(v); }},
  };
  auto found = table.find(key);
  return found == table.end() ? nullptr : found->second;
}

node node_reader::read(std::size_t index, json& from) {
  index_ = index;
  made_ = {};
  tries_.reset();
  never_again_ = false;
  auto& words = words_of(file_.kind);
  for (auto& [key, value] : from.get_ref<json::object_t&>()) {
    auto name = key == words.id           ? std::string_view{"id"}
              : key == words.action       ? std::string_view{"action"}
              : key == words.dependencies ? std::string_view{"dependencies"}
                                          : std::string_view{key};
    if (auto read = reader_of(name))
      read(*this, value);
  }
  join_retries();
  return std::move(made_);
}

std::optional<duration> node_reader::duration_of(const json& value, const char* rest) {
  return duration_in(value, pointer(rest), found_);
}

void node_reader::read_inputs(json& from) {
  if (from.is_array())
    return read_listed_inputs(from);
  if (!from.is_object())
    return;
  made_.inputs.reserve(from.size());
  for (auto& [name, value] : from.get_ref<json::object_t&>())
    made_.inputs.push_back({.name = name, .value = std::move(value)});
}

/// Every entry becomes an input, so that indexes are those of the file.
void node_reader::read_listed_inputs(json& from) {
  made_.inputs_listed = true;
  made_.inputs.resize(from.size());
  auto names = std::unordered_set<std::string_view>{};
  for (auto i = std::size_t{0}; i < from.size(); ++i) {
    auto& item = from[i];
    auto& input = made_.inputs[i];
    if (!item.is_object())
      continue;
    auto place = [&] { return pointer("/inputs/" + std::to_string(i)); };
    input.name = text_of(item, "name");
    input.description = text_of(item, "description");
    if (input.name.empty())
      continue;
    if (!read_source(input, item))
      found_.add(place(), "one of 'value', 'reference', 'expr' and 'file' is needed");
    if (!names.insert(input.name).second)
      found_.add(place() + "/name", "duplicate input '" + input.name + "'");
  }
}

bool node_reader::read_source(node_input& to, json& item) {
  using source = input_source;
  constexpr auto keys =
    std::array{std::pair{"value", source::value}, std::pair{"reference", source::reference},
               std::pair{"expr", source::expr}, std::pair{"file", source::file}};
  auto given = 0;
  for (auto& [key, what] : keys) {
    auto found = item.find(key);
    if (found == item.end())
      continue;
    ++given;
    to.source = what;
    if (what == source::value)
      to.value = std::move(*found);
    else
      to.text = text_in(*found);
  }
  return given == 1;
}

void node_reader::read_outputs(json& from) {
  if (!from.is_array())
    return;
  auto names = std::unordered_set<std::string>{};
  for (auto i = std::size_t{0}; i < from.size(); ++i) {
    auto& item = from[i];
    auto& output = made_.outputs.emplace_back();
    if (!item.is_object())
      continue;
    auto place = [&](const char* rest) { return pointer("/outputs/" + std::to_string(i) + rest); };
    output.name = text_of(item, "name");
    output.description = text_of(item, "description");
    output.file = text_of(item, "file");
    if (!output.name.empty() && !names.insert(output.name).second)
      found_.add(place("/name"), "duplicate output '" + output.name + "'");
    auto schema = item.find("schema");
    if (schema == item.end() || (!schema->is_object() && !schema->is_boolean()))
      continue;
    output.schema = std::move(*schema);
    if (auto compiled = schema::validator::compile(output.schema); !compiled)
      found_.add(place("/schema") + compiled.error().where, compiled.error().message,
                 compiled.error().hint);
  }
}

void node_reader::read_tolerate(json& value) {
  if (value.is_number() && value.get<double>() >= 0)
    made_.tolerate = {value.get<double>(), false};
  if (!value.is_string())
    return;
  if (auto read = parse_percent(value.get_ref<const std::string&>()))
    made_.tolerate = *read;
  else
    found_.add(pointer("/tolerate"), "neither a number nor a percentage: " + to_text(value),
               "write it like 3 or 10%");
}

void node_reader::read_repeat(json& value) {
  if (!value.is_object())
    return;
  auto& made = made_.repeat.emplace();
  made.until = text_of(value, "until");
  if (auto most = value.find("max"); most != value.end())
    made.max = count_in(*most).value_or(1);
}

void node_reader::read_cache(json& value) {
  if (value.is_string()) {
    if (value == "up_to_date")
      made_.cache = cache_rule{.up_to_date = true};
    else
      found_.add(pointer("/cache"), "no rule of a cache: " + to_text(value),
                 "write up_to_date, or {ttl: 1d}");
  }
  if (!value.is_object())
    return;
  auto& made = made_.cache.emplace();
  for (auto& [name, x] : value.get_ref<json::object_t&>())
    if (name == "ttl")
      made.ttl = duration_of(x, "/cache/ttl");
    else if (name == "up_to_date")
      made.up_to_date = flag_in(x, false);
    else if (name == "hash")
      made.hash_content = x == "content";
  if (!made.up_to_date && !value.contains("ttl"))
    found_.add(pointer("/cache"), "says neither how long nor until when a result is taken",
               "add ttl: 1d, or up_to_date: true");
}

/// Three keys say how often: onfailure: false is the strongest.
void node_reader::join_retries() {
  if (made_.retry.max_attempts && tries_)
    found_.add_at_key(pointer("/try_count"), "retry.max_attempts says the same",
                      "give one of them");
  if (tries_)
    made_.retry.max_attempts = tries_;
  if (never_again_)
    made_.retry.max_attempts = 1;
}

} // namespace dagger::graph
