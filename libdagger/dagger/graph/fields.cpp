// Values of the types that files have.
#include <dagger/graph/fields.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/file_words.hpp>

#include <algorithm>
#include <limits>

namespace dagger::graph {

json* member(json& object, std::string_view name, bool (json::*is)() const noexcept) {
  auto found = object.find(name);
  return found != object.end() && ((*found).*is)() ? &*found : nullptr;
}

std::string text_in(json& value) {
  return value.is_string() ? std::move(value.get_ref<std::string&>()) : std::string{};
}

std::int32_t number_in(const json& value) {
  constexpr auto most = static_cast<double>(std::numeric_limits<std::int32_t>::max());
  auto x = value.is_number() ? value.get<double>() : 0.0;
  return static_cast<std::int32_t>(std::clamp(x, -most - 1, most));
}

std::optional<std::uint32_t> count_in(const json& value) {
  constexpr auto most = static_cast<double>(std::numeric_limits<std::uint32_t>::max());
  if (!value.is_number())
    return std::nullopt;
  return static_cast<std::uint32_t>(std::clamp(value.get<double>(), 1.0, most));
}

bool flag_in(const json& value, bool otherwise) {
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::vector<std::string> texts_in(json& value) {
  if (!value.is_array()
      || !std::all_of(value.begin(), value.end(), [](auto& x) { return x.is_string(); }))
    return {};
  auto made = std::vector<std::string>{};
  made.reserve(value.size());
  for (auto& x : value)
    made.push_back(text_in(x));
  return made;
}

resources resources_in(const json& value) {
  auto made = resources{};
  if (value.is_object())
    for (auto& [name, amount] : value.items())
      if (amount.is_number_integer() && amount > 0)
        made.emplace(name, amount.get<std::uint64_t>());
  return made;
}

std::optional<duration> duration_in(const json& value, const std::string& pointer,
                                    findings& found) {
  if (!value.is_string() && !value.is_number())
    return std::nullopt;
  if (value.is_number() && value.get<double>() < 0) // the schema says so
    return std::nullopt;
  auto read =
    parse_duration(value.is_string() ? value.get_ref<const std::string&>() : to_text(value));
  if (read)
    return *read;
  found.add(pointer, read.error().message, read.error().hint);
  return std::nullopt;
}

retry_rule retry_in(json& value, const std::string& pointer, findings& found) {
  auto made = retry_rule{};
  if (!value.is_object())
    return made;
  for (auto& [name, x] : value.get_ref<json::object_t&>())
    if (name == "max_attempts")
      made.max_attempts = count_in(x);
    else if (name == "backoff" && x.is_string())
      made.backoff = backoff_of(text_in(x));
    else if (name == "initial")
      made.initial = duration_in(x, pointer + "/initial", found);
    else if (name == "max")
      made.max = duration_in(x, pointer + "/max", found);
    else if (name == "multiplier" && x.is_number())
      made.multiplier = std::max(x.get<double>(), 0.0);
    else if (name == "jitter" && x.is_number())
      made.jitter = std::clamp(x.get<double>(), 0.0, 1.0);
    else if (name == "retry_on")
      made.retry_on = texts_in(x);
    else if (name == "abort_on")
      made.abort_on = texts_in(x);
  return made;
}

std::optional<dagger::on_failure> on_failure_in(const json& value) {
  if (!value.is_string())
    return std::nullopt;
  return on_failure_of(value.get_ref<const std::string&>());
}

std::string text_of(json& object, std::string_view name) {
  auto found = object.find(name);
  return found == object.end() ? std::string{} : text_in(*found);
}

std::vector<std::string> texts_of(json& object, std::string_view name) {
  auto found = object.find(name);
  return found == object.end() ? std::vector<std::string>{} : texts_in(*found);
}

} // namespace dagger::graph
