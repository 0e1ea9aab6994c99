// Proxies and their metatables. Nothing of a value is converted before a program touches it.
#include <dagger/script/values.hpp>

#include <dagger/codec/json.hpp>

#include <cmath>
#include <stdexcept>

namespace dagger::script {

namespace {

/// Where the registry keeps our metatables: fixed numbers above those that Lua uses itself.
enum slot : lua_Integer { value_slot = 1'000, big_slot, array_slot };

/// Whether a number is whole and an integer of Lua can hold it.
bool is_whole(double x) {
  return x >= -0x1p63 && x < 0x1p63 && std::floor(x) == x;
}

void push_number(lua_State* state, double x) {
  if (is_whole(x))
    lua_pushinteger(state, static_cast<lua_Integer>(x));
  else
    lua_pushnumber(state, x);
}

void push_string(lua_State* state, const std::string& x) {
  auto& m = machine::of(state);
  // Strings of the input are copied, not built: that is for free, within reason.
  if (x.size() > 48)
    m.budget() += static_cast<std::int64_t>(x.size() - x.size() / 64);
  push_text(state, x);
}

int index_value(lua_State* state) {
  const auto& self = *proxy_at(state, 1);
  if (self.what == proxy::kind::group) {
    push_entry(state,
               lua_type(state, 2) == LUA_TSTRING ? self.group->find(text_at(state, 2)) : nullptr);
    return 1;
  }
  if (self.value->is_object() && lua_type(state, 2) == LUA_TSTRING) {
    const auto& members = self.value->get_ref<const json::object_t&>();
    if (auto it = members.find(text_at(state, 2)); it != members.end()) {
      push_value(state, it->second);
      return 1;
    }
  } else if (self.value->is_array() && lua_type(state, 2) == LUA_TNUMBER) {
    auto is_integer = 0;
    auto i = lua_tointegerx(state, 2, &is_integer);
    if (is_integer && i >= 1 && static_cast<std::size_t>(i) <= self.value->size()) {
      push_value(state, (*self.value)[static_cast<std::size_t>(i) - 1]);
      return 1;
    }
  }
  lua_pushnil(state);
  return 1;
}

int refuse_change(lua_State*) {
  throw std::runtime_error("inputs and libraries cannot be changed; make a table of your own");
}

int length_of_value(lua_State* state) {
  const auto& self = *proxy_at(state, 1);
  auto is_list = self.what == proxy::kind::value && self.value->is_array();
  lua_pushinteger(state, is_list ? static_cast<lua_Integer>(self.value->size()) : 0);
  return 1;
}

int same_value(lua_State* state) {
  const auto* a = proxy_at(state, 1);
  const auto* b = proxy_at(state, 2);
  lua_pushboolean(state, a && b && a->what == b->what && a->value == b->value);
  return 1;
}

double number_at(lua_State* state, int index) {
  const auto* x = proxy_at(state, index);
  if (x && x->what == proxy::kind::big)
    return x->value->get<double>();
  if (!lua_isnumber(state, index))
    throw std::runtime_error("attempt to perform arithmetic on a "
                             + std::string{luaL_typename(state, index)} + " value");
  return lua_tonumber(state, index);
}

/// Arithmetic on integers above 2^63 - 1 is that of floats.
template <int Operator>
int big_arithmetic(lua_State* state) {
  auto a = number_at(state, 1);
  auto b = number_at(state, 2);
  lua_pushnumber(state, a);
  if (Operator != LUA_OPUNM)
    lua_pushnumber(state, b);
  lua_arith(state, Operator);
  return 1;
}

template <int Operator>
int big_compare(lua_State* state) {
  const auto* a = proxy_at(state, 1);
  const auto* b = proxy_at(state, 2);
  auto are_big = a && b && a->what == proxy::kind::big && b->what == proxy::kind::big;
  auto holds = false;
  if (are_big) {
    auto x = a->value->get<std::uint64_t>();
    auto y = b->value->get<std::uint64_t>();
    holds = Operator == LUA_OPEQ ? x == y : Operator == LUA_OPLT ? x < y : x <= y;
  } else if (Operator != LUA_OPEQ) {
    holds = Operator == LUA_OPLT ? number_at(state, 1) < number_at(state, 2)
                                 : number_at(state, 1) <= number_at(state, 2);
  }
  lua_pushboolean(state, holds);
  return 1;
}

int concat_big(lua_State* state) {
  for (auto i = 1; i <= 2; ++i) {
    const auto* x = proxy_at(state, i);
    if (x && x->what == proxy::kind::big)
      push_text(state, big_text(*x));
    else if (lua_isstring(state, i))
      lua_pushvalue(state, i);
    else
      throw std::runtime_error("attempt to concatenate a " + std::string{luaL_typename(state, i)}
                               + " value");
  }
  lua_concat(state, 2);
  return 1;
}

/// Finishes the metatable on top of the stack and keeps it.
void keep_metatable(lua_State* state, slot where, const char* name) {
  lua_pushstring(state, name);
  lua_setfield(state, -2, "__name");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_rawseti(state, LUA_REGISTRYINDEX, where);
}

void set_metatable(lua_State* state, slot which) {
  lua_rawgeti(state, LUA_REGISTRYINDEX, which);
  lua_setmetatable(state, -2);
}

} // namespace

void open_values(lua_State* state) {
  const luaL_Reg of_values[]{{"__index", entry<index_value>},
                             {"__newindex", entry<refuse_change>},
                             {"__len", entry<length_of_value>},
                             {"__eq", entry<same_value>},
                             {nullptr, nullptr}};
  luaL_newlib(state, of_values);
  keep_metatable(state, value_slot, "table");
  const luaL_Reg of_big[]{{"__add", entry<big_arithmetic<LUA_OPADD>>},
                          {"__sub", entry<big_arithmetic<LUA_OPSUB>>},
                          {"__mul", entry<big_arithmetic<LUA_OPMUL>>},
                          {"__div", entry<big_arithmetic<LUA_OPDIV>>},
                          {"__idiv", entry<big_arithmetic<LUA_OPIDIV>>},
                          {"__mod", entry<big_arithmetic<LUA_OPMOD>>},
                          {"__pow", entry<big_arithmetic<LUA_OPPOW>>},
                          {"__unm", entry<big_arithmetic<LUA_OPUNM>>},
                          {"__eq", entry<big_compare<LUA_OPEQ>>},
                          {"__lt", entry<big_compare<LUA_OPLT>>},
                          {"__le", entry<big_compare<LUA_OPLE>>},
                          {"__concat", entry<concat_big>},
                          {nullptr, nullptr}};
  luaL_newlib(state, of_big);
  keep_metatable(state, big_slot, "number");
  lua_newtable(state);
  keep_metatable(state, array_slot, "table");
}

proxy* push_proxy(lua_State* state, proxy::kind what) {
  auto* made = new (lua_newuserdatauv(state, sizeof(proxy), 0)) proxy{};
  made->what = what;
  set_metatable(state, what == proxy::kind::big ? big_slot : value_slot);
  return made;
}

void push_value(lua_State* state, const json& x) {
  switch (x.type()) {
  case json::value_t::boolean:
    lua_pushboolean(state, x.get<bool>());
    break;
  case json::value_t::number_integer:
    lua_pushinteger(state, x.get<lua_Integer>());
    break;
  case json::value_t::number_unsigned:
    if (x.get<std::uint64_t>() <= static_cast<std::uint64_t>(LUA_MAXINTEGER))
      lua_pushinteger(state, x.get<lua_Integer>());
    else
      push_proxy(state, proxy::kind::big)->value = &x;
    break;
  case json::value_t::number_float:
    push_number(state, x.get<double>());
    break;
  case json::value_t::string:
    push_string(state, x.get_ref<const std::string&>());
    break;
  case json::value_t::object:
  case json::value_t::array:
    push_proxy(state, proxy::kind::value)->value = &x;
    break;
  default:
    lua_pushnil(state);
  }
}

void push_entry(lua_State* state, const scope::entry* x) {
  if (!x)
    lua_pushnil(state);
  else if (x->value)
    push_value(state, *x->value);
  else
    push_proxy(state, proxy::kind::group)->group = x->inner;
}

void push_array(lua_State* state, int room) {
  lua_createtable(state, room, 0);
  set_metatable(state, array_slot);
}

bool is_array(lua_State* state, int index) {
  if (!lua_getmetatable(state, index))
    return false;
  lua_rawgeti(state, LUA_REGISTRYINDEX, array_slot);
  auto same = lua_rawequal(state, -1, -2) != 0;
  lua_pop(state, 2);
  return same;
}

void seal_library(lua_State* state) {
  lua_newuserdatauv(state, sizeof(proxy), 0);
  *static_cast<proxy*>(lua_touserdata(state, -1)) = proxy{proxy::kind::library, {nullptr}};
  lua_createtable(state, 0, 4);
  lua_pushvalue(state, -3);
  lua_setfield(state, -2, "__index");
  lua_pushcfunction(state, entry<refuse_change>);
  lua_setfield(state, -2, "__newindex");
  lua_pushliteral(state, "table");
  lua_setfield(state, -2, "__name");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_setmetatable(state, -2);
  lua_remove(state, -2);
}

bool push_next(lua_State* state, const proxy& x, int key) {
  auto is_first = lua_isnil(state, key);
  if (x.what == proxy::kind::group) {
    for (const auto& next : x.group->entries()) {
      if (!is_first && next.name <= text_at(state, key))
        continue;
      if (next.value && next.value->is_null())
        continue;
      push_text(state, next.name);
      push_entry(state, &next);
      return true;
    }
  } else if (x.what == proxy::kind::value && x.value->is_object()) {
    const auto& members = x.value->get_ref<const json::object_t&>();
    auto it = is_first ? members.begin() : members.upper_bound(std::string{text_at(state, key)});
    while (it != members.end() && it->second.is_null())
      ++it;
    if (it == members.end())
      return false;
    push_text(state, it->first);
    push_value(state, it->second);
    return true;
  } else if (x.what == proxy::kind::value) {
    auto i = is_first ? std::size_t{0} : static_cast<std::size_t>(lua_tointeger(state, key));
    while (i < x.value->size() && (*x.value)[i].is_null())
      ++i;
    if (i >= x.value->size())
      return false;
    lua_pushinteger(state, static_cast<lua_Integer>(i) + 1);
    push_value(state, (*x.value)[i]);
    return true;
  }
  return false;
}

std::string big_text(const proxy& x) {
  return to_text(*x.value);
}

} // namespace dagger::script
