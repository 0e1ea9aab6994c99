// The compiled form of a schema: a flat array of nodes, sorted names, exact numbers. Immutable;
// knows neither the schema's text nor how it was read.
#pragma once

#include <dagger/schema/format.hpp>
#include <dagger/schema/pattern.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dagger::schema {

/// The number of a node in its program.
using node_id = std::uint32_t;

/// The schema `true`, and what a keyword that is not there means.
inline constexpr auto always = node_id{0};
/// The schema `false`.
inline constexpr auto never = node_id{1};

/// A set of JSON types, a bit each. An integer is also a number.
using type_set = std::uint8_t;

namespace type {

inline constexpr type_set null = 1;
inline constexpr type_set boolean = 2;
inline constexpr type_set integer = 4;
inline constexpr type_set number = 8;
inline constexpr type_set string = 16;
inline constexpr type_set array = 32;
inline constexpr type_set object = 64;
inline constexpr type_set any = 127;

/// The types of `x`: one bit, two for an integer.
type_set of(const json& x);

} // namespace type

/// How many there may be of something.
struct bounds {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();

  bool allow(std::uint64_t n) const {
    return n >= min && n <= max;
  }
};

/// Keywords about numbers; null where there is none.
struct number_rules {
  json minimum;
  json maximum;
  json above;
  json below;
  json multiple_of;
};

/// Keywords about strings; the length is in code points.
struct string_rules {
  bounds length;
  std::optional<pattern> matching;
  std::optional<schema::format> looks;
};

/// Keywords about arrays.
struct array_rules {
  bounds size;
  bool unique = false;
  /// Schemas of the first items; `rest` is for those behind them.
  std::vector<node_id> first;
  node_id rest = always;
  std::optional<node_id> contains;
};

/// A name that the schema mentions.
struct property {
  std::string name;
  node_id node = always;
  bool required = false;
  /// Stands in `properties`, so it is not an additional one.
  bool declared = false;
};

struct pattern_property {
  pattern matching;
  node_id node = always;
};

/// What the presence of `name` asks for.
struct dependency {
  std::string name;
  std::vector<std::string> needs;
  node_id node = always;
};

/// Keywords about objects.
struct object_rules {
  bounds size;
  /// Sorted by name, as the members of a value are.
  std::vector<property> properties;
  std::size_t required = 0;
  std::vector<pattern_property> patterns;
  node_id additional = always;
  node_id names = always;
  std::vector<dependency> dependencies;
};

/// Keywords that hold for values of any type.
struct general_rules {
  std::optional<json> constant;
  /// As written, for messages; and sorted by `order`, for the search.
  std::optional<std::vector<json>> choices;
  std::vector<json> sorted_choices;
  std::vector<node_id> all_of;
  std::vector<node_id> any_of;
  std::vector<node_id> one_of;
  std::optional<node_id> negated;
  std::optional<node_id> condition;
  node_id then = always;
  node_id otherwise = always;
};

/// One schema. Rules that it does not have are null.
struct node {
  type_set types = type::any;
  std::unique_ptr<const number_rules> number;
  std::unique_ptr<const string_rules> string;
  std::unique_ptr<const array_rules> array;
  std::unique_ptr<const object_rules> object;
  std::unique_ptr<const general_rules> general;
};

/// A schema with all that it refers to. No chain of nodes that apply to the same value is longer
/// than `limits::schema_chain`.
struct program {
  std::vector<node> nodes;
  node_id root = always;
};

/// The entry of `name` in sorted `properties`, or null. Names are asked for in order: `from`,
/// 0 at first, moves along, so that a whole object costs little more than one pass.
const property* find_property(const std::vector<property>& properties, std::size_t& from,
                              const std::string& name);

} // namespace dagger::schema
