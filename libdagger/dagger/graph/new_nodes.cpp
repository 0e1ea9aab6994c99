// New nodes stand in a file of their own, which is checked with the nodes of the run behind them.
#include <dagger/graph/new_nodes.hpp>

#include <dagger/codec/yaml.hpp>
#include <dagger/graph/flow_tasks.hpp>
#include <dagger/graph/loading.hpp>
#include <dagger/limits.hpp>

namespace dagger::graph {

namespace {

result<document> document_of(const json& what, const std::string& file) {
  if (!what.is_string()) {
    auto made = document{};
    made.value = what;
    return made;
  }
  auto& text = what.get_ref<const std::string&>();
  if (text.size() > limits::file_bytes)
    return fail(code::too_large, "larger than " + std::to_string(limits::file_bytes >> 20) + " MiB",
                file);
  auto read = file.ends_with(".json") ? parse_json_document(text) : parse_yaml(text);
  if (!read)
    read.error().where = file + ":" + read.error().where;
  return read;
}

/// In whose words a node is written.
file_kind kind_of(const json& nodes) {
  auto& first = nodes.is_array() && !nodes.empty() ? nodes.front() : nodes;
  auto is_task = first.is_object() && !first.contains("id")
              && (first.contains("agent") || first.contains("name"));
  return is_task ? file_kind::job : file_kind::flow;
}

/// The file around the nodes. Everything in it keeps its place.
document file_around(document x, file_kind kind) {
  auto& words = words_of(kind);
  auto list = x.places.root();
  if (!x.value.is_array()) {
    x.value = json::array({std::move(x.value)});
    list = {.value = list.value, .key = list.value};
    x.places.adopt(list, {x.places.root()});
  }
  list.name = places::hash_of(words.nodes);
  auto root = places::node{.value = list.value, .key = list.value};
  x.places.adopt(root, {list});
  x.places.set_root(root);
  x.value = {{words.name, "run"}, {words.nodes, std::move(x.value)}};
  return x;
}

/// "nodes[0].when: ..." without what stands around the nodes.
void shorten_paths(std::vector<error>& xs, const std::string& file, std::string_view around) {
  for (auto& x : xs) {
    if (!x.where.starts_with(file + ":") || !x.message.starts_with(around))
      continue;
    x.message.erase(0, around.size());
    if (x.message.starts_with(".") || x.message.starts_with(": "))
      x.message.erase(0, x.message.front() == '.' ? 1 : 2);
  }
}

} // namespace

new_nodes read_new_nodes(const json& what, const node_origin& from, const running_graph& run,
                         const load_options& options) {
  auto made = new_nodes{};
  auto read = document_of(what, from.file);
  if (!read) {
    made.problems.push_back(std::move(read.error()));
    return made;
  }
  if (!read->value.is_object() && !read->value.is_array()) {
    made.problems.push_back({code::invalid_input, "a node is a map, this is a scalar",
                             from.file + ":" + to_text(read->places.root().value)});
    return made;
  }
  if (read->value.is_array() && read->value.empty()) {
    made.problems.push_back({code::invalid_input, "there is no node in it",
                             from.file + ":" + to_text(read->places.root().value)});
    return made;
  }
  auto kind = kind_of(read->value);
  auto nodes = std::string{words_of(kind).nodes};
  auto around = read->value.is_array() ? nodes : nodes + "[0]";
  auto folder = from.folder.empty() ? nullptr : &from.folder;
  auto loaded = loading{options}.nodes(file_around(std::move(*read), kind), from.file, folder, run);
  made.problems = std::move(loaded.problems);
  made.warnings = std::move(loaded.warnings);
  if (loaded.file) {
    auto count = loaded.file->nodes.size() - loaded.others;
    auto tasks = flow_tasks(*loaded.file, count, {.inputs = run.inputs});
    if (tasks)
      made.tasks = std::move(*tasks);
    else
      made.problems = std::move(tasks.error());
  }
  shorten_paths(made.problems, from.file, around);
  shorten_paths(made.warnings, from.file, around);
  return made;
}

} // namespace dagger::graph
