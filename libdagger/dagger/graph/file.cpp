// Loading: text to document, document against its schema, then the reader.
#include <dagger/graph/file.hpp>

#include <dagger/check.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml.hpp>
#include <dagger/graph/file_reader.hpp>
#include <dagger/graph/findings.hpp>
#include <dagger/graph/unknown_keys.hpp>
#include <dagger/limits.hpp>
#include <dagger/schemas.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace dagger::graph {

namespace {

/// A published schema, compiled when first needed.
struct published {
  json text;
  schema::validator validator;
};

const published& job_schema() {
  static const auto compiled = [] {
    auto text = parse_json(schemas::text("job"));
    dagger::check(text.has_value(), "schemas/job.schema.json is not JSON");
    auto made = schema::validator::compile(*text);
    dagger::check(made.has_value(), "schemas/job.schema.json is no schema");
    return published{std::move(*text), std::move(*made)};
  }();
  return compiled;
}

loaded refused(error x) {
  auto made = loaded{};
  made.problems.push_back(std::move(x));
  return made;
}

/// Why this is not a job file; empty if it is one, or may have been meant to be.
std::string not_a_job(const json& file) {
  if (!file.is_object())
    return std::string{"a job file is a map, this is "} + (file.is_array() ? "a list" : "a scalar");
  if (file.contains("job") || file.contains("tasks"))
    return {};
  if (file.contains("nodes"))
    return "this is a flow file; this version reads job files only";
  return "this is no job file: it has no 'job' and no 'tasks'";
}

void check_shape(json& file, findings& found) {
  auto& schema = job_schema();
  auto report = [&](const std::string& pointer, std::string_view name,
                    const std::vector<std::string>& known) {
    found.add_at_key(pointer, "unknown key '" + std::string{name} + "'",
                     found.suggestion(name, known));
  };
  take_unknown_keys(schema.text, file, report);
  for (auto& broken : schema.validator.check(file))
    found.add(broken.pointer, broken.message);
}

} // namespace

std::string input_pointer(const spec& spec, std::size_t index, std::string_view pointer) {
  auto made = "/tasks/" + std::to_string(index) + "/inputs";
  auto& listed = spec.nodes[index].listed;
  if (listed.empty() || pointer.empty())
    return made + std::string{pointer};
  auto rest = pointer.substr(std::min(pointer.find('/', 1), pointer.size()));
  auto name = pointer_steps(pointer.substr(0, pointer.size() - rest.size())).front();
  auto same = [&](auto& x) { return x.name == name; };
  auto item = std::find_if(listed.begin(), listed.end(), same);
  if (item == listed.end())
    return made;
  made += "/" + std::to_string(item - listed.begin());
  return made + (item->is_reference ? "/reference" : "/value" + std::string{rest});
}

error error_at(const spec& spec, std::string_view pointer, error what) {
  auto path = to_path(pointer);
  what.where = spec.file;
  if (spec.places)
    what.where += ":" + to_text(spec.places->value(pointer));
  what.message = (path.empty() ? "" : path + ": ") + what.message;
  return what;
}

loaded load(std::string_view text, std::string_view name, const load_options& options) {
  auto file = std::string{name};
  if (text.size() > limits::file_bytes)
    return refused(
      {code::too_large, "larger than " + std::to_string(limits::file_bytes >> 20) + " MiB", file});
  auto read = name.ends_with(".json") ? parse_json_document(text) : parse_yaml(text);
  if (!read) {
    auto why = read.error();
    why.where = file + ":" + why.where;
    return refused(std::move(why));
  }
  auto places = std::make_shared<const dagger::places>(std::move(read->places));
  auto found = findings{file, *places};
  for (auto& x : read->faults)
    found.add(x);
  if (auto why = not_a_job(read->value); !why.empty()) {
    found.add("", why);
    return {std::nullopt, found.take_problems(), {}};
  }
  check_shape(read->value, found);
  auto made = loaded{};
  made.file = file_reader{read->value, options, found}.read();
  made.problems = found.take_problems();
  made.warnings = found.take_warnings();
  made.file->file = file;
  made.file->places = places;
  if (!made.problems.empty())
    made.file.reset();
  return made;
}

loaded load_file(const std::filesystem::path& path, const load_options& options) {
  auto name = path.string();
  auto failure = std::error_code{};
  if (std::filesystem::is_directory(path, failure))
    return refused({code::invalid_input, "is a directory, not a file", name});
  auto in = std::ifstream{path, std::ios::binary};
  if (!in)
    return refused({code::not_found, "cannot read the file", name, "is the name right?"});
  // One byte more than allowed tells that it is too large, whatever the file is.
  auto text = std::string{};
  auto piece = std::string(1 << 16, '\0');
  while (text.size() <= limits::file_bytes && in.read(piece.data(), std::ssize(piece)).gcount() > 0)
    text.append(piece, 0, static_cast<std::size_t>(in.gcount()));
  return load(text, name, options);
}

} // namespace dagger::graph
