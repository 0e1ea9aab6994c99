// One Lua state with a meter: the wrapper around Lua's C interface. Internal to the room; the only
// header with <lua.h>.
#pragma once

#include <dagger/script/pattern.hpp>
#include <dagger/script/program.hpp>
#include <dagger/value/json.hpp>

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace dagger::script {

/// A Lua state whose instructions and bytes are counted. Lua is the build that throws C++
/// exceptions for its errors, so destructors run wherever an error passes.
class machine {
public:
  enum class exceeded : std::uint8_t { nothing, instructions, memory };

  machine();
  ~machine();
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  static machine& of(lua_State* state) {
    return **static_cast<machine**>(lua_getextraspace(state));
  }

  lua_State* state() const {
    return state_;
  }

  /// Calls `run` where errors of Lua are caught: the only place from which Lua is entered. True
  /// if all went well; if not, the error value is on top of the stack.
  template <class F>
  bool protect(F&& run) {
    lua_settop(state_, 0);
    lua_pushcfunction(state_, &trampoline<std::remove_reference_t<F>>);
    lua_pushlightuserdata(state_, std::addressof(run));
    return lua_pcall(state_, 1, 0, 0) == LUA_OK;
  }

  /// Begins an evaluation: from here on instructions and bytes are counted against `most`.
  void begin(const bounds& most);

  /// Collects all garbage, which also sets the ground from which bytes are counted.
  void collect();

  /// Ends it: what it decoded is gone.
  void end();

  exceeded what_exceeded() const {
    return exceeded_;
  }

  /// Work that no instruction stands for. Throws `out_of_steps`.
  void spend(std::int64_t n) {
    steps{budget_}.spend(n);
  }

  std::int64_t& budget() {
    return budget_;
  }

  /// From now on every instruction fails.
  void exceed(exceeded what);

  /// Keeps a value until the evaluation ends; its memory counts. Throws `out_of_steps`.
  const json& keep(json x);

  /// What an error says whose reason is `what_exceeded`.
  std::string excess_message() const;

private:
  template <class F>
  static int trampoline(lua_State* state) {
    (*static_cast<F*>(lua_touserdata(state, 1)))(state);
    return 0;
  }

  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void on_count(lua_State* state, lua_Debug* where);
  bool admit(std::size_t growth);

  lua_State* state_ = nullptr;
  std::size_t used_ = 0;
  /// What was in use after the last collection, and what may be.
  std::size_t base_ = 0;
  std::size_t limit_ = 0;
  bool collected_ = false;
  std::int64_t budget_ = 0;
  std::int64_t step_ = 0;
  exceeded exceeded_ = exceeded::nothing;
  bounds bounds_;
  std::deque<json> kept_;
  std::size_t kept_bytes_ = 0;
};

/// Raises what is on top of the stack as an error, with the place of the Lua code at this level of
/// the call stack: 1 is who called the running function.
[[noreturn]] void raise(lua_State* state, int level = 1);

/// A function of ours as Lua calls it: exceptions become errors of Lua.
template <int (*Body)(lua_State*)>
int entry(lua_State* state) {
  try {
    return Body(state);
  } catch (const out_of_steps&) {
    auto& self = machine::of(state);
    self.exceed(machine::exceeded::instructions);
    auto why = self.excess_message();
    lua_pushlstring(state, why.data(), why.size());
  } catch (const std::exception& x) {
    lua_pushstring(state, x.what());
  }
  raise(state);
}

/// The text at this index, which is a string.
inline std::string_view text_at(lua_State* state, int index) {
  auto size = std::size_t{0};
  const auto* text = lua_tolstring(state, index, &size);
  return {text, size};
}

inline void push_text(lua_State* state, std::string_view text) {
  lua_pushlstring(state, text.data(), text.size());
}

/// An estimate of what a value takes in memory; stops counting beyond `most`.
std::size_t bytes_of(const json& x, std::size_t most);

} // namespace dagger::script
