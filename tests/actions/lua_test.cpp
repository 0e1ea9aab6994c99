// The agent `lua`.
#include "acting.hpp"

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using test::acting;

TEST(lua_agent, inputs_are_globals_and_the_table_is_the_output) {
  auto it = acting{};
  EXPECT_EQ(
    it.run("lua",
           {{"script", "return {sum = a + b.c, list = array()}"}, {"a", 1}, {"b", {{"c", 2}}}}),
    json({{"sum", 3}, {"list", json::array()}}));
  EXPECT_EQ(it.run("lua", {{"script", "x = 1"}}), json::object());
}

TEST(lua_agent, what_goes_wrong_says_where) {
  auto it = acting{};
  EXPECT_EQ(it.failure("lua", {{"script", "local x\nreturn x.y"}}),
            "exception: script:2: attempt to index a nil value (local 'x')");
  EXPECT_EQ(it.failure("lua", {{"script", "return +"}}),
            "invalid_input: script:1:8: not Lua: unexpected symbol near '+'");
  EXPECT_EQ(it.failure("lua", {{"script", "while true do end"}}),
            "limit: script:1:1: needs more than 1000000 instructions");
  EXPECT_EQ(it.failure("lua", {{"script", "error({code = 'payment.declined', message = 'no'})"}}),
            "payment.declined: script:1:1: no");
  EXPECT_EQ(it.failure("lua", {{"script", "return 5"}}),
            "invalid_output: the script must return a table with names, {result = ...}, and "
            "returned number");
}

} // namespace
