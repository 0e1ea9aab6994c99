// Reads all flows of a file, then resolves what they run, innermost first: a flow is checked when
// its sub-flows are.
#include <dagger/graph/loading.hpp>

#include <dagger/check.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml.hpp>
#include <dagger/graph/file_reader.hpp>
#include <dagger/graph/unknown_keys.hpp>
#include <dagger/limits.hpp>
#include <dagger/schemas.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace dagger::graph {

namespace {

/// Flows that run flows, one inside the other.
constexpr auto most_open = std::size_t{64};

/// A published schema, compiled when first needed.
struct published {
  json text;
  schema::validator validator;
};

published compiled_schema(const char* name) {
  auto text = parse_json(schemas::text(name));
  dagger::check(text.has_value(), "a published schema is not JSON");
  auto made = schema::validator::compile(*text);
  dagger::check(made.has_value(), "a published schema is no schema");
  return {std::move(*text), std::move(*made)};
}

const published& schema_of(file_kind kind) {
  static const auto of_flows = compiled_schema("flow");
  static const auto of_jobs = compiled_schema("job");
  return kind == file_kind::flow ? of_flows : of_jobs;
}

/// What a document is; why it is no file of ours.
tl::expected<file_kind, std::string> kind_of(const json& file) {
  if (!file.is_object())
    return tl::unexpected(std::string{"a flow or job file is a map, this is "}
                          + (file.is_array() ? "a list" : "a scalar"));
  if (file.contains("job") || file.contains("tasks"))
    return file_kind::job;
  if (file.contains("nodes") || (file.contains("name") && !file.contains("channel")))
    return file_kind::flow;
  return tl::unexpected(
    std::string{"this is neither a flow file nor a job file: it has no 'nodes' and no 'tasks'"});
}

/// A name that may be that of a file.
bool may_be_file(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.find('/') == name.npos
      && name.find('\0') == name.npos && name.size() <= limits::name_bytes;
}

error too_large(const std::string& name) {
  return {code::too_large, "larger than " + std::to_string(limits::file_bytes >> 20) + " MiB",
          name};
}

/// Names of the sub-flows that nodes run.
std::set<std::string> flows_in(const json& file) {
  auto made = std::set<std::string>{};
  auto& list = file.contains("tasks") ? file["tasks"] : file["nodes"];
  for (auto& node : list)
    for (auto key : {"action", "agent"})
      if (node.is_object() && node.contains(key) && node[key].is_string())
        if (auto& action = node[key].get_ref<const std::string&>(); action.starts_with("flow:"))
          made.insert(action.substr(5));
  return made;
}

} // namespace

/// A text with its problems.
struct loading::source {
  std::string name;
  std::shared_ptr<const dagger::places> places;
  std::optional<std::filesystem::path> folder;
  std::unique_ptr<findings> found;
  std::unique_ptr<unit> root;
  /// Why there is nothing to read.
  std::vector<error> refusal;
};

/// A flow on its way.
struct loading::unit {
  enum class step : std::uint8_t { read, open, done };

  source* in = nullptr;
  unit* around = nullptr;
  std::shared_ptr<spec> made;
  std::vector<std::unique_ptr<unit>> inner;
  unit::step step = step::read;
  bool has_nodes = false;
  /// The last nodes are those of a run.
  std::size_t others = 0;
};

loading::loading(const load_options& options) : options_(options), agents_(options.agents) {}

loading::~loading() = default;

loaded loading::text(std::string_view text, std::string name, const std::filesystem::path* folder) {
  return take(open_text(text, std::move(name), folder));
}

loaded loading::file(const std::filesystem::path& path) {
  return take(open_file(path));
}

loaded loading::value(json value, std::string name) {
  auto x = document{};
  x.value = std::move(value);
  return take(open_document(std::move(x), std::move(name), nullptr));
}

loaded loading::nodes(document x, std::string name, const std::filesystem::path* folder,
                      const running_graph& run) {
  auto wanted = run.flow_named ? flows_in(x.value) : std::set<std::string>{};
  for (auto& flow : wanted)
    if (auto found = run.flow_named(flow); !found.is_null())
      x.value["flows"].push_back(std::move(found));
  auto from = open_document(std::move(x), std::move(name), folder);
  if (from->root)
    add_others(*from->root, run);
  auto made = take(from);
  made.others = from->root ? from->root->others : 0;
  return made;
}

