// Loads programs, binds names, calls, and takes the value out. For a program that assigns no
// global, the table of its names stays, and so do the proxies in it: binding an object is one
// pointer.
#include <dagger/script/evaluator.hpp>

#include <dagger/check.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/limits.hpp>
#include <dagger/script/library.hpp>
#include <dagger/script/source.hpp>
#include <dagger/script/tokens.hpp>
#include <dagger/script/values.hpp>

#include <algorithm>
#include <unordered_map>

namespace dagger::script {

namespace {

constexpr auto uncounted = bounds{std::int64_t{1} << 60, limits::script_memory_bytes};

/// Gives Lua a text: at once, or byte by byte to see how far it reads.
class feed {
public:
  feed(std::string_view prefix, std::string_view text, bool byte_by_byte)
    : parts_{prefix, text},
      byte_by_byte_(byte_by_byte) {}

  static const char* next(lua_State*, void* self, std::size_t* size) {
    return static_cast<feed*>(self)->take(*size);
  }

  /// How much of the text was read.
  std::size_t taken() const {
    return taken_;
  }

private:
  const char* take(std::size_t& size) {
    if (part_ < 2 && parts_[part_].empty())
      ++part_;
    if (part_ < 2 && parts_[part_].empty())
      ++part_;
    if (part_ == 2) {
      size = 0;
      ++taken_; // Lua looks one character ahead, here the end
      return nullptr;
    }
    auto& left = parts_[part_];
    size = byte_by_byte_ ? 1 : left.size();
    const auto* from = left.data();
    left.remove_prefix(size);
    if (part_ == 1)
      taken_ += size;
    return from;
  }

  std::string_view parts_[2];
  bool byte_by_byte_;
  int part_ = 0;
  std::size_t taken_ = 0;
};

std::string_view prefix_of(form what) {
  return what == form::expression ? "return " : "";
}

/// The beginning of the word in which Lua stopped, after having read `taken` bytes; it looks one
/// character ahead.
position stopped_at(std::string_view text, std::size_t taken, std::string_view message) {
  auto end = taken > 0 ? taken - 1 : 0;
  auto words = tokens{text};
  auto last = words.current();
  while (words.current().what != token::kind::end && words.current().offset < end) {
    last = words.current();
    words.next();
  }
  auto is_at_end = message.ends_with("near <eof>") && !message.starts_with("unfinished");
  return words.place_of(is_at_end ? text.size() : last.offset);
}

bool is_code(std::string_view x) {
  return !x.empty() && x.size() <= 128 && std::ranges::all_of(x, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
        || c == '.' || c == '-';
  });
}

std::string cut(std::string_view message) {
  return to_valid_utf8(message.substr(0, limits::error_bytes));
}

/// The text of a raw member of the table on top, if it has one.
std::optional<std::string> text_member(lua_State* state, const char* name) {
  lua_pushstring(state, name);
  auto is_text = lua_rawget(state, -2) == LUA_TSTRING;
  auto x = is_text ? std::optional{std::string{text_at(state, -1)}} : std::nullopt;
  lua_pop(state, 1);
  return x;
}

} // namespace

struct evaluator::impl {
  /// A name that a program reads, as its table of names holds it now.
  struct bound_name {
    std::string name;
    proxy* object = nullptr;
    int object_ref = LUA_NOREF;
    enum class state : std::uint8_t { fresh, absent, object, scalar } now = state::fresh;
  };

  /// A program that this state has compiled.
  struct loaded {
    std::shared_ptr<const program::impl> source;
    int function = LUA_NOREF;
    int names = LUA_NOREF;
    std::vector<bound_name> slots;
  };

  impl() {
    auto is_open = m.protect([&](lua_State* state) {
      open_values(state);
      push_offered(state);
      offered = luaL_ref(state, LUA_REGISTRYINDEX);
    });
    dagger::check(is_open, "Lua does not open its libraries");
    m.collect();
  }

