// What a program is made of, and how Lua's messages become errors with a place in the user's
// file. Internal to the room.
#pragma once

#include <dagger/script/program.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::script {

/// A checked text.
struct program::impl {
  std::string text;
  place at;
  form what = form::expression;
  bounds most;
  std::vector<reference> reads;
  /// The names of `reads`, each once.
  std::vector<std::string> names;
  bool writes = false;
};

/// How Lua calls our texts: its messages begin with "lua:LINE:".
inline constexpr auto chunk_name = "=lua";

/// The place in the file of a place in the text.
position in_file(const place& begin, position inside);

/// "file:3:7", as it stands in an error's `where`.
std::string to_text(const place& x);

/// A message of Lua, cut into its words and the line that stood in front.
struct located {
  std::string message;
  std::optional<std::uint32_t> line;
};

located locate(std::string_view message);

} // namespace dagger::script
