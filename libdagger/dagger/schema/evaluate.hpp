// Whether a value is valid, and nothing else: the fast path. Says not why.
#pragma once

#include <dagger/schema/program.hpp>

#include <cstddef>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dagger::schema {

/// Evaluates one value. The value is nested at most `limits::nesting` deep and stays where it is
/// while the evaluator lives. Time is linear in the value: what is asked again and again, as
/// under `anyOf` in recursive schemas, is remembered.
class evaluator {
public:
  /// `values` is how many values, from the outermost to the leaves, there are to look at.
  evaluator(const program& p, std::size_t values) : program_(p), budget_(1024 + 16 * values) {}

  bool valid(node_id id, const json& x) {
    if (id <= never)
      return id == always;
    return ++steps_ <= budget_ ? fresh(program_.nodes[id], x) : remembered(id, x);
  }

  /// Whether `name`, as a string, is valid: for `propertyNames`.
  bool valid_name(node_id id, const std::string& name);

private:
  struct hash {
    std::size_t operator()(const std::pair<node_id, const json*>& x) const {
      return std::hash<const void*>{}(x.second) * 31 + x.first;
    }
  };

  bool fresh(const node& n, const json& x);
  bool remembered(node_id id, const json& x);
  bool array_valid(const array_rules& r, const json::array_t& xs);
  bool object_valid(const object_rules& r, const json::object_t& xs);
  bool patterns_valid(const object_rules& r, const std::string& name, const json& x, bool declared);
  bool dependencies_valid(const object_rules& r, const json& x);
  bool general_valid(const general_rules& r, const json& x);

  /// How many of the nodes `x` is valid for; counts up to `enough`.
  std::size_t fitting(const std::vector<node_id>& of, const json& x, std::size_t enough);

  const program& program_;
  std::size_t steps_ = 0;
  std::size_t budget_;
  std::unordered_map<std::pair<node_id, const json*>, bool, hash> memory_;
  /// Names as values; kept, because the memory knows values by address.
  std::deque<json> names_;
};

/// Keywords that look at one value only, each on its own, shared with the report.
bool number_valid(const number_rules& r, const json& x);
bool string_valid(const string_rules& r, const std::string& x);
bool is_choice(const general_rules& r, const json& x);

/// Code points; bytes that are not UTF-8 count as one each at most.
std::size_t length(std::string_view text);

/// The first two equal items in order of the second one; none if all differ.
std::optional<std::pair<std::size_t, std::size_t>> equal_items(const json::array_t& xs);

} // namespace dagger::schema
