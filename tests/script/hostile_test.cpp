// Programs that mean harm, or are broken: each ends within its bounds, and the state that ran it
// works on.
#include "evaluating.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace evaluating;

const auto too_long = std::string{"limit: needs more than 1000000 instructions"};
const auto too_large = std::string{"limit: needs more than 16384 KiB of memory [flow.yaml:7:11]"};

/// Runs it, and then something harmless in the same state.
std::string end_of(const std::string& text, const json& names = json::object()) {
  auto how = failure_of(text, names);
  EXPECT_EQ(value_of("('still'):upper() .. #{1, 2}"), "STILL2");
  return how.substr(0, how.find(" [flow"));
}

TEST(script_hostile, endless_programs_end) {
  for (
    auto text : {
      "while true do end",
      "for i = 1, 1e18 do end",
      "::top:: goto top",
      "repeat until false",
      "local function f() return f() end f()",
      "while true do pcall(function() while true do end end) end",
      "pcall(function() while true do end end) return 'went on'",
      "pcall(function() while true do end end) while true do end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "xpcall(error, function() while true do end end)",
      "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) pcall(function()"
      " return t[1] end) while true do end",
      "local t = setmetatable({}, {__close = function() while true do end end})\n"
      "do local x <close> = t error('x') end",
      "do local x <close> = setmetatable({}, {__close = function() while true do end end})\n"
      "while true do end end",
      "setmetatable({}, {__len = function() while true do end end}) local t = setmetatable({},"
      "{__lt = function() while true do end end}) return t < t",
      "return ('x'):gsub('x', function() while true do end end)",
      "table.sort({1, 2, 3}, function() while true do end end)",
      "return {n = setmetatable({}, {__tostring = function() while true do end end})},"
      " tostring(setmetatable({}, {__tostring = function() while true do end end}))",
      "return ('x'):rep(1e9)",
      "return ('x'):rep(1e18)",
      "return (''):rep(1e18) .. ('ab'):rep(9223372036854775807)",
      "return (''):rep(10, ('x'):rep(200000))",
      "local s = ('x'):rep(1000) while true do local t = s .. s end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do table.concat(t) end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do table.insert(t, 1, i) "
      "table.remove(t, 1) end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do table.move(t, 1, 1000, 2) end",
      "table.move({}, 1, 1 << 62, 2)",
      "return table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 62)",
      "table.insert(setmetatable({}, {__len = function() return 1 << 62 end}), 1, 1)",
      "local s = ('x'):rep(1000) while true do s:byte(1, 1000) end",
      "local s = ('x'):rep(100000) while true do utf8.len(s) end",
      "local s = ('1'):rep(100000) while true do tonumber(s, 10) end",
      "local s = ('x'):rep(100000) while true do s:find('y', 1, true) end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do next(t) end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do pairs(t) end",
      "local t = {} for i = 1, 1000 do t[i] = i end while true do json.encode(t) end",
      "local s = '[' .. ('1,'):rep(1000) .. '1]' while true do json.decode(s) end",
      "local t = {1} for i = 1, 40 do t = {t, t} end return t",
    })
    EXPECT_EQ(end_of(text), too_long) << text;
}

