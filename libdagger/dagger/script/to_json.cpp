// What a program returns, as JSON. What JSON cannot hold is named with its place in the result.
#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/limits.hpp>
#include <dagger/script/values.hpp>

#include <algorithm>
#include <cmath>

namespace dagger::script {

namespace {

class converter {
public:
  explicit converter(lua_State* state) : state_(state), machine_(machine::of(state)) {}

  json convert(int index) {
    machine_.spend(1);
    switch (lua_type(state_, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
    case LUA_TLIGHTUSERDATA:
      return nullptr;
    case LUA_TBOOLEAN:
      return lua_toboolean(state_, index) != 0;
    case LUA_TNUMBER:
      return number(index);
    case LUA_TSTRING:
      return text(index);
    case LUA_TUSERDATA:
      return copied(*proxy_at(state_, index));
    case LUA_TTABLE:
      return table(index);
    default:
      wrong("a " + std::string{luaL_typename(state_, index)} + " is no JSON value");
    }
  }

private:
  [[noreturn]] void wrong(std::string message) {
    auto where = std::string{"the result"};
    for (const auto& step : path_)
      where += step;
    throw error{code::invalid_output, where + ": " + message};
  }

  json number(int index) {
    if (lua_isinteger(state_, index))
      return lua_tointeger(state_, index);
    auto x = lua_tonumber(state_, index);
    if (!std::isfinite(x))
      wrong(std::isnan(x) ? "nan is no JSON number" : "infinity is no JSON number");
    if (x >= -0x1p63 && x < 0x1p63 && std::floor(x) == x)
      return static_cast<lua_Integer>(x);
    return x;
  }

  json text(int index) {
    auto x = text_at(state_, index);
    machine_.spend(static_cast<std::int64_t>(x.size() / 64));
    if (auto at = invalid_utf8(x); at != std::string_view::npos)
      wrong("text is not UTF-8, byte " + std::to_string(at + 1) + " is the first that is not");
    grow(x.size());
    return x;
  }

  /// The result may hold a value of the input more than once; so its size is counted.
  void grow(std::size_t n) {
    size_ += n;
    if (size_ > limits::payload_bytes)
      wrong("is larger than " + std::to_string(limits::payload_bytes >> 20) + " MiB");
  }

  json copied(const proxy& x) {
    if (x.what == proxy::kind::library)
      wrong("a library is no JSON value");
    if (x.what == proxy::kind::group)
      return group(*x.group);
    if (depth_ > 0) {
      check_depth(*x.value, depth_);
      grow(bytes_of(*x.value, limits::payload_bytes));
    }
    return *x.value;
  }

  json group(const scope& x) {
    auto made = json::object();
    for (const auto& entry : x.entries()) {
      if (entry.value)
        grow(bytes_of(*entry.value, limits::payload_bytes));
      made[std::string{entry.name}] = entry.value ? *entry.value : group(*entry.inner);
    }
    return made;
  }

  void check_depth(const json& x, std::size_t depth) {
    if (!x.is_structured())
      return;
    if (depth >= limits::nesting)
      too_deep();
    for (const auto& child : x)
      check_depth(child, depth + 1);
  }

  [[noreturn]] void too_deep() {
    path_.clear();
    wrong("is nested deeper than " + std::to_string(limits::nesting)
          + " levels, or contains itself");
  }

  json table(int index) {
    if (depth_ >= limits::nesting)
      too_deep();
    luaL_checkstack(state_, 4, "too many values");
    index = lua_absindex(state_, index);
    ++depth_;
    lua_pushnil(state_);
    auto is_empty = lua_next(state_, index) == 0;
    if (!is_empty)
      lua_pop(state_, 1);
    auto is_list = is_empty ? is_array(state_, index) : lua_isinteger(state_, -1) != 0;
    if (!is_empty)
      lua_pop(state_, 1);
    auto made = is_list ? list(index) : object(index);
    --depth_;
    return made;
  }

  json list(int index) {
    auto last = lua_Integer{0};
    auto count = lua_Integer{0};
    lua_pushnil(state_);
    while (lua_next(state_, index)) {
      machine_.spend(1);
      lua_pop(state_, 1);
      if (!lua_isinteger(state_, -1) || lua_tointeger(state_, -1) < 1)
        mixed();
      last = std::max(last, lua_tointeger(state_, -1));
      ++count;
    }
    if (last != count)
      wrong("a list with holes: its last index is " + std::to_string(last) + ", but it has "
            + std::to_string(count) + " elements; write null where nothing is");
    auto made = json::array();
    for (auto i = lua_Integer{1}; i <= count; ++i) {
      path_.push_back("[" + std::to_string(i) + "]");
      lua_rawgeti(state_, index, i);
      made.push_back(convert(-1));
      lua_pop(state_, 1);
      path_.pop_back();
    }
    return made;
  }

  json object(int index) {
    auto made = json::object();
    lua_pushnil(state_);
    while (lua_next(state_, index)) {
      if (lua_type(state_, -2) != LUA_TSTRING)
        mixed();
      auto name = std::string{text_at(state_, -2)};
      if (invalid_utf8(name) != std::string::npos)
        wrong("a member's name is not UTF-8");
      grow(name.size());
      path_.push_back("." + name);
      made[std::move(name)] = convert(-1);
      path_.pop_back();
      lua_pop(state_, 1);
    }
    return made;
  }

  [[noreturn]] void mixed() {
    wrong("a table is either a list (keys 1, 2, ...) or has names as keys, this one has other "
          "keys");
  }

  lua_State* state_;
  machine& machine_;
  std::vector<std::string> path_;
  std::size_t depth_ = 0;
  std::size_t size_ = 0;
};

} // namespace

json to_json(lua_State* state, int index) {
  return converter{state}.convert(lua_absindex(state, index));
}

} // namespace dagger::script
