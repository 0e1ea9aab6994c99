// Walks a value along its schema.
#include <dagger/graph/unknown_keys.hpp>

#include <dagger/codec/document.hpp>

namespace dagger::graph {

namespace {

class walk {
public:
  walk(const json& root, const unknown_key& report) : root_(root), report_(report) {}

  void go(const json* schema, json& value, const std::string& pointer) {
    schema = resolved(schema);
    if (!schema || !schema->is_object())
      return;
    if (value.is_object())
      members(*schema, value, pointer);
    else if (value.is_array())
      if (auto items = resolved(member(*schema, "items")); items && items->is_object())
        for (auto i = std::size_t{0}; i < value.size(); ++i)
          go(items, value[i], pointer + "/" + std::to_string(i));
  }

private:
  static const json* member(const json& object, const std::string& name) {
    auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }

  const json* resolved(const json* schema) const {
    constexpr auto prefix = std::string_view{"#/definitions/"};
    if (!schema || !schema->is_object())
      return schema;
    auto ref = member(*schema, "$ref");
    if (!ref)
      return schema;
    auto name = ref->get<std::string>().substr(prefix.size());
    return member(root_.at("definitions"), name);
  }

  void members(const json& schema, json& value, const std::string& pointer) {
    auto properties = member(schema, "properties");
    auto others = resolved(member(schema, "additionalProperties"));
    auto closed = others && others->is_boolean() && !others->get<bool>();
    auto& object = value.get_ref<json::object_t&>();
    for (auto at = object.begin(); at != object.end();) {
      auto known = properties ? member(*properties, at->first) : nullptr;
      if (!known && closed) {
        report_(join_pointer(pointer, at->first), at->first, names(*properties));
        at = object.erase(at);
        continue;
      }
      auto next = known ? known : others;
      if (next && at->second.is_structured())
        go(next, at->second, join_pointer(pointer, at->first));
      ++at;
    }
  }

  static std::vector<std::string> names(const json& properties) {
    auto made = std::vector<std::string>{};
    for (auto& [name, schema] : properties.items())
      made.push_back(name);
    return made;
  }

  const json& root_;
  const unknown_key& report_;
};

} // namespace

void take_unknown_keys(const json& schema, json& value, const unknown_key& report) {
  walk{schema, report}.go(&schema, value, {});
}

} // namespace dagger::graph