TEST(script_hostile, memory_is_bounded) {
  for (auto text : {
         "local t = {} for i = 1, 1e9 do t[i] = {} end",
         "local t = {} while true do t = {t} end",
         "local function f(n) return 1 + f(n + 1) end return f(1)",
         "local t = {} pcall(function() for i = 1, 1e9 do t[i] = {} end end) return #t",
         "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
       })
    EXPECT_EQ(failure_of(text, {}, form::chunk, {1'000'000'000, 16 << 20}), too_large) << text;
  // With instructions enough, texts and what is decoded count as memory.
  auto most = bounds{1'000'000'000, 4 << 20};
  auto wanted = std::string{"limit: needs more than 4096 KiB of memory [flow.yaml:7:11]"};
  EXPECT_EQ(failure_of("local s = 'x' while true do s = s .. s end", {}, form::chunk, most),
            wanted);
  EXPECT_EQ(failure_of("return ('x'):rep(5000000)", {}, form::chunk, most), wanted);
  EXPECT_EQ(failure_of("local t = {} for i = 1, 1e6 do t[i] = json.decode('[1,2,3]') end", {},
                       form::chunk, most),
            wanted);
  // Garbage is no memory.
  EXPECT_EQ(
    failure_of("for i = 1, 100000 do local t = {i, i, i} end return 'ok'", {}, form::chunk, most),
    "\"ok\"");
}

TEST(script_hostile, bounds_can_be_chosen) {
  EXPECT_EQ(failure_of("for i = 1, 200 do end return 'ok'", {}, form::chunk, {1'000, 1 << 20}),
            "\"ok\"");
  EXPECT_EQ(failure_of("for i = 1, 2000 do end", {}, form::chunk, {1'000, 1 << 20}),
            "limit: needs more than 1000 instructions [flow.yaml:7:11]");
  EXPECT_EQ(failure_of("for i = 1, 30 do end", {}, form::chunk, {10, 1 << 20}),
            "limit: needs more than 10 instructions [flow.yaml:7:11]");
  EXPECT_EQ(
    failure_of("for i = 1, 5000000 do end return 'ok'", {}, form::chunk, {10'000'000, 1 << 20}),
    "\"ok\"");
  EXPECT_EQ(failure_of("\nwhile true do\nend"),
            "limit: needs more than 1000000 instructions [flow.yaml:8]");
}

TEST(script_hostile, deep_recursion_is_an_error) {
  EXPECT_EQ(end_of("local function f(s) return (s:gsub('x', f)) end return f('x')"),
            "exception: C stack overflow");
  EXPECT_EQ(end_of("local f f = function(a, b) table.sort({1, 2}, f) return true end f()"),
            "exception: C stack overflow");
  EXPECT_EQ(end_of("local t = {} t.t = t return t"),
            "invalid_output: the result: is nested deeper than 128 levels, or contains itself");
  EXPECT_EQ(end_of("local t = {} t.t = t return json.encode(t)"),
            "exception: the result: is nested deeper than 128 levels, or contains itself");
  EXPECT_EQ(end_of("return json.decode(('['):rep(1000))").substr(0, 32),
            "exception: JSON is nested deeper");
  EXPECT_EQ(end_of("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x"),
            "exception: '__index' chain too long; possible loop");
  EXPECT_EQ(end_of("return tostring(setmetatable({}, {__tostring = tostring}))"),
            "exception: C stack overflow");
}

TEST(script_hostile, calls_pass_on_few_values) {
  EXPECT_EQ(end_of("local t = {} for i = 1, 5000 do t[i] = i end return table.unpack(t)"),
            "exception: too many results to unpack");
  EXPECT_EQ(end_of("return table.unpack({}, 1, 1 << 62)"), too_long);
  EXPECT_EQ(end_of("local s = ('x'):rep(5000) return s:byte(1, -1)"),
            "exception: string slice too long");
  EXPECT_EQ(end_of("local function f(...) return f(1, ...) end f()"),
            "exception: more than 4096 values in one call");
  EXPECT_EQ(end_of("local s = ('x'):rep(5000) return utf8.codepoint(s, 1, -1)"),
            "exception: too many results");
}

TEST(script_hostile, nothing_leads_outside) {
  for (auto name : {"load",
                    "loadstring",
                    "loadfile",
                    "dofile",
                    "require",
                    "package",
                    "io",
                    "os",
                    "debug",
                    "coroutine",
                    "collectgarbage",
                    "print",
                    "warn",
                    "_G",
                    "math.random",
                    "math.randomseed",
                    "string.dump",
                    "string.pack",
                    "string.unpack",
                    "getmetatable('').__index"})
    EXPECT_TRUE(end_of("return " + std::string{name} + " == nil") == "true"
                || end_of("return " + std::string{name}).find("attempt to index") < 50)
      << name;
  EXPECT_EQ(end_of("return {getmetatable(''), getmetatable(inputs), getmetatable(math)}",
                   {{"inputs", {{"a", 1}}}}),
            "[false,false,false]");
  EXPECT_EQ(end_of("setmetatable({}, {__gc = function() end})"),
            "exception: '__gc' is not offered");
  EXPECT_EQ(end_of("setmetatable({}, {__mode = 'k'})"), "exception: '__mode' is not offered");
}

TEST(script_hostile, no_address_is_shown) {
  auto no_text = std::string{"exception: a table has no text; json.encode writes a value as JSON"};
  EXPECT_EQ(end_of("return tostring({})"), no_text);
  EXPECT_EQ(end_of("return string.format('%s', {})"), no_text);
  EXPECT_EQ(end_of("return string.format('%d %-5s', 1, {})"), no_text);
  EXPECT_EQ(end_of("return tostring(inputs)", {{"inputs", {{"a", 1}}}}), no_text);
  EXPECT_EQ(end_of("return tostring(type)"),
            "exception: a function has no text; json.encode writes a value as JSON");
  EXPECT_EQ(end_of("return string.format('%p', {})"), "exception: '%p' is not offered");
  EXPECT_EQ(end_of("return string.format('%5p', 'x')"), "exception: '%p' is not offered");
  EXPECT_EQ(end_of("return tostring(setmetatable({}, {__name = 'mine'}))"), no_text);
  EXPECT_EQ(end_of("return tostring(setmetatable({}, {__tostring = function() return {} end}))"),
            "exception: '__tostring' must return a string");
  EXPECT_EQ(end_of("return 'x' .. {}"), "exception: attempt to concatenate a table value");
  EXPECT_EQ(end_of("return #type"), "exception: attempt to get length of a function value (global "
                                    "'type')");
  EXPECT_EQ(end_of("return string.format('%q', {})"),
            "exception: bad argument #2 to 'format' (value has no literal form)");
}

TEST(script_hostile, the_same_program_ends_the_same_way) {
  for (auto text : {"local t = {} for i = 1, 1e9 do t[i] = 'x' .. i end",
                    "local n = 0 pcall(function() while true do n = n + 1 end end) return n",
                    "local s = {} for k, v in pairs({a = 1, b = 2, [1] = 3}) do s[#s + 1] = k end "
                    "return s"}) {
    auto first = failure_of(text);
    for (auto i = 0; i < 5; ++i)
      EXPECT_EQ(failure_of(text), first);
  }
}

} // namespace
