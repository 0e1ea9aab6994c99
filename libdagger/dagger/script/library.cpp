// The basic functions, `json`, `null`, `array`, and what is left of `math` and `utf8`.
#include <dagger/script/library.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/script/source.hpp>
#include <dagger/script/values.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace dagger::script {

namespace {

int type_of(lua_State* state) {
  luaL_checkany(state, 1);
  if (const auto* x = proxy_at(state, 1))
    lua_pushstring(state, x->what == proxy::kind::big ? "number" : "table");
  else if (lua_islightuserdata(state, 1))
    lua_pushliteral(state, "null");
  else
    lua_pushstring(state, luaL_typename(state, 1));
  return 1;
}

int to_string(lua_State* state) {
  luaL_checkany(state, 1);
  push_as_text(state, 1);
  return 1;
}

int to_number(lua_State* state) {
  if (lua_type(state, 1) == LUA_TSTRING)
    machine::of(state).spend(static_cast<std::int64_t>(text_at(state, 1).size()));
  return call_original(state);
}

/// Finalizers and weak tables would show when the collector runs.
int set_metatable(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (lua_istable(state, 2))
    for (const auto* name : {"__gc", "__mode"}) {
      lua_pushstring(state, name);
      if (lua_rawget(state, 2) != LUA_TNIL)
        throw std::runtime_error("'" + std::string{name} + "' is not offered");
      lua_pop(state, 1);
    }
  lua_settop(state, 2);
  return call_original(state);
}

/// Unlike Lua's own, the handler runs after the error: within it, instructions are not counted.
int call_with_handler(lua_State* state) {
  luaL_checktype(state, 2, LUA_TFUNCTION);
  lua_pushvalue(state, 1);
  lua_copy(state, 2, 1);
  lua_replace(state, 2);
  auto status = lua_pcall(state, lua_gettop(state) - 2, LUA_MULTRET, 0);
  lua_pushboolean(state, status == LUA_OK);
  if (status == LUA_OK) {
    lua_replace(state, 1);
    return lua_gettop(state);
  }
  lua_insert(state, 1);
  lua_call(state, 1, LUA_MULTRET);
  return lua_gettop(state);
}

/// Of the keys that `pairs` can sort: numbers come first, then texts, then false and true.
int rank_of(lua_State* state, int key) {
  switch (lua_type(state, key)) {
  case LUA_TNUMBER:
    return 0;
  case LUA_TSTRING:
    return 1;
  case LUA_TBOOLEAN:
    return 2;
  default:
    throw std::runtime_error("keys of type " + std::string{luaL_typename(state, key)}
                             + " have no order");
  }
}

bool is_key_less(lua_State* state, int a, int b) {
  auto rank_a = rank_of(state, a);
  auto rank_b = rank_of(state, b);
  if (rank_a != rank_b)
    return rank_a < rank_b;
  if (rank_a == 1)
    return text_at(state, a) < text_at(state, b);
  if (rank_a == 2)
    return lua_toboolean(state, a) < lua_toboolean(state, b);
  return lua_compare(state, a, b, LUA_OPLT) != 0;
}

/// Pushes the smallest key of the table at 1 that is greater than the one at `after` (nil: of all)
/// and its value.
int push_next_of_table(lua_State* state, int after) {
  auto is_first = lua_isnil(state, after);
  lua_pushnil(state);
  auto best = lua_gettop(state);
  auto is_found = false;
  lua_pushnil(state);
  while (lua_next(state, 1)) {
    machine::of(state).spend(1);
    lua_pop(state, 1);
    auto key = lua_gettop(state);
    if ((is_first || is_key_less(state, after, key))
        && (!is_found || is_key_less(state, key, best))) {
      lua_copy(state, key, best);
      is_found = true;
    }
  }
  if (!is_found)
    return 1;
  lua_pushvalue(state, best);
  lua_rawget(state, 1);
  return 2;
}

int next_of(lua_State* state) {
  lua_settop(state, 2);
  if (const auto* x = proxy_at(state, 1)) {
    if (push_next(state, *x, 2))
      return 2;
    lua_pushnil(state);
    return 1;
  }
  luaL_checktype(state, 1, LUA_TTABLE);
  return push_next_of_table(state, 2);
}

/// The iterator of `pairs` over a table: upvalues are the sorted keys and how many were visited.
int next_sorted(lua_State* state) {
  auto i = lua_tointeger(state, lua_upvalueindex(2));
  lua_settop(state, 1);
  while (true) {
    lua_pushinteger(state, ++i);
    lua_replace(state, lua_upvalueindex(2));
    if (lua_rawgeti(state, lua_upvalueindex(1), i) == LUA_TNIL)
      return 1;
    lua_pushvalue(state, -1);
    if (lua_rawget(state, 1) != LUA_TNIL)
      return 2;
    lua_settop(state, 1);
  }
}

/// Pushes the sorted keys of the table at 1 as a list. They are sorted in place on the stack of
/// a heap: no recursion, and the comparison cannot run Lua code.
void push_sorted_keys(lua_State* state) {
  struct key {
    int rank;
    bool is_integer;
    lua_Integer integer;
    lua_Number number;
    std::string_view text;
    lua_Integer index;

    bool operator<(const key& b) const {
      if (rank != b.rank)
        return rank < b.rank;
      if (rank == 1)
        return text < b.text;
      if (is_integer && b.is_integer)
        return integer < b.integer;
      return number < b.number;
    }
  };
  auto keys = std::vector<key>{};
  lua_newtable(state);
  lua_pushnil(state);
  while (lua_next(state, 1)) {
    machine::of(state).spend(4);
    lua_pop(state, 1);
    auto x = key{rank_of(state, -1), lua_isinteger(state, -1) != 0, 0, 0, {}, 0};
    x.index = static_cast<lua_Integer>(keys.size()) + 1;
    if (x.rank == 1) {
      x.text = text_at(state, -1);
    } else {
      x.integer = x.rank == 2 ? lua_toboolean(state, -1) : lua_tointeger(state, -1);
      x.number = x.rank == 2 ? static_cast<lua_Number>(x.integer) : lua_tonumber(state, -1);
    }
    keys.push_back(x);
    lua_pushvalue(state, -1);
    lua_rawseti(state, -3, x.index);
  }
  std::ranges::sort(keys, std::less<>{});
  lua_createtable(state, static_cast<int>(keys.size()), 0);
  for (auto i = std::size_t{0}; i < keys.size(); ++i) {
    lua_rawgeti(state, -2, keys[i].index);
    lua_rawseti(state, -2, static_cast<lua_Integer>(i) + 1);
  }
  lua_remove(state, -2);
}

int pairs_of(lua_State* state) {
  luaL_checkany(state, 1);
  lua_settop(state, 1);
  if (luaL_getmetafield(state, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(state, 1);
    lua_call(state, 1, 3);
    return 3;
  }
  if (proxy_at(state, 1)) {
    lua_pushcfunction(state, entry<next_of>);
  } else {
    luaL_checktype(state, 1, LUA_TTABLE);
    push_sorted_keys(state);
    lua_pushinteger(state, 0);
    lua_pushcclosure(state, entry<next_sorted>, 2);
  }
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

int array_of(lua_State* state) {
  auto count = lua_gettop(state);
  push_array(state, count);
  lua_insert(state, 1);
  for (auto i = count; i >= 1; --i)
    lua_rawseti(state, 1, i);
  return 1;
}

int json_encode(lua_State* state) {
  luaL_checkany(state, 1);
  push_text(state, dagger::to_text(to_json(state, 1)));
  return 1;
}

int json_decode(lua_State* state) {
  luaL_checktype(state, 1, LUA_TSTRING);
  auto& m = machine::of(state);
  auto text = text_at(state, 1);
  m.spend(static_cast<std::int64_t>(text.size()));
  auto value = parse_json(text);
  if (!value)
    throw error{code::invalid_input, value.error().message + " at " + value.error().where};
  push_value(state, m.keep(std::move(*value)));
  return 1;
}

void remove_fields(lua_State* state, std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    lua_pushnil(state);
    lua_setfield(state, -2, name);
  }
}

/// utf8.len, utf8.offset and utf8.codepoint go through their text without an instruction.
int utf8_counted(lua_State* state) {
  if (lua_type(state, 1) == LUA_TSTRING)
    machine::of(state).spend(static_cast<std::int64_t>(text_at(state, 1).size() / 4));
  auto count = call_original(state);
  if (count > limits::script_values)
    throw std::runtime_error("too many results");
  return count;
}

} // namespace

void push_as_text(lua_State* state, int index) {
  if (const auto* x = proxy_at(state, index); x && x->what == proxy::kind::big) {
    push_text(state, big_text(*x));
    return;
  }
  if (luaL_getmetafield(state, index, "__tostring") != LUA_TNIL) {
    lua_pushvalue(state, index);
    lua_call(state, 1, 1);
    if (lua_type(state, -1) != LUA_TSTRING)
      throw std::runtime_error("'__tostring' must return a string");
    return;
  }
  switch (lua_type(state, index)) {
  case LUA_TNIL:
    lua_pushliteral(state, "nil");
    return;
  case LUA_TBOOLEAN:
    lua_pushstring(state, lua_toboolean(state, index) ? "true" : "false");
    return;
  case LUA_TLIGHTUSERDATA:
    lua_pushliteral(state, "null");
    return;
  case LUA_TSTRING:
    lua_pushvalue(state, index);
    return;
  case LUA_TNUMBER:
    lua_pushvalue(state, index);
    lua_tolstring(state, -1, nullptr);
    return;
  default:
    break;
  }
  auto name = std::string{proxy_at(state, index) ? "table" : luaL_typename(state, index)};
  throw std::runtime_error("a " + name + " has no text; json.encode writes a value as JSON");
}

void wrap(lua_State* state, const char* name, lua_CFunction by) {
  lua_getfield(state, -1, name);
  lua_pushstring(state, name);
  lua_pushcclosure(state, by, 2);
  lua_setfield(state, -2, name);
}

int call_original(lua_State* state) {
  lua_pushvalue(state, lua_upvalueindex(1));
  lua_insert(state, 1);
  if (lua_pcall(state, lua_gettop(state) - 1, LUA_MULTRET, 0) == LUA_OK)
    return lua_gettop(state);
  if (lua_type(state, -1) != LUA_TSTRING || locate(text_at(state, -1)).line)
    lua_error(state);
  // Called from C, it knows neither its name nor its caller.
  auto why = std::string{text_at(state, -1)};
  if (auto at = why.find("to '?'"); at != std::string::npos)
    why.replace(at + 4, 1, text_at(state, lua_upvalueindex(2)));
  lua_pop(state, 1);
  push_text(state, why);
  raise(state);
}

lua_Integer length_at(lua_State* state, int index) {
  return luaL_len(state, index);
}

void open_basics(lua_State* state) {
  const luaL_Reg ours[]{{"array", entry<array_of>}, {"next", entry<next_of>},
                        {"pairs", entry<pairs_of>}, {"tostring", entry<to_string>},
                        {"type", entry<type_of>},   {"xpcall", entry<call_with_handler>},
                        {nullptr, nullptr}};
  luaL_setfuncs(state, ours, 0);
  wrap(state, "tonumber", entry<to_number>);
  wrap(state, "setmetatable", entry<set_metatable>);
}

void push_offered(lua_State* state) {
  luaL_requiref(state, LUA_GNAME, luaopen_base, 0);
  open_basics(state);
  lua_createtable(state, 0, static_cast<int>(offered_names.size()));
  for (const auto* name : {"array", "assert", "error", "getmetatable", "ipairs", "next", "pairs",
                           "pcall", "rawequal", "rawget", "rawlen", "rawset", "select",
                           "setmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION"}) {
    lua_getfield(state, -2, name);
    lua_setfield(state, -2, name);
  }
  push_null(state);
  lua_setfield(state, -2, "null");
  auto library = [&](const char* name, lua_CFunction open, auto&& change) {
    luaL_requiref(state, name, open, 0);
    change();
    seal_library(state);
    lua_setfield(state, -2, name);
  };
  library("math", luaopen_math, [&] { remove_fields(state, {"random", "randomseed"}); });
  library("utf8", luaopen_utf8, [&] {
    for (const auto* name : {"len", "offset", "codepoint"})
      wrap(state, name, entry<utf8_counted>);
  });
  library("string", luaopen_string, [&] {
    remove_fields(state, {"dump", "pack", "packsize", "unpack"});
    open_string(state);
  });
  library("table", luaopen_table, [&] { open_table(state); });
  const luaL_Reg of_json[]{
    {"encode", entry<json_encode>}, {"decode", entry<json_decode>}, {nullptr, nullptr}};
  luaL_newlib(state, of_json);
  seal_library(state);
  lua_setfield(state, -2, "json");
  lua_remove(state, -2);
}

bool is_offered(std::string_view name) {
  return std::ranges::find(offered_names, name) != offered_names.end();
}

} // namespace dagger::script
