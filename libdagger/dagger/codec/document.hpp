// A value that was read from text, with the place of every part of it. Knows no
// format but JSON; YAML is read by `codec/yaml.hpp`.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// A place in a text; both count from 1, columns count bytes.
struct position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  friend bool operator==(const position&, const position&) = default;
  friend auto operator<=>(const position&, const position&) = default;
};

/// "14:18".
std::string to_text(position x);

/// The position of every value and every key of a document: 32 bytes each, beside the
/// value and independent of what becomes of it.
class places {
public:
  /// One value; its children stand together at `first`.
  struct node {
    position value;
    position key;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    /// Of the member name; 0 for elements of lists and for the root.
    std::uint64_t name = 0;
  };

  /// The value at a JSON pointer; of its nearest ancestor if it is not there.
  position value(std::string_view pointer) const {
    return find(pointer).value;
  }

  /// The member name at a JSON pointer; the value for what has none.
  position key(std::string_view pointer) const;

  const node& root() const {
    return root_;
  }

  void set_root(node root) {
    root_ = root;
  }

  /// Takes the children of one value; `parent` learns where they stand.
  void adopt(node& parent, const std::vector<node>& children);

  /// The member whose name has this hash, or null.
  const node* member(const node& parent, std::uint64_t name) const;

  /// The element of a list with this index, which is there.
  const node& element(const node& parent, std::size_t index) const {
    return nodes_[parent.first + index];
  }

  /// What `node::name` is for a member called `name`; never 0.
  static std::uint64_t hash_of(std::string_view name);

private:
  const node& find(std::string_view pointer) const;

  std::vector<node> nodes_;
  node root_;
};

/// Something that is wrong with a text that can be read all the same.
struct fault {
  position at;
  std::string message;
  std::string hint;
};

/// What a text says. With faults, the value is what could be read, for further checks only.
struct document {
  json value;
  dagger::places places;
  std::vector<fault> faults;
};

/// Reads JSON text; duplicate names are faults. Refuses what `parse_json` refuses, with
/// "line:col" in `where`.
result<document> parse_json_document(std::string_view text);

/// The steps of a JSON pointer, unescaped: "/a~1b/0" has "a/b" and "0".
std::vector<std::string> pointer_steps(std::string_view pointer);

/// `pointer` + "/" + the escaped `step`.
std::string join_pointer(std::string_view pointer, std::string_view step);

/// As people write it: "/tasks/1/after/0" is `tasks[1].after[0]`.
std::string to_path(std::string_view pointer);

} // namespace dagger
