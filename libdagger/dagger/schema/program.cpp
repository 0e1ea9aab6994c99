// Look-ups in the compiled form.
#include <dagger/schema/program.hpp>

#include <dagger/schema/compare.hpp>

#include <algorithm>

namespace dagger::schema {

type_set type::of(const json& x) {
  switch (x.type()) {
  case json::value_t::null:
    return null;
  case json::value_t::boolean:
    return boolean;
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
    return integer | number;
  case json::value_t::number_float:
    return is_integer(x) ? integer | number : number;
  case json::value_t::string:
    return string;
  case json::value_t::array:
    return array;
  case json::value_t::object:
    return object;
  default:
    return 0;
  }
}

const property* find_property(const std::vector<property>& properties, std::size_t& from,
                              const std::string& name) {
  // Small objects of small schemas go side by side; else a few names are met in many.
  constexpr auto steps = std::size_t{4};
  for (auto i = std::size_t{0}; i < steps && from < properties.size(); ++i) {
    auto o = properties[from].name.compare(name);
    if (o == 0)
      return &properties[from++];
    if (o > 0)
      return nullptr;
    ++from;
  }
  auto at =
    std::lower_bound(properties.begin() + static_cast<std::ptrdiff_t>(from), properties.end(), name,
                     [](const property& x, const std::string& y) { return x.name < y; });
  from = static_cast<std::size_t>(at - properties.begin());
  if (at == properties.end() || at->name != name)
    return nullptr;
  ++from;
  return &*at;
}

} // namespace dagger::schema
