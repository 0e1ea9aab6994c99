// Copies the keywords that valijson needs, in the form that it needs.
#include <dagger/schema/shallow.hpp>

#include <dagger/schema/compare.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace dagger::schema {

namespace {

constexpr auto counts =
  std::array{"maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties"};

constexpr auto plain = std::array{"const",    "enum",    "exclusiveMaximum", "exclusiveMinimum",
                                  "maximum",  "minimum", "pattern",          "multipleOf",
                                  "required", "type",    "uniqueItems"};

constexpr auto with_names =
  std::array{"dependencies", "patternProperties", "properties", "required"};

template <class List>
bool listed(const List& list, const std::string& keyword) {
  return std::find(list.begin(), list.end(), keyword) != list.end();
}

/// A count as valijson takes it: 2.0 is 2, and none is beyond 2^63.
json count(const json& x) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (compare_numbers(x, json(most)) >= 0)
    return most;
  return x.is_number_float() ? json(static_cast<std::int64_t>(x.get<double>())) : x;
}

/// `under`, which `keyword` holds, with stand-ins for the schemas; the lists of names that
/// `dependencies` may have stay.
json with_stand_ins(std::string_view keyword, const json& under, const places& all) {
  auto stand_for = [&](const json& x) {
    return x.is_array() ? x : json{{stand_in_keyword, all.node_of(x)}};
  };
  if (under.is_array()) {
    auto out = json::array();
    for (const auto& x : under)
      out.push_back(stand_for(x));
    return out;
  }
  if (schemas_under(keyword) != holds::by_name)
    return stand_for(under);
  auto out = json::object();
  for (const auto& [name, x] : under.items())
    out[name] = stand_for(x);
  return out;
}

bool has_nul(const json& names) {
  auto inside = [](const std::string& x) { return x.find('\0') != std::string::npos; };
  for (const auto& [name, x] : names.items())
    if (inside(name) || (x.is_string() && inside(x.get_ref<const std::string&>()))
        || (x.is_array() && has_nul(x)))
      return true;
  return false;
}

} // namespace

result<json> shallow_copy(const place& from, const places& all) {
  auto out = json::object();
  for (const auto& [keyword, x] : from.schema->items()) {
    if (listed(with_names, keyword) && has_nul(x))
      return fail(code::invalid_input, "names with a NUL character are not supported",
                  from.pointer + "/" + keyword);
    if (keyword == "definitions")
      continue;
    if (schemas_under(keyword) != holds::nothing)
      out[keyword] = with_stand_ins(keyword, x, all);
    else if (listed(counts, keyword))
      out[keyword] = count(x);
    else if (listed(plain, keyword) || (keyword == "format" && x != ""))
      out[keyword] = x;
  }
  return out;
}

} // namespace dagger::schema
