// Identifiers and references of draft-07, resolved inside one document and the meta-schema.
#include <dagger/schema/reference.hpp>

#include <dagger/schema/metaschema.hpp>
#include <dagger/schema/uri.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace dagger::schema {

namespace {

/// A step of a JSON pointer with its escapes undone.
std::string unescaped(std::string_view token) {
  auto out = std::string{};
  for (auto i = std::size_t{0}; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1'))
      out += token[++i] == '0' ? '~' : '/';
    else
      out += token[i];
  }
  return out;
}

/// The member or item of `x` that `name` names, or null.
const json* step_into(const json& x, const std::string& name) {
  if (x.is_object()) {
    auto at = x.find(name);
    return at == x.end() ? nullptr : &*at;
  }
  if (!x.is_array())
    return nullptr;
  auto index = std::size_t{0};
  auto end = name.data() + name.size();
  auto [stop, bad] = std::from_chars(name.data(), end, index);
  auto canonical = name == "0" || !name.starts_with('0');
  if (bad != std::errc{} || stop != end || !canonical || index >= x.size())
    return nullptr;
  return &x[index];
}

result<const json*> unresolved(const place& from, const std::string& reference,
                               const std::string& why) {
  return fail(code::invalid_input, "cannot resolve the reference \"" + reference + "\": " + why,
              from.pointer + "/$ref");
}

} // namespace

holds schemas_under(std::string_view keyword) {
  constexpr auto table = std::array{
    std::pair{std::string_view{"additionalItems"}, holds::one},
    std::pair{std::string_view{"additionalProperties"}, holds::one},
    std::pair{std::string_view{"allOf"}, holds::list},
    std::pair{std::string_view{"anyOf"}, holds::list},
    std::pair{std::string_view{"contains"}, holds::one},
    std::pair{std::string_view{"definitions"}, holds::by_name},
    std::pair{std::string_view{"dependencies"}, holds::by_name},
    std::pair{std::string_view{"else"}, holds::one},
    std::pair{std::string_view{"if"}, holds::one},
    std::pair{std::string_view{"items"}, holds::one_or_list},
    std::pair{std::string_view{"not"}, holds::one},
    std::pair{std::string_view{"oneOf"}, holds::list},
    std::pair{std::string_view{"patternProperties"}, holds::by_name},
    std::pair{std::string_view{"properties"}, holds::by_name},
    std::pair{std::string_view{"propertyNames"}, holds::one},
    std::pair{std::string_view{"then"}, holds::one},
  };
  auto at = std::find_if(table.begin(), table.end(),
                         [&](const auto& entry) { return entry.first == keyword; });
  return at == table.end() ? holds::nothing : at->second;
}

std::string extended(std::string_view pointer, std::string_view name) {
  auto out = std::string{pointer} + "/";
  for (auto c : name) {
    if (c == '~' || c == '/')
      out += c == '~' ? "~0" : "~1";
    else
      out += c;
  }
  return out;
}

const std::string* reference_in(const json& schema) {
  if (!schema.is_object())
    return nullptr;
  auto at = schema.find("$ref");
  return at != schema.end() && at->is_string() ? at->get_ptr<const std::string*>() : nullptr;
}

result<places> places::find(const json& root) {
  auto found = places{};
  found.identified_.emplace("", &root);
  found.enter(root, "", "");
  found.walk();
  for (auto i = std::size_t{0}; i < found.all_.size(); ++i)
    if (auto ok = found.resolve(found.all_[i]); !ok)
      return fail(ok.error());
  if (auto ok = found.shorten(); !ok)
    return fail(ok.error());
  return found;
}

node_id places::node_of(const json& schema) const {
  auto at = refers_to_.find(&schema);
  const auto& meant = at == refers_to_.end() ? schema : *at->second;
  if (meant.is_boolean())
    return meant.get<bool>() ? always : never;
  return static_cast<node_id>(2 + index_.at(&meant));
}

