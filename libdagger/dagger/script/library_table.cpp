// `table`: what moves elements counts them; sorting is stable and the same everywhere.
#include <dagger/script/library.hpp>
#include <dagger/script/values.hpp>

#include <algorithm>
#include <stdexcept>

namespace dagger::script {

namespace {

void spend_range(lua_State* state, lua_Integer first, lua_Integer last) {
  if (last < first)
    return;
  auto count = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
  machine::of(state).spend(count == 0 || count > (1u << 30) ? 1 << 30
                                                            : static_cast<std::int64_t>(count));
}

int concat(lua_State* state) {
  auto first = luaL_optinteger(state, 3, 1);
  spend_range(state, first,
              lua_isnoneornil(state, 4) ? length_at(state, 1) : luaL_checkinteger(state, 4));
  return call_original(state);
}

int insert(lua_State* state) {
  if (lua_gettop(state) == 3)
    spend_range(state, luaL_checkinteger(state, 2), length_at(state, 1));
  return call_original(state);
}

int remove(lua_State* state) {
  if (!lua_isnoneornil(state, 2))
    spend_range(state, luaL_checkinteger(state, 2), length_at(state, 1));
  return call_original(state);
}

int move(lua_State* state) {
  spend_range(state, luaL_checkinteger(state, 2), luaL_checkinteger(state, 3));
  return call_original(state);
}

int unpack(lua_State* state) {
  auto first = luaL_optinteger(state, 2, 1);
  auto last = lua_isnoneornil(state, 3) ? length_at(state, 1) : luaL_checkinteger(state, 3);
  spend_range(state, first, last);
  if (last >= first && last - first >= limits::script_values)
    throw std::runtime_error("too many results to unpack");
  return call_original(state);
}

/// Whether the element at index `a` of the stack comes before the one at `b`.
bool is_before(lua_State* state, int a, int b) {
  if (lua_isnoneornil(state, 2))
    return lua_compare(state, a, b, LUA_OPLT) != 0;
  lua_pushvalue(state, 2);
  lua_pushvalue(state, a);
  lua_pushvalue(state, b);
  lua_call(state, 2, 1);
  auto is = lua_toboolean(state, -1) != 0;
  lua_pop(state, 1);
  return is;
}

/// Merges the runs [first, middle) and [middle, last) of the table `from` into `to`. Of equal
/// elements the one of the first run comes first.
void merge(lua_State* state, int from, int to, lua_Integer first, lua_Integer middle,
           lua_Integer last) {
  auto left = first;
  auto right = middle;
  for (auto out = first; out < last; ++out) {
    machine::of(state).spend(2);
    auto takes_right = left == middle;
    if (left < middle && right < last) {
      lua_rawgeti(state, from, left);
      lua_rawgeti(state, from, right);
      auto top = lua_gettop(state);
      takes_right = is_before(state, top, top - 1);
      lua_pop(state, 2);
    }
    lua_rawgeti(state, from, takes_right ? right++ : left++);
    lua_rawseti(state, to, out);
  }
}

/// Lua's own sort picks by the clock where a list is unbalanced; and it is not stable.
int sort(lua_State* state) {
  luaL_checktype(state, 1, LUA_TTABLE);
  if (!lua_isnoneornil(state, 2))
    luaL_checktype(state, 2, LUA_TFUNCTION);
  lua_settop(state, 2);
  auto count = length_at(state, 1);
  spend_range(state, 1, count);
  auto room = static_cast<int>(std::min(count, lua_Integer{1} << 24));
  lua_createtable(state, room, 0);
  lua_createtable(state, room, 0);
  auto from = 3;
  auto to = 4;
  for (auto i = lua_Integer{1}; i <= count; ++i) {
    lua_geti(state, 1, i);
    lua_rawseti(state, from, i);
  }
  for (auto width = lua_Integer{1}; width < count; width *= 2) {
    for (auto first = lua_Integer{1}; first <= count; first += 2 * width)
      merge(state, from, to, first, std::min(first + width, count + 1),
            std::min(first + 2 * width, count + 1));
    std::swap(from, to);
  }
  for (auto i = lua_Integer{1}; i <= count; ++i) {
    lua_rawgeti(state, from, i);
    lua_seti(state, 1, i);
  }
  return 0;
}

} // namespace

void open_table(lua_State* state) {
  const luaL_Reg counted[]{{"concat", entry<concat>},
                           {"insert", entry<insert>},
                           {"remove", entry<remove>},
                           {"move", entry<move>},
                           {"unpack", entry<unpack>}};
  for (const auto& x : counted)
    wrap(state, x.name, x.func);
  lua_pushcfunction(state, entry<sort>);
  lua_setfield(state, -2, "sort");
}

} // namespace dagger::script
