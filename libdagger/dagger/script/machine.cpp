// The meter. Garbage is collected between evaluations, and within one only when its memory is used
// up: so the collector's moments do not show. Two traps of Lua 5.4.4: it moves its stack with a
// new block and a free, not with a realloc; a new block's old size is the kind of its object.
#include <dagger/script/machine.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace dagger::script {

namespace {

constexpr auto megabyte = std::size_t{1} << 20;
constexpr auto unlimited = std::int64_t{1} << 60;
/// Instructions between two looks at the meter.
constexpr auto stride = std::int64_t{1'000};
/// Garbage that may lie between two evaluations.
constexpr auto garbage_bytes = 4 * megabyte;
/// Strings up to 40 bytes are shared by Lua: whether one is new depends on the past.
constexpr auto shared_string_bytes = std::size_t{72};

} // namespace

machine::machine() : limit_(2 * megabyte), budget_(unlimited) {
  state_ = lua_newstate(&machine::allocate, this);
  if (!state_)
    throw std::bad_alloc{};
  *static_cast<machine**>(lua_getextraspace(state_)) = this;
  lua_gc(state_, LUA_GCSTOP);
}

machine::~machine() {
  lua_close(state_);
}

bool machine::admit(std::size_t growth) {
  if (collected_) {
    // A full collection has just run; near the limit they would follow one another.
    collected_ = false;
    budget_ -= static_cast<std::int64_t>((used_ - std::min(used_, base_)) / 16);
  }
  return used_ + growth <= limit_;
}

void* machine::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& m = *static_cast<machine*>(self);
  auto kind = block ? 0 : old_size;
  if (!block)
    old_size = 0;
  if (new_size == 0) {
    m.used_ -= old_size;
    std::free(block);
    return nullptr;
  }
  if (new_size > old_size) {
    auto growth = new_size - old_size;
    auto is_second_try = m.collected_;
    if (!m.admit(growth)) {
      // At the first refusal Lua collects its garbage and asks again.
      if (is_second_try)
        m.exceed(exceeded::memory);
      else
        m.collected_ = true;
      return nullptr;
    }
    if (kind == LUA_TSTRING && growth > shared_string_bytes)
      m.budget_ -= static_cast<std::int64_t>(growth);
    else if (kind != LUA_TSTRING)
      m.budget_ -= static_cast<std::int64_t>(growth / 64);
    if (m.budget_ < 0)
      m.exceed(exceeded::instructions);
  }
  auto* made = std::realloc(block, new_size);
  if (made)
    m.used_ += new_size - old_size;
  return made;
}

void machine::begin(const bounds& most) {
  // All that an evaluation of before has left is garbage.
  if (used_ > base_ + std::min(garbage_bytes, most.memory_bytes / 2)
      || exceeded_ != exceeded::nothing)
    collect();
  bounds_ = most;
  exceeded_ = exceeded::nothing;
  collected_ = false;
  limit_ = base_ + most.memory_bytes;
  budget_ = most.instructions;
  step_ = std::clamp(budget_, std::int64_t{1}, stride);
  lua_sethook(state_, &machine::on_count, LUA_MASKCOUNT, static_cast<int>(step_));
}

void machine::collect() {
  lua_settop(state_, 0);
  lua_gc(state_, LUA_GCCOLLECT);
  base_ = used_;
}

void machine::end() {
  kept_.clear();
  used_ -= kept_bytes_;
  kept_bytes_ = 0;
}

void machine::exceed(exceeded what) {
  if (exceeded_ != exceeded::nothing || !state_)
    return;
  exceeded_ = what;
  step_ = 1;
  lua_sethook(state_, &machine::on_count, LUA_MASKCOUNT, 1);
}

void machine::on_count(lua_State* state, lua_Debug* where) {
  auto& m = of(state);
  m.budget_ -= m.step_;
  if (m.budget_ <= 0)
    m.exceed(exceeded::instructions);
  if (m.exceeded_ != exceeded::nothing) {
    push_text(state, m.excess_message());
    raise(state, 0);
  }
  // A call copies its values without being counted for each of them.
  if (lua_getlocal(state, where, -limits::script_values - 1)) {
    lua_pop(state, 1);
    lua_pushfstring(state, "more than %d values in one call", limits::script_values);
    raise(state, 0);
  }
}

const json& machine::keep(json x) {
  auto size = bytes_of(x, limit_ - std::min(used_, limit_) + 1);
  if (used_ + size > limit_) {
    exceed(exceeded::memory);
    throw out_of_steps{};
  }
  used_ += size;
  kept_bytes_ += size;
  return kept_.emplace_back(std::move(x));
}

std::string machine::excess_message() const {
  if (exceeded_ == exceeded::memory)
    return "needs more than " + std::to_string(bounds_.memory_bytes / 1024) + " KiB of memory";
  return "needs more than " + std::to_string(bounds_.instructions) + " instructions";
}

void raise(lua_State* state, int level) {
  luaL_where(state, level);
  lua_insert(state, -2);
  lua_concat(state, 2);
  lua_error(state);
  std::abort(); // lua_error does not return, its declaration does not say so
}

std::size_t bytes_of(const json& x, std::size_t most) {
  auto sum = sizeof(json);
  if (x.is_string()) {
    sum += x.get_ref<const std::string&>().size();
  } else if (x.is_array()) {
    for (auto it = x.begin(); it != x.end() && sum <= most; ++it)
      sum += bytes_of(*it, most - sum);
  } else if (x.is_object()) {
    for (auto it = x.begin(); it != x.end() && sum <= most; ++it)
      sum += 64 + it.key().size() + bytes_of(*it, most - std::min(sum, most));
  }
  return sum;
}

} // namespace dagger::script
