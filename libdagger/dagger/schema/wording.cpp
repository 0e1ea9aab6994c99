// Short texts for violations.
#include <dagger/schema/wording.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>

#include <array>
#include <utility>

namespace dagger::schema {

namespace {

constexpr auto longest_text = std::size_t{80};
constexpr auto most_choices = std::size_t{10};

/// At most `longest_text` bytes, not cut inside a character.
std::string cut(std::string_view text) {
  if (text.size() <= longest_text)
    return std::string{text};
  auto end = longest_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return std::string{text.substr(0, end)} + "...";
}

} // namespace

std::string type_names(type_set types) {
  constexpr auto names = std::array{
    std::pair{type::string, "string"},   std::pair{type::number, "number"},
    std::pair{type::integer, "integer"}, std::pair{type::boolean, "boolean"},
    std::pair{type::array, "array"},     std::pair{type::object, "object"},
    std::pair{type::null, "null"},
  };
  auto listed = std::vector<std::string_view>{};
  for (const auto& [bit, name] : names)
    if ((types & bit) != 0 && !(bit == type::integer && (types & type::number) != 0))
      listed.push_back(name);
  auto out = std::string{};
  for (auto i = std::size_t{0}; i < listed.size(); ++i) {
    out += i == 0 ? "" : i + 1 == listed.size() ? " or " : ", ";
    out += listed[i];
  }
  return out;
}

std::string type_name(const json& x) {
  auto types = type::of(x);
  return (types & type::integer) != 0 ? "integer" : type_names(types);
}

std::string shown(const json& x) {
  if (x.is_array())
    return "an array";
  if (x.is_object())
    return "an object";
  if (x.is_string())
    return to_text(json(cut(x.get_ref<const std::string&>())));
  return to_text(x);
}

std::string in_quotes(std::string_view name) {
  return "'" + cut(name) + "'";
}

std::string counted(std::uint64_t n, std::string_view noun) {
  auto text = std::to_string(n) + " ";
  if (n == 1)
    return text.append(noun);
  if (noun.ends_with('y'))
    return text.append(noun.substr(0, noun.size() - 1)).append("ies");
  return text.append(noun).append("s");
}

std::string choices_text(const std::vector<json>& choices) {
  auto out = std::string{};
  for (auto i = std::size_t{0}; i < choices.size() && i < most_choices; ++i) {
    out += i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ";
    out += shown(choices[i]);
  }
  if (choices.size() > most_choices)
    out += " or one of " + std::to_string(choices.size() - most_choices) + " more";
  return out;
}

std::string suggestion(std::string_view word, std::span<const std::string> candidates) {
  auto found = nearest(word, candidates);
  return found ? "; did you mean " + in_quotes(*found) + "?" : std::string{};
}

} // namespace dagger::schema
