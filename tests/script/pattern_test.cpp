// Our patterns beside Lua's own: the same answers on random patterns and subjects, and an end where
// Lua's go on for ever.
#include "evaluating.hpp"

#include <gtest/gtest.h>

#include <lua.hpp>

#include <cstdlib>
#include <memory>
#include <random>
#include <string>

namespace {

using namespace evaluating;

std::uint64_t seed() {
  const auto* given = std::getenv("DAGGER_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20'261'201;
}

/// What is run in both: one text that says all that the call returned, or its error.
const auto calls = std::string{R"(
  local function show(ok, ...)
    local all = table.pack(...)
    for i = 1, all.n do all[i] = tostring(all[i]) end
    return tostring(ok) .. ' ' .. table.concat(all, ' ', 1, all.n)
  end
  local function each(...)
    local all = {}
    for a, b in string.gmatch(...) do
      all[#all + 1] = tostring(a) .. '/' .. tostring(b)
      if #all > 50 then break end
    end
    return table.concat(all, ' ')
  end
  return show(pcall(string.find, subject, pattern, from)) .. '; '
      .. show(pcall(string.match, subject, pattern, from)) .. '; '
      .. show(pcall(each, subject, pattern)) .. '; '
      .. show(pcall(string.gsub, subject, pattern, by, most)) .. '; '
      .. show(pcall(string.gsub, subject, pattern, function(a, b) return b end)))"};

/// The answer of Lua's own library.
std::string reference(const json& names) {
  auto state = std::unique_ptr<lua_State, decltype(&lua_close)>{luaL_newstate(), &lua_close};
  luaL_openlibs(state.get());
  for (const auto& [name, value] : names.items()) {
    if (value.is_string())
      lua_pushlstring(state.get(), value.get_ref<const std::string&>().data(),
                      value.get_ref<const std::string&>().size());
    else
      lua_pushinteger(state.get(), value.get<int>());
    lua_setglobal(state.get(), name.c_str());
  }
  if (luaL_loadbuffer(state.get(), calls.data(), calls.size(), "=lua") != LUA_OK
      || lua_pcall(state.get(), 0, 1, 0) != LUA_OK)
    return std::string{"error: "} + lua_tostring(state.get(), -1);
  return lua_tostring(state.get(), -1);
}

template <std::size_t N>
std::string random_text(std::mt19937_64& chance, const char* (&parts)[N], std::size_t most) {
  auto made = std::string{};
  for (auto n = chance() % (most + 1); n > 0; --n)
    made += parts[chance() % N];
  return made;
}

TEST(script_patterns, answer_as_lua_does) {
  const char* of_patterns[] = {
    "a",   "b", "c", ".", "%a", "%d",   "%s",   "%W", "[ab]", "[^a]", "[a-c]", "[%w_]",
    "[]]", "*", "+", "-", "?",  "(",    ")",    "()", "%1",   "%2",   "%b()",  "%f[%w]",
    "^",   "$", "%", "[", "%.", "(a*)", "(.-)", "%x", "%u",   "%p",   "%c",    "%g"};
  const char* of_subjects[] = {"a", "b", "c", "1", " ", "(", ")", "A", ".", "_", "ab", "]", "-"};
  const char* of_replacements[] = {"%0", "%1", "%2", "%%", "x", "%", "%a"};
  std::printf("seed %llu (DAGGER_SEED)\n", static_cast<unsigned long long>(seed()));
  auto chance = std::mt19937_64{seed()};
  auto x = program::compile(calls, {}, form::chunk);
  ASSERT_TRUE(x);
  auto matches = 0;
  for (auto round = 0; round < 6'000; ++round) {
    auto names = json{{"subject", random_text(chance, of_subjects, 12)},
                      {"pattern", random_text(chance, of_patterns, 5)},
                      {"from", static_cast<int>(chance() % 9) - 4},
                      {"by", random_text(chance, of_replacements, 3)},
                      {"most", static_cast<int>(chance() % 6) - 1}};
    auto ours = evaluator::of_this_thread().evaluate(*x, scope_of(names));
    ASSERT_TRUE(ours) << names << to_string(ours.error());
    ASSERT_EQ(ours->get<std::string>(), reference(names)) << names;
    matches += !ours->get<std::string>().starts_with("true nil");
  }
  // The random patterns are no noise that never matches.
  EXPECT_GT(matches, 1'500);
}

TEST(script_patterns, backtracking_ends_by_its_cost) {
  auto names = json{{"text", std::string(600, 'a')}};
  auto wanted = "limit: needs more than 1000000 instructions [flow.yaml:7:11]";
  EXPECT_EQ(failure_of("return text:find('.-.-.-.-b')", names), wanted);
  EXPECT_EQ(failure_of("return text:match('a*a*a*a*b')", names), wanted);
  EXPECT_EQ(failure_of("return text:gsub('(a*)(a*)(a*)(a*)b', '')", names), wanted);
  EXPECT_EQ(failure_of("for w in text:gmatch('.-.-.-.-b') do end", names), wanted);
  EXPECT_EQ(failure_of("for i = 1, 1e9 do pcall(string.find, text, '.-.-.-.-b') end", names),
            wanted);
  // What is usual passes.
  EXPECT_EQ(failure_of("return #text:match('^%s*(.-)%s*$')", names), "600");
  EXPECT_EQ(failure_of("return (text:rep(20, ' '):gsub('%S+', string.len)):sub(1, 7)", names),
            "\"600 600\"");
}

TEST(script_patterns, a_pattern_may_not_nest_too_deep) {
  EXPECT_EQ(failure_of("return text:find(('a?'):rep(300))", json{{"text", std::string(400, 'a')}}),
            "exception: pattern too complex [flow.yaml:7:11]");
}

} // namespace
