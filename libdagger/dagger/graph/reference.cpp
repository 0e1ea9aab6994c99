// References and templates. A template string is a list of segments: text and references.
#include <dagger/graph/reference.hpp>

#include <dagger/codec/document.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <charconv>

namespace dagger::graph {

namespace {

constexpr auto most_listed = std::size_t{8};

struct segment {
  bool is_reference = false;
  std::string text;
};

struct template_text {
  std::vector<segment> segments;
  bool open = false;
};

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

void add_text(std::vector<segment>& segments, std::string_view text) {
  if (text.empty())
    return;
  if (segments.empty() || segments.back().is_reference)
    segments.emplace_back();
  segments.back().text += text;
}

template_text split(std::string_view text) {
  auto made = template_text{};
  while (true) {
    auto brace = text.find("${");
    if (brace == text.npos) {
      add_text(made.segments, text);
      return made;
    }
    ++brace; // now at '{'
    auto dollars = brace - std::min(brace, text.find_last_not_of('$', brace - 1) + 1);
    add_text(made.segments, text.substr(0, brace - dollars + dollars / 2));
    if (dollars % 2 == 0) {
      add_text(made.segments, "{");
      text.remove_prefix(brace + 1);
      continue;
    }
    auto close = text.find('}', brace);
    made.open = made.open || close == text.npos;
    auto inside = text.substr(brace + 1, made.open ? text.npos : close - brace - 1);
    made.segments.push_back({true, std::string{trimmed(inside)}});
    if (close == text.npos)
      return made;
    text.remove_prefix(close + 1);
  }
}

/// Doubles the dollars before each `{`, and at the end if a reference follows.
std::string escaped(std::string_view text, bool reference_follows) {
  auto made = std::string{};
  for (auto i = std::size_t{0}; i < text.size();) {
    auto end = std::min(text.find_first_not_of('$', i), text.size());
    auto run = end - i;
    auto doubled = end < text.size() ? text[end] == '{' : reference_follows;
    made.append(doubled ? run * 2 : run, '$');
    if (end < text.size())
      made += text[end++];
    i = end;
  }
  return made;
}

/// The string that `split` takes apart into `segments`.
std::string joined(const std::vector<segment>& segments) {
  auto made = std::string{};
  for (auto i = std::size_t{0}; i < segments.size(); ++i)
    if (segments[i].is_reference)
      made += "${" + segments[i].text + "}";
    else
      made += escaped(segments[i].text, i + 1 < segments.size());
  return made;
}

bool may_be_template(const std::string& text) {
  return text.find("${") != text.npos;
}

std::size_t height_of(const json& value) {
  auto height = std::size_t{0};
  if (value.is_structured())
    for (auto& child : value)
      height = std::max(height, height_of(child) + 1);
  return value.is_structured() ? std::max<std::size_t>(height, 1) : 0;
}

void collect(const json& value, const std::string& pointer, std::vector<found_reference>& out) {
  if (value.is_string()) {
    auto& text = value.get_ref<const std::string&>();
    if (!may_be_template(text))
      return;
    auto parts = split(text);
    for (auto& x : parts.segments)
      if (x.is_reference)
        out.push_back({pointer, x.text, parts.open && &x == &parts.segments.back()});
  } else if (value.is_array()) {
    for (auto i = std::size_t{0}; i < value.size(); ++i)
      if (value[i].is_string() || value[i].is_structured())
        collect(value[i], pointer + "/" + std::to_string(i), out);
  } else if (value.is_object()) {
    for (auto& [name, member] : value.items())
      if (member.is_string() || member.is_structured())
        collect(member, join_pointer(pointer, name), out);
  }
}

/// Walks a template and makes its value. Failures leave through `failed`.
class substitution {
public:
  substitution(const resolver& value_of, bool partial) : value_of_(value_of), partial_(partial) {}

  json value(const json& tmpl, const std::string& pointer, std::size_t depth) {
    if (tmpl.is_string())
      return string(tmpl.get_ref<const std::string&>(), pointer, depth);
    if (tmpl.is_array()) {
      auto made = json::array();
      for (auto i = std::size_t{0}; i < tmpl.size() && !failed; ++i)
        made.push_back(value(tmpl[i], pointer + "/" + std::to_string(i), depth + 1));
      return made;
    }
    if (tmpl.is_object()) {
      auto made = json::object();
      for (auto member = tmpl.begin(); member != tmpl.end() && !failed; ++member)
        made[member.key()] = value(*member, join_pointer(pointer, member.key()), depth + 1);
      return made;
    }
    return tmpl;
  }

  std::optional<error> failed;

private:
  json string(const std::string& text, const std::string& pointer, std::size_t depth) {
    if (!may_be_template(text))
      return text;
    auto parts = split(text);
    if (parts.open)
      return fail_at(
        pointer, {code::invalid_input, "'${' without '}'", {}, "write '$${' for the text '${'"});
    auto whole = parts.segments.size() == 1;
    auto made = std::vector<segment>{};
    for (auto& x : parts.segments) {
      if (!x.is_reference) {
        add_text(made, x.text);
        continue;
      }
      auto found = value_of_(x.text);
      if (!found)
        return fail_at(pointer, found.error());
      if (!*found && !partial_)
        return fail_at(pointer, {code::not_found, "'" + x.text + "' has no value"});
      if (!*found)
        made.push_back(x);
      else if (whole)
        return inserted(std::move(**found), pointer, depth);
      else
        add_text(made, (**found).is_string() ? (**found).get<std::string>() : to_text(**found));
    }
    if (partial_)
      return joined(made);
    return made.empty() ? std::string{} : made.front().text;
  }

