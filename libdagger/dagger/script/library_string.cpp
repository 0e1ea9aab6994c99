// `string`: what goes through a text or makes one counts its bytes; patterns are our own.
#include <dagger/script/library.hpp>
#include <dagger/script/pattern.hpp>
#include <dagger/script/values.hpp>

#include <algorithm>
#include <stdexcept>

namespace dagger::script {

namespace {

/// A text argument; numbers are text too.
std::string_view check_text(lua_State* state, int index) {
  auto size = std::size_t{0};
  const auto* text = luaL_checklstring(state, index, &size);
  return {text, size};
}

void push_capture(lua_State* state, std::string_view subject, const capture& x) {
  if (x.is_position)
    lua_pushinteger(state, static_cast<lua_Integer>(x.begin) + 1);
  else
    push_text(state, subject.substr(x.begin, x.length));
}

/// Pushes all captures of a match; the whole match if the pattern has none.
int push_captures(lua_State* state, std::string_view subject, const matcher& m, std::size_t begin,
                  std::size_t end) {
  luaL_checkstack(state, 32, "too many captures");
  for (auto i = std::size_t{0}; i < m.captures(); ++i)
    push_capture(state, subject, m.captured(i));
  if (m.captures() > 0)
    return static_cast<int>(m.captures());
  push_text(state, subject.substr(begin, end - begin));
  return 1;
}

/// Where a search begins, from 0; negative arguments count from the end. Past the end: npos.
std::size_t start_of(lua_State* state, int index, std::size_t size) {
  auto first = luaL_optinteger(state, index, 1);
  auto length = static_cast<lua_Integer>(size);
  if (first < 0)
    first = first < -length ? 1 : length + first + 1;
  else if (first == 0)
    first = 1;
  return first > length + 1 ? std::string_view::npos : static_cast<std::size_t>(first - 1);
}

int push_found(lua_State* state, std::size_t begin, std::size_t end) {
  lua_pushinteger(state, static_cast<lua_Integer>(begin) + 1);
  lua_pushinteger(state, static_cast<lua_Integer>(end));
  return 2;
}

int search(lua_State* state, bool is_find) {
  auto subject = check_text(state, 1);
  auto pattern = check_text(state, 2);
  auto from = start_of(state, 3, subject.size());
  auto& budget = machine::of(state).budget();
  auto cost = steps{budget};
  if (from == std::string_view::npos) {
    lua_pushnil(state);
    return 1;
  }
  if (is_find && (lua_toboolean(state, 4) || has_no_magic(pattern))) {
    cost.spend(static_cast<std::int64_t>((subject.size() - from) / 8));
    auto at = subject.find(pattern, from);
    if (at != std::string_view::npos)
      return push_found(state, at, at + pattern.size());
    lua_pushnil(state);
    return 1;
  }
  auto is_anchored = pattern.starts_with('^');
  auto m = matcher{subject, pattern.substr(is_anchored ? 1 : 0), cost};
  for (; from <= subject.size(); ++from) {
    if (auto end = m.match_at(from)) {
      if (!is_find)
        return push_captures(state, subject, m, from, *end);
      push_found(state, from, *end);
      return 2 + (m.captures() > 0 ? push_captures(state, subject, m, from, *end) : 0);
    }
    if (is_anchored)
      break;
  }
  lua_pushnil(state);
  return 1;
}

int find(lua_State* state) {
  return search(state, true);
}

int match(lua_State* state) {
  return search(state, false);
}

/// Upvalues: subject, pattern, where to go on, and the end of the last match plus one.
int next_match(lua_State* state) {
  auto subject = text_at(state, lua_upvalueindex(1));
  auto from = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(3)));
  auto last = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(4)));
  auto cost = steps{machine::of(state).budget()};
  auto m = matcher{subject, text_at(state, lua_upvalueindex(2)), cost};
  for (; from <= subject.size(); ++from) {
    auto end = m.match_at(from);
    if (!end || *end + 1 == last)
      continue;
    lua_pushinteger(state, static_cast<lua_Integer>(*end));
    lua_replace(state, lua_upvalueindex(3));
    lua_pushinteger(state, static_cast<lua_Integer>(*end) + 1);
    lua_replace(state, lua_upvalueindex(4));
    return push_captures(state, subject, m, from, *end);
  }
  lua_pushnil(state);
  return 1;
}

