// The public door: checks the schema itself, compiles it, and checks values with it.
#include <dagger/schema/validator.hpp>

#include <dagger/check.hpp>
#include <dagger/limits.hpp>
#include <dagger/schema/compile.hpp>
#include <dagger/schema/evaluate.hpp>
#include <dagger/schema/metaschema.hpp>
#include <dagger/schema/reference.hpp>
#include <dagger/schema/report.hpp>

#include <utility>

namespace dagger::schema {

namespace {

/// How much there is to look at in a value; the search ends where it nests too deep.
class extent {
public:
  explicit extent(const json& x) {
    too_deep_ = !measure(x, limits::nesting);
  }

  std::size_t values() const {
    return values_;
  }

  /// The first array or object that nests deeper than allowed.
  std::optional<std::string> too_deep() const {
    return too_deep_ ? std::optional{to_pointer(path_)} : std::nullopt;
  }

private:
  /// `levels` is how many arrays and objects may still be entered.
  bool measure(const json& x, std::size_t levels) {
    ++values_;
    if (!x.is_structured())
      return true;
    if (levels == 0)
      return false;
    path_.emplace_back(std::size_t{0});
    if (x.is_array()) {
      for (const auto& item : x.get_ref<const json::array_t&>()) {
        if (!measure(item, levels - 1))
          return false;
        path_.back() = std::get<std::size_t>(path_.back()) + 1;
      }
    } else {
      for (const auto& [name, member] : x.get_ref<const json::object_t&>()) {
        path_.back() = &name;
        if (!measure(member, levels - 1))
          return false;
      }
    }
    path_.pop_back();
    return true;
  }

  std::size_t values_ = 0;
  bool too_deep_ = false;
  std::vector<step> path_;
};

std::string too_deep_text() {
  return "is nested deeper than " + std::to_string(limits::nesting) + " levels";
}

std::vector<violation> violations(const program& p, const json& value) {
  auto size = extent{value};
  if (auto pointer = size.too_deep())
    return {{std::move(*pointer), too_deep_text()}};
  auto quiet = evaluator{p, size.values()};
  if (quiet.valid(p.root, value))
    return {};
  auto found = reporter{p, quiet}.run(value);
  dagger::check(!found.empty(), "a schema refuses a value without a reason");
  return found;
}

/// The compiled meta-schema, or why there is none.
const result<program>& meta_program() {
  static const auto made = []() -> result<program> {
    auto all = places::find(metaschema());
    return all ? compile_program(metaschema(), *all) : fail(all.error());
  }();
  return made;
}

/// Whether `schema`, which stands at `pointer`, is valid draft-07.
result<void> check_schema(const json& schema, const std::string& pointer) {
  const auto& meta = meta_program();
  dagger::check(meta.has_value(), "the meta-schema does not compile");
  auto found = violations(*meta, schema);
  if (found.empty())
    return {};
  for (auto& x : found)
    x.pointer.insert(0, pointer);
  // The first one goes without its pointer, which is the error's own place.
  auto where = std::exchange(found.front().pointer, "");
  return fail(code::invalid_input, to_text(found), where,
              "the schema must be valid JSON Schema draft-07");
}

/// Schemas of other drafts would be read wrongly, not refused, if nobody looked.
result<void> check_draft(const json& schema) {
  auto at = schema.find("$schema");
  if (at == schema.end())
    return {};
  auto uri = at->get<std::string>();
  auto name = std::string_view{uri};
  if (name.ends_with('#'))
    name.remove_suffix(1);
  if (name == metaschema_uri || name == "https://json-schema.org/draft-07/schema"
      || name == "http://json-schema.org/schema")
    return {};
  return fail(code::invalid_input, "only draft-07 is supported, not \"" + uri + "\"", "/$schema",
              "\"$schema\": \"" + std::string{metaschema_uri} + "#\"");
}

result<program> compiled_program(const json& schema) {
  if (auto ok = check_schema(schema, ""); !ok)
    return fail(ok.error());
  if (schema.is_object())
    if (auto ok = check_draft(schema); !ok)
      return fail(ok.error());
  auto all = places::find(schema);
  if (!all)
    return fail(all.error());
  for (const auto& x : all->all())
    if (x.unchecked)
      if (auto ok = check_schema(*x.schema, x.pointer); !ok)
        return fail(ok.error());
  return compile_program(schema, *all);
}

} // namespace

struct validator::compiled {
  program code;
};

result<validator> validator::compile(const json& schema) {
  if (!schema.is_object() && !schema.is_boolean())
    return fail(code::invalid_input, "a schema must be object or boolean");
  auto out = validator{};
  if (schema == true || schema.empty())
    return out;
  auto made = compiled_program(schema);
  if (!made)
    return fail(made.error());
  out.compiled_ = std::make_shared<const compiled>(compiled{std::move(*made)});
  return out;
}

std::vector<violation> validator::check(const json& value) const {
  return compiled_ ? violations(compiled_->code, value) : std::vector<violation>{};
}

std::string to_text(const std::vector<violation>& xs) {
  auto out = std::string{};
  for (const auto& x : xs) {
    out += out.empty() ? "" : "\n";
    out += x.pointer.empty() ? x.message : x.pointer + ": " + x.message;
  }
  return out;
}

} // namespace dagger::schema