  /// Pushes the compiled text, or returns what is wrong with it.
  std::optional<error> compile(lua_State* state, std::string_view text, form what,
                               const place& at) {
    auto from = feed{prefix_of(what), text, false};
    if (lua_load(state, feed::next, &from, chunk_name, "t") == LUA_OK)
      return {};
    auto why = locate(text_at(state, -1));
    auto again = feed{prefix_of(what), text, true};
    lua_load(state, feed::next, &again, chunk_name, "t");
    auto where = place{at.file, in_file(at, stopped_at(text, again.taken(), why.message))};
    return error{code::invalid_input, "not Lua: " + cut(why.message), to_text(where)};
  }

  std::optional<error> check(std::string_view text, form what, const place& at) {
    auto wrong = std::optional<error>{};
    m.begin(uncounted);
    auto is_done = m.protect([&](lua_State* state) { wrong = compile(state, text, what, at); });
    if (!is_done && !wrong)
      wrong = error{code::limit, "the program is too large to compile", to_text(at)};
    return wrong;
  }

  /// The program in this state; null if there is no memory for it.
  loaded* load(const program& x) {
    auto it = cache.find(x.shared().get());
    if (it != cache.end())
      return &it->second;
    if (cache.size() >= limits::scripts_per_thread)
      forget_programs();
    auto made = loaded{x.shared(), LUA_NOREF, LUA_NOREF, {}};
    m.begin(uncounted);
    auto is_done = m.protect([&](lua_State* state) {
      dagger::check(!compile(state, made.source->text, made.source->what, made.source->at),
                    "a program that was compiled does not compile");
      if (!made.source->writes) {
        lua_newtable(state);
        lua_pushvalue(state, -1);
        made.names = luaL_ref(state, LUA_REGISTRYINDEX);
        lua_setupvalue(state, -2, 1);
      }
      made.function = luaL_ref(state, LUA_REGISTRYINDEX);
      for (const auto& name : made.source->names) {
        auto& slot = made.slots.emplace_back();
        slot.name = name;
        slot.object = push_proxy(state, proxy::kind::value);
        slot.object_ref = luaL_ref(state, LUA_REGISTRYINDEX);
      }
    });
    if (!is_done)
      return nullptr;
    return &cache.emplace(x.shared().get(), std::move(made)).first->second;
  }

  void forget_programs() {
    for (auto& [key, x] : cache) {
      luaL_unref(m.state(), LUA_REGISTRYINDEX, x.function);
      luaL_unref(m.state(), LUA_REGISTRYINDEX, x.names);
      for (auto& slot : x.slots)
        luaL_unref(m.state(), LUA_REGISTRYINDEX, slot.object_ref);
    }
    cache.clear();
    m.collect();
  }

  /// Lets a name mean what the scope says, else what the sandbox offers; the table of names is on
  /// top of the stack. All names that a program can read are known, so there is no other way in.
  void bind(lua_State* state, bound_name& to, const scope::entry* x) const {
    auto is_object = x && (x->inner || x->value->is_structured());
    if (is_object) {
      to.object->what = x->inner ? proxy::kind::group : proxy::kind::value;
      if (x->inner)
        to.object->group = x->inner;
      else
        to.object->value = x->value;
      if (to.now != bound_name::state::object) {
        lua_rawgeti(state, LUA_REGISTRYINDEX, to.object_ref);
        lua_setfield(state, -2, to.name.c_str());
      }
      to.now = bound_name::state::object;
    } else if (x) {
      push_entry(state, x);
      lua_setfield(state, -2, to.name.c_str());
      to.now = bound_name::state::scalar;
    } else if (to.now != bound_name::state::absent) {
      lua_rawgeti(state, LUA_REGISTRYINDEX, offered);
      lua_getfield(state, -1, to.name.c_str());
      lua_setfield(state, -3, to.name.c_str());
      lua_pop(state, 1);
      to.now = bound_name::state::absent;
    }
  }