int each_match(lua_State* state) {
  auto subject = check_text(state, 1);
  check_text(state, 2);
  auto from = start_of(state, 3, subject.size());
  lua_settop(state, 2);
  lua_pushinteger(state, static_cast<lua_Integer>(std::min(from, subject.size() + 1)));
  lua_pushinteger(state, 0);
  lua_pushcclosure(state, entry<next_match>, 4);
  return 1;
}

/// What replaces one match in `gsub`, by the kind of its third argument.
class replacement {
public:
  replacement(lua_State* state, std::string_view subject, const matcher& m)
    : state_(state),
      subject_(subject),
      matcher_(m),
      kind_(lua_type(state, 3)) {
    auto is_table = kind_ == LUA_TTABLE || proxy_at(state, 3);
    if (!is_table && kind_ != LUA_TFUNCTION && kind_ != LUA_TSTRING && kind_ != LUA_TNUMBER)
      luaL_typeerror(state, 3, "string/function/table");
    if (kind_ == LUA_TSTRING || kind_ == LUA_TNUMBER)
      text_ = check_text(state, 3);
  }

  void append(std::string& to, std::size_t begin, std::size_t end) {
    auto before = to.size();
    if (text_.data()) {
      append_text(to, begin, end);
    } else {
      if (kind_ == LUA_TFUNCTION) {
        lua_pushvalue(state_, 3);
        lua_call(state_, push_captures(state_, subject_, matcher_, begin, end), 1);
      } else {
        push_first(begin, end);
        lua_gettable(state_, 3);
      }
      append_value(to, begin, end);
      lua_pop(state_, 1);
    }
    machine::of(state_).spend(static_cast<std::int64_t>(to.size() - before));
  }

private:
  void push_first(std::size_t begin, std::size_t end) {
    if (matcher_.captures() > 0)
      push_capture(state_, subject_, matcher_.captured(0));
    else
      push_text(state_, subject_.substr(begin, end - begin));
  }

  void append_value(std::string& to, std::size_t begin, std::size_t end) {
    if (!lua_toboolean(state_, -1))
      to += subject_.substr(begin, end - begin);
    else if (lua_isstring(state_, -1))
      to += text_at(state_, -1);
    else
      throw std::runtime_error("invalid replacement value (a "
                               + std::string{luaL_typename(state_, -1)} + ")");
  }

  void append_text(std::string& to, std::size_t begin, std::size_t end) {
    for (auto i = std::size_t{0}; i < text_.size(); ++i) {
      if (text_[i] != '%') {
        to += text_[i];
        continue;
      }
      auto c = ++i < text_.size() ? text_[i] : '\0';
      if (c == '%')
        to += c;
      else if (c == '0')
        to += subject_.substr(begin, end - begin);
      else if (c >= '1' && c <= '9')
        append_captured(to, static_cast<std::size_t>(c - '1'), begin, end);
      else
        throw std::runtime_error("invalid use of '%' in replacement string");
    }
  }

  void append_captured(std::string& to, std::size_t i, std::size_t begin, std::size_t end) {
    if (i == 0 && matcher_.captures() == 0) {
      to += subject_.substr(begin, end - begin);
      return;
    }
    if (i >= matcher_.captures())
      throw std::runtime_error("invalid capture index %" + std::to_string(i + 1));
    auto x = matcher_.captured(i);
    if (x.is_position)
      to += std::to_string(x.begin + 1);
    else
      to += subject_.substr(x.begin, x.length);
  }

  lua_State* state_;
  std::string_view subject_;
  const matcher& matcher_;
  int kind_;
  std::string_view text_;
};

