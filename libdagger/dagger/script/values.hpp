// JSON values inside Lua: by reference on the way in, as JSON on the way out. Internal to the room.
#pragma once

#include <dagger/script/machine.hpp>
#include <dagger/script/scope.hpp>

namespace dagger::script {

/// What a userdata of ours holds; there are no others that a program can reach.
struct proxy {
  /// value: an object or a list; group: a scope; big: an integer above 2^63 - 1; library: `math`.
  enum class kind : std::uint8_t { value, group, big, library };

  kind what = kind::value;
  union {
    const json* value = nullptr;
    const scope* group;
  };
};

/// The proxy at this index, or null.
inline proxy* proxy_at(lua_State* state, int index) {
  return lua_type(state, index) == LUA_TUSERDATA ? static_cast<proxy*>(lua_touserdata(state, index))
                                                 : nullptr;
}

/// Makes the metatables of this state; once.
void open_values(lua_State* state);

/// Pushes a new proxy with its metatable; returns it.
proxy* push_proxy(lua_State* state, proxy::kind what);

/// Pushes a value: scalars as they are in Lua, null as nil, the others as a proxy.
void push_value(lua_State* state, const json& x);

/// Pushes what the name stands for; nil for null.
void push_entry(lua_State* state, const scope::entry* x);

/// Pushes `null`, the value for producing one.
inline void push_null(lua_State* state) {
  lua_pushlightuserdata(state, nullptr);
}

/// Pushes a new table that is a list even when it is empty.
void push_array(lua_State* state, int room);

/// Whether `push_array` made the table at this index.
bool is_array(lua_State* state, int index);

/// The value at this index as JSON. Throws `error` (invalid_output) for what JSON cannot hold.
json to_json(lua_State* state, int index);

/// Pushes the table of a library as an unchangeable proxy; the table is on top and is replaced.
void seal_library(lua_State* state);

/// The next key of a proxy behind the one at `key`, in order, and its value; pushes nothing and
/// returns false at the end. Members that are null are left out.
bool push_next(lua_State* state, const proxy& x, int key);

/// The exact text of a big integer.
std::string big_text(const proxy& x);

} // namespace dagger::script