  json inserted(json x, const std::string& pointer, std::size_t depth) {
    if (depth + height_of(x) > limits::nesting)
      return fail_at(pointer, {code::limit, "the value would be nested deeper than "
                                              + std::to_string(limits::nesting) + " levels"});
    return partial_ ? escape(x) : x;
  }

  json fail_at(const std::string& pointer, error x) {
    x.where = pointer;
    failed = std::move(x);
    return nullptr;
  }

  const resolver& value_of_;
  bool partial_;
};

result<json> substitute(const json& tmpl, const resolver& value_of, bool partial) {
  auto walk = substitution{value_of, partial};
  auto made = walk.value(tmpl, {}, 0);
  if (walk.failed)
    return fail(std::move(*walk.failed));
  return made;
}

std::string listed(const json& object) {
  auto text = std::string{};
  auto count = std::size_t{0};
  for (auto& [name, member] : object.items()) {
    if (count++ == most_listed)
      return text + " and " + std::to_string(object.size() - most_listed) + " more";
    text += (text.empty() ? "'" : ", '") + name + "'";
  }
  return text.empty() ? "nothing" : text;
}

std::optional<std::size_t> list_index(std::string_view step) {
  auto index = std::size_t{0};
  auto end = step.data() + step.size();
  auto [stop, failure] = std::from_chars(step.data(), end, index);
  return failure == std::errc{} && stop == end ? std::optional{index} : std::nullopt;
}

} // namespace

result<reference> parse_reference(std::string_view text, const is_node& known,
                                  std::span<const std::string_view> locals) {
  auto bad = [&](std::string why) {
    return fail(code::invalid_input, "'" + std::string{text} + "' is no reference: " + why, {},
                "write inputs.NAME or TASK.PATH");
  };
  if (text.empty())
    return bad("it is empty");
  if (text.find_first_of(" \t\r\n${}") != text.npos)
    return bad("blanks, '$', '{' and '}' have no place in it");
  if (text.front() == '.' || text.back() == '.' || text.find("..") != text.npos)
    return bad("a name is missing at a '.'");
  auto made = reference{};
  auto first = text.substr(0, text.find('.'));
  auto end = first.size();
  if (std::find(locals.begin(), locals.end(), first) != locals.end()) {
    made.node = first;
    made.local = true;
  } else if (first != "inputs") {
    auto fits = [&] { return end <= limits::name_bytes && known(text.substr(0, end)); };
    for (end = text.size(); end != text.npos && !fits();)
      end = text.rfind('.', end - 1);
    if (end == text.npos)
      return fail(code::not_found, "unknown task '" + std::string{first} + "'", std::string{first});
    made.node = text.substr(0, end);
  }
  while (end < text.size()) {
    auto next = std::min(text.find('.', end + 1), text.size());
    made.path.emplace_back(text.substr(end + 1, next - end - 1));
    end = next;
  }
  return made;
}

std::size_t longest_id(std::span<const std::string> steps, const is_node& known) {
  auto id = std::string{};
  auto longest = std::size_t{0};
  for (auto i = std::size_t{0}; i < steps.size() && id.size() <= limits::name_bytes; ++i) {
    id += (i == 0 ? "" : ".") + steps[i];
    if (known(id))
      longest = i + 1;
  }
  return longest;
}

std::vector<found_reference> references_in(const json& tmpl) {
  auto made = std::vector<found_reference>{};
  collect(tmpl, {}, made);
  return made;
}

result<json> resolve(const json& tmpl, const resolver& value_of) {
  return substitute(tmpl, value_of, false);
}

result<json> resolve_some(const json& tmpl, const resolver& value_of) {
  return substitute(tmpl, value_of, true);
}

json escape(const json& literal) {
  if (literal.is_string())
    return escaped(literal.get_ref<const std::string&>(), false);
  auto made = literal;
  if (made.is_structured())
    for (auto& child : made)
      child = escape(child);
  return made;
}

result<const json*> follow(const json& value, std::span<const std::string> path,
                           std::string_view what) {
  auto at = &value;
  auto place = std::string{what};
  for (auto& step : path) {
    if (at->is_object()) {
      auto found = at->find(step);
      if (found == at->end()) {
        auto names = std::vector<std::string>{};
        for (auto& [name, member] : at->items())
          names.push_back(name);
        auto meant = nearest(step, names);
        return fail(code::not_found, "no '" + step + "' in " + place + ", which has " + listed(*at),
                    {}, meant ? "did you mean '" + *meant + "'?" : "");
      }
      at = &*found;
    } else if (at->is_array()) {
      auto index = list_index(step);
      if (!index || *index >= at->size())
        return fail(code::not_found, "no '" + step + "' in " + place + ", which is a list of "
                                       + std::to_string(at->size()));
      at = &(*at)[*index];
    } else {
      return fail(code::not_found,
                  "no '" + step + "' in " + place + ", which is "
                    + (at->is_null() ? "null" : std::string{"a "} + at->type_name()));
    }
    place = "'" + step + "' of " + place;
  }
  return at;
}

result<json> read_output(const reference& ref, const json* output) {
  if (!output)
    return nullptr;
  auto found = follow(*output, ref.path, "the output of '" + ref.node + "'");
  if (!found)
    return fail(found.error());
  return **found;
}

} // namespace dagger::graph
