// One pass over the value with the program beside it; sorted names meet as in a merge.
#include <dagger/schema/evaluate.hpp>

#include <dagger/schema/compare.hpp>

#include <algorithm>
#include <numeric>

namespace dagger::schema {

bool number_valid(const number_rules& r, const json& x) {
  return (r.minimum.is_null() || compare_numbers(x, r.minimum) >= 0)
      && (r.maximum.is_null() || compare_numbers(x, r.maximum) <= 0)
      && (r.above.is_null() || compare_numbers(x, r.above) > 0)
      && (r.below.is_null() || compare_numbers(x, r.below) < 0)
      && (r.multiple_of.is_null() || is_multiple(x, r.multiple_of));
}

std::size_t length(std::string_view text) {
  auto continued = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
  });
  return text.size() - static_cast<std::size_t>(continued);
}

bool string_valid(const string_rules& r, const std::string& x) {
  // A character is one byte to four, so most lengths need no count.
  auto sure = x.size() / 4 >= r.length.min && x.size() <= r.length.max;
  if (!sure && !r.length.allow(length(x)))
    return false;
  return (!r.looks || matches(*r.looks, x)) && (!r.matching || r.matching->found_in(x));
}

bool is_choice(const general_rules& r, const json& x) {
  return std::binary_search(r.sorted_choices.begin(), r.sorted_choices.end(), x,
                            [](const json& a, const json& b) { return order(a, b) < 0; });
}

std::optional<std::pair<std::size_t, std::size_t>> equal_items(const json::array_t& xs) {
  // Sorting keeps its bound whatever the values; hashes could be made to collide.
  auto places = std::vector<std::size_t>(xs.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    auto o = order(xs[a], xs[b]);
    return o == 0 ? a < b : o < 0;
  });
  auto found = std::optional<std::pair<std::size_t, std::size_t>>{};
  for (auto i = std::size_t{1}; i < places.size(); ++i)
    if (order(xs[places[i - 1]], xs[places[i]]) == 0 && (!found || places[i] < found->second))
      found = {places[i - 1], places[i]};
  return found;
}

bool evaluator::valid_name(node_id id, const std::string& name) {
  if (id <= never)
    return id == always;
  return valid(id, names_.emplace_back(name));
}

bool evaluator::remembered(node_id id, const json& x) {
  if (auto at = memory_.find({id, &x}); at != memory_.end())
    return at->second;
  auto answer = fresh(program_.nodes[id], x);
  memory_.emplace(std::pair{id, &x}, answer);
  return answer;
}

bool evaluator::fresh(const node& n, const json& x) {
  auto kind = type::of(x);
  if (n.types != type::any && (n.types & kind) == 0)
    return false;
  if (n.general && !general_valid(*n.general, x))
    return false;
  switch (x.type()) {
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
  case json::value_t::number_float:
    return !n.number || number_valid(*n.number, x);
  case json::value_t::string:
    return !n.string || string_valid(*n.string, x.get_ref<const std::string&>());
  case json::value_t::array:
    return !n.array || array_valid(*n.array, x.get_ref<const json::array_t&>());
  case json::value_t::object:
    return !n.object
        || (object_valid(*n.object, x.get_ref<const json::object_t&>())
            && dependencies_valid(*n.object, x));
  default:
    return true;
  }
}

bool evaluator::array_valid(const array_rules& r, const json::array_t& xs) {
  if (!r.size.allow(xs.size()))
    return false;
  auto listed = std::min(xs.size(), r.first.size());
  for (auto i = std::size_t{0}; i < listed; ++i)
    if (!valid(r.first[i], xs[i]))
      return false;
  if (r.rest != always)
    for (auto i = listed; i < xs.size(); ++i)
      if (!valid(r.rest, xs[i]))
        return false;
  auto fits = [&](const json& x) { return valid(*r.contains, x); };
  if (r.contains && std::none_of(xs.begin(), xs.end(), fits))
    return false;
  return !r.unique || !equal_items(xs);
}

bool evaluator::object_valid(const object_rules& r, const json::object_t& xs) {
  if (!r.size.allow(xs.size()))
    return false;
  auto from = std::size_t{0};
  auto required = std::size_t{0};
  for (const auto& [name, x] : xs) {
    auto known = find_property(r.properties, from, name);
    if (known) {
      required += known->required ? 1 : 0;
      if (!valid(known->node, x))
        return false;
    }
    auto declared = known && known->declared;
    if (!patterns_valid(r, name, x, declared))
      return false;
    if (r.names != always && !valid_name(r.names, name))
      return false;
  }
  return required == r.required;
}

bool evaluator::patterns_valid(const object_rules& r, const std::string& name, const json& x,
                               bool declared) {
  for (const auto& p : r.patterns) {
    if (!p.matching.found_in(name))
      continue;
    declared = true;
    if (!valid(p.node, x))
      return false;
  }
  return declared || valid(r.additional, x);
}

bool evaluator::dependencies_valid(const object_rules& r, const json& x) {
  for (const auto& d : r.dependencies) {
    if (!x.contains(d.name))
      continue;
    for (const auto& other : d.needs)
      if (!x.contains(other))
        return false;
    if (!valid(d.node, x))
      return false;
  }
  return true;
}

bool evaluator::general_valid(const general_rules& r, const json& x) {
  if (r.constant && order(*r.constant, x) != 0)
    return false;
  if (r.choices && !is_choice(r, x))
    return false;
  for (auto id : r.all_of)
    if (!valid(id, x))
      return false;
  if (!r.any_of.empty() && fitting(r.any_of, x, 1) == 0)
    return false;
  if (!r.one_of.empty() && fitting(r.one_of, x, 2) != 1)
    return false;
  if (r.negated && valid(*r.negated, x))
    return false;
  return !r.condition || valid(valid(*r.condition, x) ? r.then : r.otherwise, x);
}

std::size_t evaluator::fitting(const std::vector<node_id>& of, const json& x, std::size_t enough) {
  auto n = std::size_t{0};
  for (auto id : of)
    if (valid(id, x) && ++n == enough)
      break;
  return n;
}

} // namespace dagger::schema