void places::enter(const json& schema, std::string pointer, std::string base, bool unchecked) {
  if (schema.is_object() && index_.emplace(&schema, all_.size()).second)
    all_.push_back({&schema, std::move(pointer), std::move(base), unchecked});
}

/// Enters all schemas inside those not yet walked.
void places::walk() {
  for (; walked_ < all_.size(); ++walked_) {
    auto& x = all_[walked_];
    auto refers = reference_in(*x.schema) != nullptr;
    if (!refers)
      identify(x);
    for (const auto& [keyword, under] : x.schema->items())
      if (!refers || keyword == "definitions")
        for_each_schema(
          keyword, under, extended(x.pointer, keyword),
          [&](const std::string& pointer, const json& inner) { enter(inner, pointer, x.base); });
  }
}

void places::identify(place& x) {
  auto at = x.schema->find("$id");
  if (at == x.schema->end() || !at->is_string())
    return;
  const auto& id = at->get_ref<const std::string&>();
  auto parts = split_uri(id);
  if (!id.starts_with('#')) {
    x.base = resolve_uri(x.base, id);
    identified_.emplace(x.base, x.schema);
  }
  if (parts.fragment && !parts.fragment->empty())
    identified_.emplace(x.base + "#" + percent_decoded(*parts.fragment), x.schema);
}

result<void> places::resolve(const place& from) {
  auto reference = reference_in(*from.schema);
  if (!reference)
    return {};
  auto found = target(from, *reference);
  if (!found)
    return fail(found.error());
  if (!(*found)->is_object() && !(*found)->is_boolean())
    return fail(code::invalid_input,
                "the reference \"" + *reference + "\" leads to no schema (object or boolean)",
                from.pointer + "/$ref");
  refers_to_.emplace(from.schema, *found);
  walk();
  return {};
}

result<const json*> places::target(const place& from, const std::string& reference) {
  auto uri = resolve_uri(from.base, reference);
  if (uri == metaschema_uri && !identified_.contains(uri)) {
    enter(metaschema(), std::string{metaschema_uri} + "#", uri);
    walk();
  }
  auto document = identified_.find(uri);
  if (document == identified_.end())
    return unresolved(from, reference,
                      "no schema with the $id \"" + uri + "\" in here, and nothing is fetched");
  auto fragment = percent_decoded(split_uri(reference).fragment.value_or(""));
  if (fragment.empty())
    return document->second;
  if (!fragment.starts_with('/')) {
    auto named = identified_.find(uri + "#" + fragment);
    return named == identified_.end()
           ? unresolved(from, reference, "no schema with the $id \"#" + fragment + "\"")
           : named->second;
  }
  auto start = index_.find(document->second);
  auto found =
    follow(*document->second, fragment, start == index_.end() ? place{} : all_[start->second]);
  return found ? found : unresolved(from, reference, found.error().message);
}

/// Goes along a JSON pointer; `at` is where it starts, and moves along.
result<const json*> places::follow(const json& document, std::string_view pointer, place at) {
  auto x = &document;
  while (!pointer.empty()) {
    auto end = std::min(pointer.find('/', 1), pointer.size());
    auto name = unescaped(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
    x = step_into(*x, name);
    if (!x)
      return fail(code::invalid_input,
                  "nothing is at " + extended(at.pointer, name) + " of the schema");
    at.pointer = extended(at.pointer, name);
    if (auto known = index_.find(x); known != index_.end())
      at = all_[known->second];
  }
  enter(*x, at.pointer, at.base, true);
  return x;
}

/// Lets every reference point to the end of its chain; refuses chains without end.
result<void> places::shorten() {
  for (const auto& start : all_) {
    auto chain = std::vector<const json*>{};
    auto x = start.schema;
    for (auto at = refers_to_.find(x); at != refers_to_.end(); at = refers_to_.find(x)) {
      chain.push_back(x);
      x = at->second;
      if (chain.size() > refers_to_.size())
        return fail(code::invalid_input, "the reference leads back to itself",
                    start.pointer + "/$ref");
    }
    for (auto link : chain)
      refers_to_[link] = x;
  }
  return {};
}

} // namespace dagger::schema
