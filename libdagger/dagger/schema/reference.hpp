// Finds every schema inside a schema and what each `$ref` means: identifiers, JSON pointers, the
// draft-07 meta-schema. Fetches nothing; knows nothing of how schemas are evaluated.
#pragma once

#include <dagger/result.hpp>
#include <dagger/schema/program.hpp>
#include <dagger/value/json.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dagger::schema {

/// How a keyword holds other schemas.
enum class holds {
  nothing,
  one,
  /// One, or a list of them: `items`.
  one_or_list,
  list,
  /// By name; what is a list is none: `dependencies`.
  by_name,
};

/// What `keyword` of draft-07 holds.
holds schemas_under(std::string_view keyword);

/// `pointer` one step further, to a member of that name.
std::string extended(std::string_view pointer, std::string_view name);

/// Calls `visit(pointer, schema)` for each schema that `keyword` holds; `pointer` is that of
/// the keyword. What is no schema, because its type is wrong, is left out.
template <class Visit>
void for_each_schema(std::string_view keyword, const json& under, const std::string& pointer,
                     Visit visit) {
  auto is_schema = [](const json& x) { return x.is_object() || x.is_boolean(); };
  auto how = schemas_under(keyword);
  if (how == holds::one || (how == holds::one_or_list && !under.is_array())) {
    if (is_schema(under))
      visit(pointer, under);
  } else if ((how == holds::list || how == holds::one_or_list) && under.is_array()) {
    for (auto i = std::size_t{0}; i < under.size(); ++i)
      if (is_schema(under[i]))
        visit(extended(pointer, std::to_string(i)), under[i]);
  } else if (how == holds::by_name && under.is_object()) {
    for (const auto& [name, x] : under.items())
      if (is_schema(x))
        visit(extended(pointer, name), x);
  }
}

/// One schema object and where it stands.
struct place {
  const json* schema = nullptr;
  /// JSON pointer from the root of its document, behind the URI of the meta-schema if it
  /// belongs to that.
  std::string pointer;
  /// The URI against which its references are resolved.
  std::string base;
  /// Stands where no keyword holds a schema, so that the check of the root has not seen it.
  bool unchecked = false;
};

/// All schema objects that a schema contains or refers to. The first one is the root, unless
/// that is a boolean. The schema must outlive it.
class places {
public:
  /// Refuses references that cannot be resolved and those that lead back to themselves.
  static result<places> find(const json& root);

  const std::deque<place>& all() const {
    return all_;
  }

  /// The number of the node for a schema: `always` and `never` for booleans, else 2 + the index
  /// in `all()` of the object that it is or, by `$ref`, refers to.
  node_id node_of(const json& schema) const;

private:
  void enter(const json& schema, std::string pointer, std::string base, bool unchecked = false);
  void identify(place& x);
  void walk();
  result<void> resolve(const place& from);
  result<const json*> target(const place& from, const std::string& reference);
  result<const json*> follow(const json& document, std::string_view pointer, place at);
  result<void> shorten();

  std::deque<place> all_;
  std::unordered_map<const json*, std::size_t> index_;
  std::size_t walked_ = 0;
  /// Schemas with an identifier, by absolute URI, with `#name` for plain names.
  std::unordered_map<std::string, const json*> identified_;
  /// What each object with `$ref` refers to; after `shorten`, the end of the chain.
  std::unordered_map<const json*, const json*> refers_to_;
};

/// The text of `$ref`, if `schema` is an object that has one; its other keywords then mean
/// nothing.
const std::string* reference_in(const json& schema);

} // namespace dagger::schema
