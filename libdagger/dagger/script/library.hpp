// What the sandbox offers, a source file per library of Lua. Internal to the room.
#pragma once

#include <dagger/script/machine.hpp>

#include <array>
#include <string>
#include <string_view>

namespace dagger::script {

/// All global names of the sandbox.
inline constexpr std::array<std::string_view, 25> offered_names{
  "array",  "assert", "error",        "getmetatable", "ipairs",   "json",     "math",
  "next",   "null",   "pairs",        "pcall",        "rawequal", "rawget",   "rawlen",
  "rawset", "select", "setmetatable", "string",       "table",    "tonumber", "tostring",
  "type",   "utf8",   "xpcall",       "_VERSION"};

/// Each fills the table on top of the stack with functions: the basic ones, those of `string`, ...
void open_basics(lua_State* state);
void open_string(lua_State* state);
void open_table(lua_State* state);

/// Replaces a function of the table on top by ours, which gets the old one and the name as its
/// upvalues.
void wrap(lua_State* state, const char* name, lua_CFunction by);

/// Calls, for a function that `wrap` has put in, the old one with the arguments on the stack; the
/// results are the stack then. Its errors name the function and the place of the call.
int call_original(lua_State* state);

/// Pushes the table with all of `offered_names`.
void push_offered(lua_State* state);

/// The text of the value at this index, as `tostring` gives it: no addresses. Throws
/// `std::runtime_error` for what has no text of its own. Pushes the text.
void push_as_text(lua_State* state, int index);

/// The length of a list, as `#` gives it.
lua_Integer length_at(lua_State* state, int index);

} // namespace dagger::script
