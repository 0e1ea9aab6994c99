// Goes through both schemas at once. Each keyword of `to` must be implied by `from`.
#include <dagger/schema/compatibility.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

namespace dagger::schema {

namespace {

/// Say nothing of values.
constexpr auto annotations = std::array<std::string_view, 12>{
  "title",    "description", "default",  "examples",  "$schema",         "$id",
  "$comment", "definitions", "readOnly", "writeOnly", "contentEncoding", "contentMediaType"};

/// Have a rule below.
constexpr auto compared = std::array<std::string_view, 20>{"type",
                                                           "enum",
                                                           "const",
                                                           "required",
                                                           "properties",
                                                           "additionalProperties",
                                                           "items",
                                                           "minimum",
                                                           "maximum",
                                                           "exclusiveMinimum",
                                                           "exclusiveMaximum",
                                                           "minLength",
                                                           "maxLength",
                                                           "minItems",
                                                           "maxItems",
                                                           "minProperties",
                                                           "maxProperties",
                                                           "multipleOf",
                                                           "pattern",
                                                           "format"};

bool is_among(std::string_view name, const auto& names) {
  return std::ranges::find(names, name) != names.end();
}

std::string escaped(std::string_view name) {
  auto out = std::string{};
  for (auto c : name)
    out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

class comparison {
public:
  std::vector<violation> found;

  /// Everything that fits `from` fits `to`.
  void implies(const json& from, const json& to, const std::string& at) {
    if (to == json(true) || (to.is_object() && to.empty()) || from == json(false) || from == to)
      return;
    if (!to.is_object() || !(from.is_object() || from == json(true)))
      return add(at, "nothing fits any more");
    const auto nothing = json::object();
    auto& was = from.is_object() ? from : nothing;
    if (was.contains("enum") || was.contains("const"))
      return values(was, to, at);
    if (to.contains("enum") || to.contains("const"))
      add(at, "only some values fit now");
    types(was, to, at);
    bounds(was, to, at);
    same(was, to, at);
    object(was, to, at);
    if (to.contains("items"))
      items(was, to, at);
  }

private:
  void add(const std::string& at, std::string message) {
    found.push_back({at, std::move(message)});
  }

  static std::set<std::string> types_of(const json& x) {
    auto made = std::set<std::string>{};
    auto type = x.find("type");
    if (type == x.end())
      return {"null", "boolean", "object", "array", "number", "string"};
    if (type->is_string())
      made.insert(type->get<std::string>());
    else
      for (auto& one : *type)
        made.insert(one.get<std::string>());
    return made;
  }

  void types(const json& from, const json& to, const std::string& at) {
    if (!to.contains("type"))
      return;
    auto may = types_of(to);
    for (auto& x : types_of(from))
      if (!may.contains(x) && !(x == "integer" && may.contains("number")))
        add(at + "/type", "'" + x + "' does not fit any more");
  }

  /// Where `from` lists its values, each of them must fit.
  void values(const json& from, const json& to, const std::string& at) {
    auto checked = validator::compile(to);
    auto list = from.contains("const") ? json::array({from["const"]}) : from["enum"];
    for (auto& value : list)
      if (!checked || !checked->check(value).empty())
        add(at, "the value " + value.dump() + " does not fit any more");
  }

  void bounds(const json& from, const json& to, const std::string& at) {
    for (auto name : {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
      bound(from, to, at, name, [](double was, double is) { return is <= was; });
    for (auto name : {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
      bound(from, to, at, name, [](double was, double is) { return is >= was; });
  }

  template <class Wider>
  void bound(const json& from, const json& to, const std::string& at, const char* name,
             Wider wider) {
    auto is = to.find(name);
    if (is == to.end() || !is->is_number())
      return;
    auto was = from.find(name);
    if (was == from.end() || !was->is_number() || !wider(was->get<double>(), is->get<double>()))
      add(at + "/" + name, "is narrower than before");
  }

  /// Keywords that are compared by their text only.
  void same(const json& from, const json& to, const std::string& at) {
    for (auto& [name, is] : to.items()) {
      auto textual = name == "multipleOf" || name == "pattern" || name == "format";
      if (!textual && (is_among(name, annotations) || is_among(name, compared)))
        continue;
      auto was = from.find(name);
      if (was != from.end() && *was == is && name != "$ref")
        continue;
      add(at + "/" + escaped(name),
          textual
            ? std::string{"asks for more than before"}
            : "schemas with '" + name + "' cannot be compared, unless it is the same in both");
    }
  }

  static const json& rest_of(const json& x) {
    static const auto anything = json(true);
    auto rest = x.find("additionalProperties");
    return rest == x.end() ? anything : *rest;
  }

  void object(const json& from, const json& to, const std::string& at) {
    static const auto none = json::object();
    auto members_of = [](const json& x) -> const json& {
      auto members = x.find("properties");
      return members == x.end() ? none : *members;
    };
    auto& had = members_of(from);
    auto& has = members_of(to);
    auto needed = from.value("required", json::array());
    for (auto& name : to.value("required", json::array()))
      if (std::ranges::find(needed, name) == needed.end())
        add(at + "/required", "'" + name.get<std::string>() + "' was not required");
    for (auto& [name, schema] : has.items())
      implies(had.contains(name) ? had[name] : rest_of(from), schema,
              at + "/properties/" + escaped(name));
    for (auto& [name, schema] : had.items())
      if (!has.contains(name))
        implies(schema, rest_of(to), at + "/properties/" + escaped(name));
    implies(rest_of(from), rest_of(to), at + "/additionalProperties");
  }

  void items(const json& from, const json& to, const std::string& at) {
    static const auto anything = json(true);
    auto& is = to["items"];
    auto before = from.find("items");
    auto& was = before == from.end() ? anything : *before;
    if (is.is_array() || was.is_array()) {
      if (is != was)
        add(at + "/items", "lists of schemas cannot be compared, unless they are the same");
      return;
    }
    implies(was, is, at + "/items");
  }
};

} // namespace

std::vector<violation> obstacles(const json& from, const json& to) {
  auto all = comparison{};
  all.implies(from, to, "");
  return std::move(all.found);
}

std::vector<violation> incompatibilities(const json& older, const json& newer, compatibility mode) {
  const auto anything = json(true);
  auto& was = older.is_null() ? anything : older;
  auto& is = newer.is_null() ? anything : newer;
  auto all = std::vector<violation>{};
  if (mode == compatibility::backward || mode == compatibility::full)
    all = obstacles(was, is);
  if (mode == compatibility::forward || mode == compatibility::full)
    for (auto& x : obstacles(is, was))
      all.push_back(std::move(x));
  return all;
}

} // namespace dagger::schema