  /// Pushes the program's function with all its names bound.
  void push_bound(lua_State* state, loaded& x, const scope& names) const {
    lua_rawgeti(state, LUA_REGISTRYINDEX, x.function);
    if (x.source->writes)
      lua_newtable(state);
    else
      lua_rawgeti(state, LUA_REGISTRYINDEX, x.names);
    for (auto& slot : x.slots) {
      if (x.source->writes)
        slot.now = bound_name::state::fresh;
      bind(state, slot, names.find(slot.name));
    }
    if (x.source->writes)
      lua_setupvalue(state, -2, 1);
    else
      lua_pop(state, 1);
  }

  /// What the error value on top of the stack says.
  error failure(lua_State* state, const program::impl& source) const {
    auto code = std::string{code::exception};
    auto said = located{};
    if (lua_type(state, -1) == LUA_TSTRING) {
      said = locate(text_at(state, -1));
    } else if (lua_istable(state, -1)) {
      said.message = text_member(state, "message").value_or("an error table without a message");
      if (auto given = text_member(state, "code"); given && is_code(*given))
        code = std::move(*given);
    } else {
      said.message = "an error value of type " + std::string{luaL_typename(state, -1)};
    }
    return error{code, cut(said.message), where(source, said.line)};
  }

  static std::string where(const program::impl& source, std::optional<std::uint32_t> line) {
    if (!line || *line == 1)
      return to_text(source.at);
    auto at = in_file(source.at, {*line, 1});
    return (source.at.file.empty() ? "" : source.at.file + ":") + std::to_string(at.line);
  }

  /// Evaluates; `take` gets the value on top of the stack.
  template <class Take>
  std::optional<error> run(const program& x, const scope& names, Take&& take) {
    const auto& source = *x.shared();
    auto* entry = load(x);
    if (!entry)
      return error{code::limit, "the program is too large to compile", to_text(source.at)};
    auto wrong = std::optional<error>{};
    m.begin(source.most);
    auto is_done = m.protect([&](lua_State* state) {
      try {
        push_bound(state, *entry, names);
        if (lua_pcall(state, 0, 1, 0) == LUA_OK)
          take(state);
        else
          wrong = failure(state, source);
      } catch (const out_of_steps&) {
        m.exceed(machine::exceeded::instructions);
      } catch (const error& why) {
        wrong = error{why.code, why.message, to_text(source.at), why.hint};
      }
    });
    m.end();
    if (m.what_exceeded() != machine::exceeded::nothing)
      return error{code::limit, m.excess_message(), wrong ? wrong->where : to_text(source.at)};
    if (!is_done)
      return error{code::exception, "Lua gave up", to_text(source.at)};
    return wrong;
  }

  machine m;
  std::unordered_map<const program::impl*, loaded> cache;
  int offered = LUA_NOREF;
};

evaluator::evaluator() : impl_(std::make_unique<impl>()) {}

evaluator::~evaluator() = default;

evaluator& evaluator::of_this_thread() {
  thread_local evaluator mine;
  return mine;
}

result<json> evaluator::evaluate(const program& x, const scope& names) {
  auto value = json{};
  if (auto wrong = impl_->run(x, names, [&](lua_State* state) { value = to_json(state, -1); }))
    return fail(std::move(*wrong));
  return value;
}

result<bool> evaluator::test(const program& x, const scope& names) {
  auto value = false;
  auto take = [&](lua_State* state) {
    value = lua_toboolean(state, -1) != 0 && !lua_islightuserdata(state, -1);
  };
  if (auto wrong = impl_->run(x, names, take))
    return fail(std::move(*wrong));
  return value;
}

void make_list_if_empty(json& x) {
  if (x.is_object() && x.empty())
    x = json::array();
}

std::optional<error> evaluator::check(std::string_view text, form what, const place& at) {
  return impl_->check(text, what, at);
}

} // namespace dagger::script
