// A small condition in the sandbox, beside a bare lua_pcall of the same chunk on tables of Lua.
#include "support/bench.hpp"

#include <dagger/script/evaluator.hpp>

#include <lua.hpp>

namespace {

using namespace dagger;

constexpr auto when = "#nodes.extract.rows > inputs.limit and nodes.extract.ok";
constexpr auto rounds = 200'000;

/// Evaluations per second.
template <class F>
double rate_of(F&& evaluate) {
  auto rates = std::vector<double>{};
  for (auto i = 0; i < 7; ++i) {
    auto begin = bench::seconds();
    for (auto n = 0; n < rounds; ++n)
      evaluate();
    rates.push_back(rounds / (bench::seconds() - begin));
  }
  return bench::median(rates);
}

double bare_rate() {
  auto* lua = luaL_newstate();
  luaL_openlibs(lua);
  auto world = "nodes = {extract = {rows = {1, 2, 3}, ok = true}} inputs = {limit = 2}";
  if (luaL_dostring(lua, world)
      || luaL_loadstring(lua, (std::string{"return "} + when).c_str()) != LUA_OK)
    throw error{code::exception, "the bare condition does not compile"};
  auto rate = rate_of([&] {
    lua_pushvalue(lua, -1);
    if (lua_pcall(lua, 0, 1, 0) != LUA_OK || !lua_toboolean(lua, -1))
      throw error{code::exception, "the bare condition is not true"};
    lua_pop(lua, 1);
  });
  lua_close(lua);
  return rate;
}

} // namespace

int main() {
  auto x = script::program::compile(when);
  auto extract = json{{"rows", {1, 2, 3}}, {"ok", true}};
  auto inputs = json{{"limit", 2}};
  auto bare = bare_rate();
  auto& lua = script::evaluator::of_this_thread();
  auto rate = rate_of([&] {
    auto nodes = script::scope{};
    nodes.add("extract", extract);
    auto names = script::scope{};
    names.add("nodes", nodes);
    names.add("inputs", inputs);
    if (!lua.test(*x, names).value_or(false))
      throw error{code::exception, "the condition is not true"};
  });
  bench::print({"script", rate, "1/s", bare, 7 * rounds, {{"condition", when}}});
}
