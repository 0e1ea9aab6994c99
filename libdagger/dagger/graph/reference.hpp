// The one reference grammar of flow and job files: `inputs.x.y`, `NODE.path.0.name`, and
// `${...}` in strings. Knows neither files nor states.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// A reference taken apart.
struct reference {
  /// The node or task, or the local name; empty for the inputs of the whole.
  std::string node;
  /// Member names and list indexes; for the inputs, the first is the name of the input.
  std::vector<std::string> path;
  /// `node` is one of the local names: `item`, `index`, `previous`.
  bool local = false;

  bool of_inputs() const {
    return node.empty();
  }

  friend bool operator==(const reference&, const reference&) = default;
};

/// Whether there is a node with this id.
using is_node = std::function<bool(std::string_view id)>;

/// Takes `inputs.x.y` or `NODE.path` apart; ids may contain dots, the longest that fits wins.
/// Where it stands, some `locals` may mean something; they go before ids. Refuses what is no
/// reference (invalid_input) and unknown nodes (not_found; `where` is the word that was taken for
/// the id).
result<reference> parse_reference(std::string_view text, const is_node& known,
                                  std::span<const std::string_view> locals = {});

/// How many of `steps`, joined by dots, are the longest id that fits; 0 if none does.
std::size_t longest_id(std::span<const std::string> steps, const is_node& known);

/// A reference in a template.
struct found_reference {
  /// The string that holds it: a JSON pointer into the template.
  std::string pointer;
  /// What stands between `${` and `}`, without blanks around it.
  std::string text;
  /// There is no `}`.
  bool open = false;
};

/// All `${...}` in all strings of `tmpl`, in document order. Names of members are no templates.
std::vector<found_reference> references_in(const json& tmpl);

/// The value of a reference (the text between the braces); no value leaves it as it is.
using resolver = std::function<result<std::optional<json>>(std::string_view reference)>;

/// Replaces all references of `tmpl`. A string that is one reference becomes the value with its
/// JSON type; in others, strings are inserted as they are and other values as compact JSON. A
/// run of dollars before `{` is halved, an odd one starts a reference: `$${x}` is the text
/// `${x}`. Fails with `where` = JSON pointer into `tmpl` where the resolver fails or has no
/// value, a `}` is missing, or the result would nest deeper than `limits::nesting`.
result<json> resolve(const json& tmpl, const resolver& value_of);

/// The same where the resolver has values; the rest stays, so the result is a template again
/// and inserted text that looks like a reference is escaped.
result<json> resolve_some(const json& tmpl, const resolver& value_of);

/// The template whose value is `literal`.
json escape(const json& literal);

/// Goes down into `value`. Fails (not_found) naming what there is instead; `what` says whose
/// value it is: "the output of 'report'".
result<const json*> follow(const json& value, std::span<const std::string> path,
                           std::string_view what);

/// What a reference to a node reads; null if the node has no output (`output` is null).
result<json> read_output(const reference& ref, const json* output);

} // namespace dagger::graph
