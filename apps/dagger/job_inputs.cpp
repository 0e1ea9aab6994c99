// Reads the values of a job's inputs.
#include "job_inputs.hpp"

#include "given_value.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/graph/file.hpp>

#include <string_view>

namespace dagger::apps {

namespace {

constexpr auto wanted = "--inputs wants a file with a JSON object";

result<json> object_in(const std::string& file) {
  const auto name = file == "-" ? std::string{"standard input"} : file;
  const auto text = read_named_file(file, wanted);
  if (!text)
    return fail(text.error());
  auto value = parse_json(*text);
  if (!value) {
    auto why = value.error();
    why.where = why.where.empty() ? name : name + ":" + why.where;
    if (why.hint.empty())
      why.hint = "--inputs wants a JSON object: {\"name\": \"value\"}";
    return fail(std::move(why));
  }
  if (!value->is_object())
    return fail(code::invalid_input, std::string{"must be an object, not "} + value->type_name(),
                name, "--inputs wants a JSON object: {\"name\": \"value\"}");
  return value;
}

} // namespace

tl::expected<json, std::vector<error>> read_inputs(const std::string& file,
                                                   const std::vector<std::string>& given) {
  auto values = json::object();
  auto problems = std::vector<error>{};
  if (!file.empty()) {
    auto read = object_in(file);
    if (read)
      values = std::move(*read);
    else
      problems.push_back(std::move(read.error()));
  }
  for (const auto& word : given) {
    auto read = graph::parse_input_argument(word);
    if (read)
      values[read->first] = std::move(read->second);
    else
      problems.push_back(std::move(read.error()));
  }
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  return values;
}

} // namespace dagger::apps