int substitute(lua_State* state) {
  auto subject = check_text(state, 1);
  auto pattern = check_text(state, 2);
  auto most = luaL_optinteger(state, 4, static_cast<lua_Integer>(subject.size()) + 1);
  auto is_anchored = pattern.starts_with('^');
  auto cost = steps{machine::of(state).budget()};
  auto m = matcher{subject, pattern.substr(is_anchored ? 1 : 0), cost};
  auto by = replacement{state, subject, m};
  auto made = std::string{};
  auto at = std::size_t{0};
  auto last = std::string_view::npos;
  auto count = lua_Integer{0};
  while (count < most) {
    auto end = m.match_at(at);
    if (end && *end != last) {
      ++count;
      by.append(made, at, *end);
      at = last = *end;
    } else if (at < subject.size()) {
      made += subject[at++];
    } else {
      break;
    }
    if (is_anchored)
      break;
  }
  if (at < subject.size())
    made += subject.substr(at);
  push_text(state, made);
  lua_pushinteger(state, count);
  return 2;
}

int repeat(lua_State* state) {
  auto text = check_text(state, 1);
  auto times = luaL_checkinteger(state, 2);
  auto separator = lua_isnoneornil(state, 3) ? std::string_view{} : check_text(state, 3);
  auto& m = machine::of(state);
  auto piece = text.size() + separator.size();
  if (times <= 0 || piece == 0) {
    push_text(state, "");
    return 1;
  }
  // Refused before it is made.
  if (static_cast<std::uint64_t>(times) > static_cast<std::uint64_t>(m.budget()) / piece)
    throw out_of_steps{};
  auto made = std::string{};
  made.reserve(piece * static_cast<std::size_t>(times));
  for (auto i = lua_Integer{0}; i < times; ++i) {
    if (i > 0)
      made += separator;
    made += text;
  }
  push_text(state, made);
  return 1;
}

int bytes(lua_State* state) {
  auto text = check_text(state, 1);
  auto size = static_cast<lua_Integer>(text.size());
  auto first = luaL_optinteger(state, 2, 1);
  auto last = luaL_optinteger(state, 3, first);
  first = first < 0 ? std::max(size + first + 1, lua_Integer{1}) : std::max(first, lua_Integer{1});
  last = last < 0 ? size + last + 1 : std::min(last, size);
  if (first > last)
    return 0;
  auto count = last - first + 1;
  if (count > limits::script_values)
    throw std::runtime_error("string slice too long");
  luaL_checkstack(state, static_cast<int>(count), "string slice too long");
  machine::of(state).spend(count);
  for (auto i = first; i <= last; ++i)
    lua_pushinteger(state, static_cast<unsigned char>(text[static_cast<std::size_t>(i) - 1]));
  return static_cast<int>(count);
}

/// Addresses are refused, and so is what would show one: the text of a table.
int format(lua_State* state) {
  auto text = check_text(state, 1);
  machine::of(state).spend(static_cast<std::int64_t>(text.size()));
  auto argument = 1;
  for (auto i = text.find('%'); i < text.size(); i = text.find('%', i + 1)) {
    i = std::min(text.find_first_not_of("-+ #0123456789.", i + 1), text.size());
    auto c = i < text.size() ? text[i] : '\0';
    if (c == '%')
      continue;
    ++argument;
    if (c == 'p')
      throw std::runtime_error("'%p' is not offered");
    if (c != 's' || argument > lua_gettop(state))
      continue;
    push_as_text(state, argument);
    lua_replace(state, argument);
  }
  return call_original(state);
}

} // namespace

void open_string(lua_State* state) {
  const luaL_Reg ours[]{
    {"find", entry<find>},       {"match", entry<match>}, {"gmatch", entry<each_match>},
    {"gsub", entry<substitute>}, {"rep", entry<repeat>},  {"byte", entry<bytes>},
    {nullptr, nullptr}};
  luaL_setfuncs(state, ours, 0);
  wrap(state, "format", entry<format>);
  // All texts share one metatable: what a program did to it would survive.
  lua_pushliteral(state, "");
  lua_getmetatable(state, -1);
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_pop(state, 2);
}

} // namespace dagger::script