/// What there is can be referred to; of that which nobody refers to, nothing but the id counts.
void loading::add_others(unit& to, const running_graph& run) {
  auto& made = *to.made;
  made.inputs_declared = true;
  if (run.retry)
    made.config.retry = rule_of(*run.retry);
  for (auto& [name, value] : run.inputs.items()) {
    made.inputs.emplace_back();
    made.inputs.back().name = name;
  }
  const auto own = made.nodes.size();
  auto ids = std::unordered_set<std::string>{};
  for (auto& x : made.nodes)
    ids.insert(x.id);
  for (auto& x : run.nodes)
    if (!ids.contains(x.id))
      made.nodes.push_back(x);
  to.others = made.nodes.size() - own;
  if (!run.describe)
    return;
  auto silent = binder{made, [](auto&, error, auto) {}};
  for (auto i = std::size_t{0}; i < own; ++i)
    for (auto& id : silent.bind(i).after)
      if (auto at = silent.index_of(id); at && *at >= own)
        run.describe(made.nodes[*at]);
}

loading::source* loading::refused(error why) {
  auto& made = *sources_.emplace_back(std::make_unique<source>());
  made.refusal.push_back(std::move(why));
  return &made;
}

loading::source* loading::open_text(std::string_view text, std::string name,
                                    const std::filesystem::path* folder) {
  if (text.size() > limits::file_bytes)
    return refused(too_large(name));
  auto read = name.ends_with(".json") ? parse_json_document(text) : parse_yaml(text);
  if (read)
    return open_document(std::move(*read), std::move(name), folder);
  auto why = std::move(read.error());
  why.where = name + ":" + why.where;
  return refused(std::move(why));
}

loading::source* loading::open_file(const std::filesystem::path& path) {
  auto [known, fresh] = by_path_.emplace(path.lexically_normal(), nullptr);
  if (!fresh)
    return known->second;
  auto name = path.string();
  auto failure = std::error_code{};
  if (std::filesystem::is_directory(path, failure))
    return known->second = refused({code::invalid_input, "is a directory, not a file", name});
  if (auto size = std::filesystem::file_size(path, failure);
      !failure && size > limits::file_bytes) // nothing of it need be read
    return known->second = refused(too_large(name));
  auto in = std::ifstream{path, std::ios::binary};
  if (!in)
    return known->second =
             refused({code::not_found, "cannot read the file", name, "is the name right?"});
  // One byte more than allowed tells that it is too large, whatever the file is.
  auto text = std::string{};
  auto piece = std::string(1 << 16, '\0');
  while (text.size() <= limits::file_bytes && in.read(piece.data(), std::ssize(piece)).gcount() > 0)
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  auto folder = path.parent_path();
  return known->second = open_text(text, name, &folder);
}

loading::source* loading::open_document(document x, std::string name,
                                        const std::filesystem::path* folder) {
  auto& made = *sources_.emplace_back(std::make_unique<source>());
  made.name = std::move(name);
  made.places = std::make_shared<const dagger::places>(std::move(x.places));
  made.found = std::make_unique<findings>(made.name, *made.places);
  if (folder)
    made.folder = *folder;
  for (auto& fault : x.faults)
    made.found->add(fault);
  auto kind = kind_of(x.value);
  if (kind)
    made.root = read(made, x.value, *kind, {});
  else
    made.found->add("", kind.error());
  return &made;
}

std::unique_ptr<loading::unit> loading::read(source& from, json& value, file_kind kind,
                                             std::string base) {
  auto& schema = schema_of(kind);
  take_unknown_keys(
    schema.text, value,
    [&](const std::string& pointer, std::string_view name, const std::vector<std::string>& known) {
      auto word = std::string{word_for(kind, name)};
      from.found->add_at_key(base + pointer, "unknown key '" + std::string{name} + "'",
                             std::find(known.begin(), known.end(), word) != known.end()
                               ? "a " + std::string{words_of(kind).whole} + " file says '" + word
                                   + "'"
                               : from.found->suggestion(name, known));
    });
  for (auto& broken : schema.validator.check(value))
    from.found->add(base + broken.pointer, broken.message);
  auto made = std::make_unique<unit>();
  made->in = &from;
  auto nodes = value.find(words_of(kind).nodes);
  made->has_nodes = nodes != value.end() && nodes->is_array();
  auto blank = spec{};
  blank.kind = kind;
  blank.file = from.name;
  blank.places = from.places;
  blank.base = std::move(base);
  made->made = std::make_shared<spec>(file_reader{value, std::move(blank), *from.found}.read());
  read_flows(*made, value);
  return made;
}

