// Which global names a Lua text reads and where: what a loader binds and checks. The text has
// passed Lua's own compiler. Internal to the room.
#pragma once

#include <dagger/codec/document.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::script {

/// A global name that a program reads, with the constant steps behind it: `nodes.a.rows[1]` is
/// {"nodes", "a", "rows", "1"}.
struct reference {
  std::vector<std::string> path;
  position at;
};

/// What was found.
struct names_found {
  /// In the order of the text; a name that is read twice is there twice.
  std::vector<reference> reads;
  /// Whether the text assigns global names.
  bool writes = false;
  /// What Lua allows and we do not: `_ENV`, more than one expression.
  std::optional<fault> wrong;
};

/// Finds the names in a chunk, or in one expression; positions count from the text's beginning.
names_found find_names(std::string_view text, bool is_expression);

} // namespace dagger::script
