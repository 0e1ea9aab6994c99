// Walks the value once, with the set of all schemas that apply to each place, so that the
// violations come in document order and none comes twice.
#include <dagger/schema/report.hpp>

#include <dagger/limits.hpp>
#include <dagger/schema/compare.hpp>
#include <dagger/schema/wording.hpp>

#include <algorithm>

namespace dagger::schema {

namespace {

/// The types of which a value may be valid: `enum` and `const` narrow them too.
type_set admitted(const node& n) {
  auto types = n.types;
  if (!n.general)
    return types;
  if (n.general->constant)
    types &= type::of(*n.general->constant);
  if (n.general->choices) {
    auto chosen = type_set{0};
    for (const auto& c : *n.general->choices)
      chosen |= type::of(c);
    types &= chosen;
  }
  return types;
}

} // namespace

std::string to_pointer(const std::vector<step>& path) {
  auto out = std::string{};
  for (const auto& s : path) {
    out += '/';
    if (auto index = std::get_if<std::size_t>(&s)) {
      out += std::to_string(*index);
      continue;
    }
    for (auto c : *std::get<const std::string*>(s)) {
      if (c == '~' || c == '/')
        out += c == '~' ? "~0" : "~1";
      else
        out += c;
    }
  }
  return out;
}

std::vector<violation> reporter::run(const json& x) {
  auto set = node_set{};
  set.add(program_.root);
  value(x, std::move(set));
  if (count_ > found_.size())
    found_.push_back({"", "and " + std::to_string(count_ - found_.size()) + " more"});
  return std::move(found_);
}

void reporter::add(std::string message) {
  if (++count_ <= limits::violations)
    found_.push_back({to_pointer(path_), std::move(message)});
}

void reporter::value(const json& x, node_set set) {
  // Rules add the nodes that apply to the same value, so the set grows on the way.
  for (auto i = std::size_t{0}; i < set.nodes.size(); ++i) {
    if (set.nodes[i] == never)
      add("no value is allowed here");
    else
      own_rules(program_.nodes[set.nodes[i]], x, set);
  }
  if (x.is_array())
    items(set, x.get_ref<const json::array_t&>());
  else if (x.is_object())
    members(set, x.get_ref<const json::object_t&>());
}

void reporter::own_rules(const node& n, const json& x, node_set& set) {
  if (n.types != type::any && (n.types & type::of(x)) == 0) {
    // Of a number that should be an integer, the number says more than its type.
    auto fraction = (n.types & type::integer) != 0 && x.is_number();
    add("must be " + type_names(n.types) + ", is " + (fraction ? shown(x) : type_name(x)));
  }
  if (n.general)
    general(*n.general, x, set);
  if (n.number && x.is_number())
    number(*n.number, x);
  if (n.string && x.is_string())
    string(*n.string, x.get_ref<const std::string&>());
  if (n.array && x.is_array())
    array(*n.array, x.get_ref<const json::array_t&>());
  if (n.object && x.is_object())
    object(*n.object, x, set);
}

void reporter::number(const number_rules& r, const json& x) {
  if (!r.minimum.is_null() && !(compare_numbers(x, r.minimum) >= 0))
    add("must be at least " + shown(r.minimum) + ", is " + shown(x));
  if (!r.above.is_null() && !(compare_numbers(x, r.above) > 0))
    add("must be greater than " + shown(r.above) + ", is " + shown(x));
  if (!r.maximum.is_null() && !(compare_numbers(x, r.maximum) <= 0))
    add("must be at most " + shown(r.maximum) + ", is " + shown(x));
  if (!r.below.is_null() && !(compare_numbers(x, r.below) < 0))
    add("must be less than " + shown(r.below) + ", is " + shown(x));
  if (!r.multiple_of.is_null() && !is_multiple(x, r.multiple_of))
    add("must be a multiple of " + shown(r.multiple_of) + ", is " + shown(x));
}

void reporter::string(const string_rules& r, const std::string& x) {
  auto size = length(x);
  if (size < r.length.min)
    add("must have at least " + counted(r.length.min, "character") + ", has "
        + std::to_string(size));
  if (size > r.length.max)
    add("must have at most " + counted(r.length.max, "character") + ", has "
        + std::to_string(size));
  if (r.looks && !matches(*r.looks, x)) {
    auto text = "must be " + std::string{describe(*r.looks)} + ", is " + shown(x);
    if (*r.looks == format::regex)
      text += ": " + pattern::compile(x).error().message;
    add(std::move(text));
  }
  if (r.matching && !r.matching->found_in(x))
    add("must match the pattern " + r.matching->text() + ", is " + shown(x));
}

void reporter::array(const array_rules& r, const json::array_t& xs) {
  if (xs.size() < r.size.min)
    add("must have at least " + counted(r.size.min, "item") + ", has " + std::to_string(xs.size()));
  if (xs.size() > r.size.max)
    add("must have at most " + counted(r.size.max, "item") + ", has " + std::to_string(xs.size()));
  if (r.unique)
    if (auto twins = equal_items(xs))
      add("must have no equal items, but items " + std::to_string(twins->first) + " and "
          + std::to_string(twins->second) + " are equal");
  auto fits = [&](const json& x) { return quiet_.valid(*r.contains, x); };
  if (r.contains && std::none_of(xs.begin(), xs.end(), fits))
    add("must contain an item that fits the schema under 'contains'");
}

void reporter::object(const object_rules& r, const json& x, node_set& set) {
  if (x.size() < r.size.min)
    add("must have at least " + counted(r.size.min, "property") + ", has "
        + std::to_string(x.size()));
  if (x.size() > r.size.max)
    add("must have at most " + counted(r.size.max, "property") + ", has "
        + std::to_string(x.size()));
  missing(r, x);
  for (const auto& d : r.dependencies) {
    if (!x.contains(d.name))
      continue;
    for (const auto& other : d.needs)
      if (!x.contains(other))
        add("missing property " + in_quotes(other) + ", which property " + in_quotes(d.name)
            + " needs");
    set.add(d.node);
  }
}

void reporter::missing(const object_rules& r, const json& x) {
  if (r.required == 0)
    return;
  for (const auto& p : r.properties)
    if (p.required && !x.contains(p.name))
      add("missing property " + in_quotes(p.name));
}

void reporter::general(const general_rules& r, const json& x, node_set& set) {
  if (r.constant && order(*r.constant, x) != 0)
    add("must be " + shown(*r.constant) + ", is " + shown(x));
  if (r.choices && !is_choice(r, x))
    choice(r, x);
  for (auto id : r.all_of)
    set.add(id);
  if (!r.any_of.empty())
    alternatives(r.any_of, x, "anyOf", set);
  if (!r.one_of.empty())
    alternatives(r.one_of, x, "oneOf", set);
  if (r.negated && quiet_.valid(*r.negated, x)) {
    const auto& n = program_.nodes[*r.negated];
    auto only_type =
      n.types != type::any && !n.general && !n.number && !n.string && !n.array && !n.object;
    add(only_type ? "must not be " + type_names(n.types) : "must not fit the schema under 'not'");
  }
  if (r.condition)
    set.add(quiet_.valid(*r.condition, x) ? r.then : r.otherwise);
}

void reporter::choice(const general_rules& r, const json& x) {
  auto words = std::vector<std::string>{};
  if (x.is_string())
    for (const auto& c : *r.choices)
      if (c.is_string())
        words.push_back(c.get<std::string>());
  auto text = "must be " + choices_text(*r.choices) + ", is " + shown(x);
  // A short list needs no help to be read.
  constexpr auto short_list = std::size_t{3};
  if (words.size() > short_list)
    text += suggestion(x.get_ref<const std::string&>(), words);
  add(std::move(text));
}

void reporter::alternatives(const std::vector<node_id>& of, const json& x, std::string_view keyword,
                            node_set& set) {
  auto fitting = std::vector<std::size_t>{};
  auto types = type_set{0};
  auto candidates = std::vector<std::size_t>{};
  for (auto i = std::size_t{0}; i < of.size(); ++i) {
    if (quiet_.valid(of[i], x))
      fitting.push_back(i);
    if (of[i] == never)
      continue;
    auto own = admitted(program_.nodes[of[i]]);
    types |= own;
    if ((own & type::of(x)) != 0)
      candidates.push_back(i);
  }
  if (fitting.size() == 1 || (keyword == "anyOf" && !fitting.empty()))
    return;
  if (!fitting.empty())
    return add("must fit exactly one alternative of " + std::string{keyword} + ", fits number "
               + std::to_string(fitting[0] + 1) + " and number " + std::to_string(fitting[1] + 1));
  if (types == 0)
    return add("no value is allowed here");
  if (candidates.empty())
    return add("must be " + type_names(types) + ", is " + type_name(x));
  auto best = candidates.front();
  auto most = resemblance(of[best], x);
  for (auto i : candidates)
    if (auto score = resemblance(of[i], x); score > most) {
      best = i;
      most = score;
    }
  if (candidates.size() > 1)
    add("fits none of the " + std::to_string(of.size()) + " alternatives of " + std::string{keyword}
        + "; nearest is number " + std::to_string(best + 1) + ", for which the following is wrong");
  set.add(of[best]);
}

/// How near `x` is to a node that refuses it: what is wrong counts against, a `const` or `enum`
/// that tells kinds apart the most. Looks one level deep only.
int reporter::resemblance(node_id id, const json& x) {
  constexpr auto kind = 100;
  const auto& n = program_.nodes[id];
  auto score = 0;
  if (n.general) {
    const auto& r = *n.general;
    if ((r.constant && order(*r.constant, x) != 0) || (r.choices && !is_choice(r, x)))
      score -= kind;
    for (auto part : r.all_of)
      score += part != never && quiet_.valid(part, x) ? 0 : -1;
  }
  if (!n.object || !x.is_object())
    return score;
  auto from = std::size_t{0};
  for (const auto& [name, member] : x.get_ref<const json::object_t&>()) {
    auto known = find_property(n.object->properties, from, name);
    if (!known || !known->declared) {
      score -= n.object->additional == never ? 1 : 0;
    } else if (!quiet_.valid(known->node, member)) {
      const auto* r = known->node == never ? nullptr : program_.nodes[known->node].general.get();
      score -= r && (r->constant || r->choices) ? kind : 1;
    } else {
      score += 1;
    }
  }
  for (const auto& p : n.object->properties)
    score -= p.required && !x.contains(p.name) ? 1 : 0;
  return score;
}

void reporter::items(const node_set& set, const json::array_t& xs) {
  for (auto i = std::size_t{0}; i < xs.size(); ++i) {
    auto inner = node_set{};
    path_.emplace_back(i);
    for (auto id : set.nodes) {
      const auto* r = id == never ? nullptr : program_.nodes[id].array.get();
      if (!r)
        continue;
      auto listed = i < r->first.size();
      auto item = listed ? r->first[i] : r->rest;
      if (item == never && !listed && !r->first.empty())
        add("one item too many, at most " + counted(r->first.size(), "item") + " allowed");
      else if (!quiet_.valid(item, xs[i]))
        inner.add(item);
    }
    if (!inner.nodes.empty())
      value(xs[i], std::move(inner));
    path_.pop_back();
  }
}

void reporter::members(const node_set& set, const json::object_t& xs) {
  auto from = std::vector<std::size_t>(set.nodes.size());
  for (const auto& [name, x] : xs) {
    auto inner = node_set{};
    path_.emplace_back(&name);
    for (auto i = std::size_t{0}; i < set.nodes.size(); ++i) {
      const auto* r = set.nodes[i] == never ? nullptr : program_.nodes[set.nodes[i]].object.get();
      if (r)
        member(*r, from[i], name, x, xs, inner);
    }
    if (!inner.nodes.empty())
      value(x, std::move(inner));
    path_.pop_back();
  }
}

void reporter::member(const object_rules& r, std::size_t& from, const std::string& name,
                      const json& x, const json::object_t& siblings, node_set& set) {
  auto refused = [&](node_id id) {
    if (!quiet_.valid(id, x))
      set.add(id);
  };
  auto known = find_property(r.properties, from, name);
  auto declared = known && known->declared;
  if (known)
    refused(known->node);
  for (const auto& p : r.patterns)
    if (p.matching.found_in(name)) {
      declared = true;
      refused(p.node);
    }
  if (!declared && r.additional == never)
    unknown(r, name, siblings);
  else if (!declared)
    refused(r.additional);
  if (r.names == always || quiet_.valid_name(r.names, name))
    return;
  // The name is a value of its own; its violations say that they are about it.
  auto text = json(name);
  auto inner = reporter{program_, quiet_};
  auto names = node_set{};
  names.add(r.names);
  inner.value(text, std::move(names));
  for (auto& v : inner.found_)
    add("the name of property " + in_quotes(name) + " " + v.message);
}

void reporter::unknown(const object_rules& r, const std::string& name,
                       const json::object_t& siblings) {
  auto candidates = std::vector<std::string>{};
  // A violation that is only counted needs no text.
  if (count_ < limits::violations)
    for (const auto& p : r.properties)
      if (p.declared && !siblings.contains(p.name))
        candidates.push_back(p.name);
  add("unknown property " + in_quotes(name) + suggestion(name, candidates));
}

} // namespace dagger::schema