void loading::read_flows(unit& in, json& value) {
  auto flows = value.find("flows");
  if (flows == value.end() || !flows->is_array())
    return;
  auto names = std::unordered_set<std::string>{};
  for (auto i = std::size_t{0}; i < flows->size(); ++i) {
    auto& flow = (*flows)[i];
    auto base = in.made->base + "/flows/" + std::to_string(i);
    if (!flow.is_object()) // the schema says so
      continue;
    auto& made = *in.inner.emplace_back(read(*in.in, flow, file_kind::flow, base));
    made.around = &in;
    in.made->flows.push_back(made.made);
    if (auto& name = made.made->name; !name.empty() && !names.insert(name).second)
      in.in->found->add(base + "/name", "duplicate flow '" + name + "'");
  }
}

/// Links what the nodes of a flow run, then checks it. Afterwards its inner flows, used or not.
void loading::resolve(unit& x) {
  x.step = unit::step::open;
  open_.push_back(&x);
  auto& nodes = x.made->nodes;
  for (auto i = std::size_t{0}; i < nodes.size(); ++i)
    if (nodes[i].action.starts_with("flow:"))
      resolve_node(x, i, std::string{nodes[i].flow()});
  open_.pop_back();
  for (auto& inner : x.inner)
    if (inner->step == unit::step::read)
      resolve(*inner);
  checks{*x.made, agents_, options_, *x.in->found, x.has_nodes, x.others}.run();
  x.step = unit::step::done;
}

void loading::resolve_node(unit& x, std::size_t index, const std::string& name) {
  if (x.made->sub_flows.contains(name))
    return;
  auto& found = *x.in->found;
  auto pointer = node_pointer(*x.made, index, "/" + std::string{words_of(x.made->kind).action});
  if (name.empty())
    return found.add(pointer, "the name of a flow is missing behind 'flow:'");
  auto sub = find(x, name);
  auto beside = sub ? std::optional{sub} : find_beside(x, name);
  if (!beside)
    return found.add(pointer, "unknown flow '" + name + "'",
                     found.suggestion(name, names_around(x)));
  sub = *beside;
  if (!sub) // what is wrong with that file is told there
    return;
  if (sub->step == unit::step::open) {
    auto at = std::find(open_.begin(), open_.end(), sub);
    auto cycle = std::string{};
    for (; at != open_.end(); ++at)
      cycle += (*at)->made->name + " -> ";
    return found.add(pointer, "a flow that runs itself: " + cycle + sub->made->name);
  }
  if (open_.size() >= most_open)
    return found.add(pointer, "more than " + std::to_string(most_open)
                                + " flows that run flows, one inside the other");
  if (sub->step == unit::step::read)
    resolve(*sub);
  x.made->sub_flows.emplace(name, sub->made);
}

loading::unit* loading::find(unit& from, std::string_view name) {
  for (auto at = &from; at; at = at->around)
    for (auto& inner : at->inner)
      if (inner->made->name == name)
        return inner.get();
  return nullptr;
}

/// Nothing if there is no such file, null if there is no flow in it.
std::optional<loading::unit*> loading::find_beside(unit& from, std::string_view name) {
  if (!from.in->folder || !may_be_file(name))
    return std::nullopt;
  for (auto ending : {".yaml", ".yml", ".json"}) {
    auto path = *from.in->folder / (std::string{name} + ending);
    auto failure = std::error_code{};
    if (!std::filesystem::exists(path, failure))
      continue;
    auto read = open_file(path);
    if (read->root && read->root->step == unit::step::read)
      adopt(from, *read->root, name);
    return read->root.get();
  }
  return std::nullopt;
}

/// A flow of another file is as one of the list, so that the file can be printed whole.
void loading::adopt(unit& by, unit& x, std::string_view name) {
  x.made->name = name;
  auto home = by.in->root.get();
  auto& first = *sources_.front()->root;
  if (!find(first, name))
    home = &first;
  home->made->flows.push_back(x.made);
}

std::vector<std::string> loading::names_around(const unit& x) const {
  auto made = std::vector<std::string>{};
  for (auto at = &x; at; at = at->around)
    for (auto& inner : at->inner)
      made.push_back(inner->made->name);
  return made;
}

loaded loading::take(source* asked) {
  if (asked->root)
    resolve(*asked->root);
  auto made = loaded{};
  for (auto& x : sources_) {
    auto problems = x->found ? x->found->take_problems() : std::move(x->refusal);
    auto warnings = x->found ? x->found->take_warnings() : std::vector<error>{};
    std::move(problems.begin(), problems.end(), std::back_inserter(made.problems));
    std::move(warnings.begin(), warnings.end(), std::back_inserter(made.warnings));
  }
  if (made.problems.size() > limits::problems)
    made.problems.resize(limits::problems);
  if (made.problems.empty())
    made.file = std::move(*asked->root->made);
  return made;
}

} // namespace dagger::graph
