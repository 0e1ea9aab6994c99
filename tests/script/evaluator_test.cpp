// What expressions and chunks mean: a table of texts and results, and what the sandbox keeps out.
#include "evaluating.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace evaluating;

const json world = json::parse(R"({
  "inputs": {"limit": null, "name": "Ada", "rows": [10, 20, null, 40], "none": [], "empty": {},
             "big": 18446744073709551615, "big2": 9223372036854775808, "whole": 3.0, "part": 2.5,
             "deep": {"a": {"b": [{"c": "found"}]}}, "yes": true, "no": false},
  "n": 5, "type_name": "x", "text": "abc", "nothing": null})");

std::string shown(const std::string& text) {
  return failure_of(text, world, form::expression);
}

/// Expressions over `world`, and their values as JSON text.
const std::vector<std::pair<std::string, std::string>> results{
  {"1 + 2", "3"},
  {"7 // 2", "3"},
  {"10 / 2", "5"},
  {"10 / 4", "2.5"},
  {"2^53", "9007199254740992"},
  {"1e300", "1e+300"},
  {"inputs.limit or 100", "100"},
  {"inputs.missing", "null"},
  {"inputs.missing == nil", "true"},
  {"inputs.limit == nil", "true"},
  {"nothing == nil", "true"},
  {"unknown == nil", "true"},
  {"inputs.name .. '!'", "\"Ada!\""},
  {"#inputs.rows", "4"},
  {"#inputs.none + #inputs.empty", "0"},
  {"inputs.rows[1]", "10"},
  {"inputs.rows[4]", "40"},
  {"inputs.rows[0]", "null"},
  {"inputs.rows[5]", "null"},
  {"inputs.rows[3] == nil", "true"},
  {"inputs.rows[2.0]", "20"},
  {"inputs.rows['1']", "null"},
  {"inputs.rows", "[10,20,null,40]"},
  {"inputs.deep.a.b[1].c", "\"found\""},
  {"inputs.deep.a", "{\"b\":[{\"c\":\"found\"}]}"},
  {"{x = inputs.deep.a.b, y = {inputs.n}}", "{\"x\":[{\"c\":\"found\"}],\"y\":{}}"},
  {"inputs.whole", "3"},
  {"inputs.whole .. ''", "\"3\""},
  {"inputs.part * 2", "5"},
  {"inputs.big", "18446744073709551615"},
  {"{inputs.big, inputs.big2}", "[18446744073709551615,9223372036854775808]"},
  {"inputs.big > inputs.big2", "true"},
  {"inputs.big == inputs.big2", "false"},
  {"inputs.big > 5 and 5 < inputs.big", "true"},
  {"tostring(inputs.big)", "\"18446744073709551615\""},
  {"'id-' .. inputs.big", "\"id-18446744073709551615\""},
  {"inputs.big2 / 2", "4611686018427387904"},
  {"type(inputs.big)", "\"number\""},
  {"{}", "{}"},
  {"array()", "[]"},
  {"array(1, null, 'x')", "[1,null,\"x\"]"},
  {"{1, null, 3}", "[1,null,3]"},
  {"null", "null"},
  {"nil", "null"},
  {"{a = null}", "{\"a\":null}"},
  {"{a = nil}", "{}"},
  {"{a = array(), b = {}}", "{\"a\":[],\"b\":{}}"},
  {"n > 3 and 'many' or 'few'", "\"many\""},
  {"text:upper()", "\"ABC\""},
  {"('x'):rep(3, '-')", "\"x-x-x\""},
  {"text:find('b', 1, true)", "2"},
  {"('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "\"key\""},
  {"('  trim  '):gsub('^%s*(.-)%s*$', '%1')", "\"trim\""},
  {"('a,b'):gsub(',', {[','] = ';'})", "\"a;b\""},
  {"('abc'):gsub('%w', function(c) return c .. c end)", "\"aabbcc\""},
  {"('$x'):gsub('%$(%w+)', {x = 1})", "\"1\""},
  {"string.format('%5.2f|%d|%s|%s|%%|%q', 1.5, 3, 'x', true, 'q')",
   "\" 1.50|3|x|true|%|\\\"q\\\"\""},
  {"table.concat({1, 2, 3}, '+')", "\"1+2+3\""},
  {"table.concat(inputs.rows, ',', 1, 2)", "\"10,20\""},
  {"select('#', table.unpack({1, 2, 3}))", "3"},
  {"math.type(1)", "\"integer\""},
  {"math.max(1, 5, 3)", "5"},
  {"math.maxinteger", "9223372036854775807"},
  {"utf8.len('äöü')", "3"},
  {"utf8.char(228, 8364)", "\"ä€\""},
  {"type(inputs)", "\"table\""},
  {"type(null)", "\"null\""},
  {"type(math)", "\"table\""},
  {"type('x') .. type(1) .. type(nil) .. type(print)", "\"stringnumbernilnil\""},
  {"tostring(null) .. tostring(nil) .. tostring(1.5) .. tostring(false)", "\"nullnil1.5false\""},
  {"json.encode({b = 1, a = {1, 2}})", "\"{\\\"a\\\":[1,2],\\\"b\\\":1}\""},
  {"json.decode('{\"a\": [1, {\"b\": null}]}').a[1]", "1"},
  {"json.decode('[]')", "[]"},
  {"json.decode('18446744073709551615')", "18446744073709551615"},
  {"next(inputs.empty) == nil and next(inputs.none) == nil", "true"},
  {"next({b = 1, a = 2})", "\"a\""},
  {"rawlen({1, 2}) + rawlen('abc')", "5"},
  {"tonumber('0x10') + tonumber('z', 36)", "51"},
  {"-- a comment\n inputs.name -- and another", "\"Ada\""},
  {"(function(...) return select('#', ...) end)(1, nil, 3)", "3"},
};

TEST(script, expressions_have_these_values) {
  for (const auto& [text, wanted] : results)
    EXPECT_EQ(shown(text), wanted) << text;
}

TEST(script, what_goes_wrong_says_where) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"inputs.missing.x", "exception: attempt to index a nil value (field 'missing') "
                         "[flow.yaml:7:11]"},
    {"inputs + 1", "exception: attempt to perform arithmetic on a table value (global 'inputs') "
                   "[flow.yaml:7:11]"},
    {"inputs.big + {}", "exception: attempt to perform arithmetic on a table value "
                        "[flow.yaml:7:11]"},
    {"('n=5'):gsub('%w+', world)",
     "exception: bad argument #2 to 'gsub' (string/function/table expected, got nil) "
     "[flow.yaml:7:11]"},
    {"0/0", "invalid_output: the result: nan is no JSON number [flow.yaml:7:11]"},
    {"{a = {1, -math.huge}}",
     "invalid_output: the result.a[2]: infinity is no JSON number [flow.yaml:7:11]"},
    {"{1, 2, x = 3}", "invalid_output: the result: a table is either a list (keys 1, 2, ...) or "
                      "has names as keys, this one has other keys [flow.yaml:7:11]"},
    {"{[true] = 1}", "invalid_output: the result: a table is either a list (keys 1, 2, ...) or "
                     "has names as keys, this one has other keys [flow.yaml:7:11]"},
    {"{1, nil, 3}",
     "invalid_output: the result: a list with holes: its last index is 3, but it has 2 elements; "
     "write null where nothing is [flow.yaml:7:11]"},
    {"{f = type}", "invalid_output: the result.f: a function is no JSON value [flow.yaml:7:11]"},
    {"math", "invalid_output: the result: a library is no JSON value [flow.yaml:7:11]"},
    {"'\\xff'", "invalid_output: the result: text is not UTF-8, byte 1 is the first that is not "
                "[flow.yaml:7:11]"},
    {"{['\\xff'] = 1}",
     "invalid_output: the result: a member's name is not UTF-8 [flow.yaml:7:11]"},
    {"json.decode('[1,')", "exception: not JSON: syntax error while parsing value - unexpected end "
                           "of input; expected '[', '{', or a literal at 1:4 [flow.yaml:7:11]"},
    {"error({code = 'payment.declined', message = 'no'})", "payment.declined: no [flow.yaml:7:11]"},
    {"error({})", "exception: an error table without a message [flow.yaml:7:11]"},
    {"error()", "exception: an error value of type nil [flow.yaml:7:11]"},
    {"error('plain', 0)", "exception: plain [flow.yaml:7:11]"},
    {"error('plain')", "exception: plain [flow.yaml:7:11]"},
  };
  for (const auto& [text, wanted] : table)
    EXPECT_EQ(shown(text), wanted) << text;
  EXPECT_EQ(failure_of("local x = {}\n\nreturn x.y.z"),
            "exception: attempt to index a nil value (field 'y') [flow.yaml:9]");
}

TEST(script, a_syntax_error_is_found_at_load_with_its_place) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"1 +", "invalid_input: not Lua: unexpected symbol near <eof> [flow.yaml:7:14]"},
    {"inputs.x and and 3", "invalid_input: not Lua: unexpected symbol near 'and' [flow.yaml:7:24]"},
    {"(1 + 2", "invalid_input: not Lua: ')' expected near <eof> [flow.yaml:7:17]"},
    {"x y", "invalid_input: not Lua: <eof> expected near 'y' [flow.yaml:7:13]"},
    {"'open", "invalid_input: not Lua: unfinished string near <eof> [flow.yaml:7:11]"},
    {"1,\n2", "invalid_input: an expression is one value; it should end before ',' "
              "[flow.yaml:7:12]"},
    {"", "invalid_input: the expression is empty [flow.yaml:7:11]"},
    {"-- nothing", "invalid_input: the expression is empty [flow.yaml:7:21]"},
    {"_ENV.x", "invalid_input: '_ENV' is not offered [flow.yaml:7:15]"},
    {"x = 1", "invalid_input: not Lua: <eof> expected near '=' [flow.yaml:7:13]"},
    {"a\n  @ b", "invalid_input: not Lua: <eof> expected near '@' [flow.yaml:8:13]"},
    {"\x1bLua", "invalid_input: not Lua: unexpected symbol near '<\\27>' [flow.yaml:7:11]"},
  };
  for (const auto& [text, wanted] : table)
    EXPECT_EQ(failure_of(text, {}, form::expression), wanted) << text;
  EXPECT_EQ(failure_of("local a = 1\nreturn a +* 2"),
            "invalid_input: not Lua: unexpected symbol near '*' [flow.yaml:8:21]");
  EXPECT_EQ(failure_of("goto nowhere").substr(0, 23), "invalid_input: not Lua:");
  EXPECT_EQ(failure_of(std::string(2'000'000, ' ')).substr(0, 10), "too_large:");
  EXPECT_EQ(failure_of("return " + std::string(1'000, '(') + "1").substr(0, 23),
            "invalid_input: not Lua:");
}

TEST(script, chunks_are_whole_programs) {
  EXPECT_EQ(run_chunk(R"(
    local sum = 0
    for i, row in ipairs(inputs.rows) do sum = sum + row end
    for name, value in pairs(inputs.deep) do sum = sum + #value.b end
    global = sum
    function double(x) return x * 2 end
    return {sum = double(global), names = {inputs.name}})",
                      world),
            json::parse(R"({"sum": 62, "names": ["Ada"]})"));
  EXPECT_EQ(run_chunk("x = 1"), nullptr);
  EXPECT_EQ(run_chunk("return 1, 2"), 1);
  EXPECT_EQ(run_chunk("inputs = {n = 7}; return inputs.n + 1", world), 8);
}

TEST(script, pairs_and_next_walk_sorted_keys) {
  EXPECT_EQ(run_chunk(R"(
    local keys = {}
    for k in pairs({z = 1, [2] = 1, a = 1, [-1.5] = 1, [true] = 1, M = 1, [10] = 1}) do
      keys[#keys + 1] = tostring(k)
    end
    return table.concat(keys, ' '))"),
            "-1.5 2 10 M a z true");
  EXPECT_EQ(run_chunk(R"(
    local t, keys, k = {z = 1, [2] = 1, a = 1, [true] = 1}, {}, nil
    repeat
      k = next(t, k)
      keys[#keys + 1] = tostring(k)
    until k == nil
    return table.concat(keys, ' '))"),
            "2 a z true nil");
  EXPECT_EQ(run_chunk(R"(
    local seen = {}
    for k, v in pairs(inputs.rows) do seen[#seen + 1] = k .. '=' .. v end
    for k, v in pairs({a = null}) do seen[#seen + 1] = k end
    return table.concat(seen, ' '))",
                      world),
            "1=10 2=20 4=40 a");
  EXPECT_EQ(run_chunk(R"(
    local t, seen = {a = 1, b = 2, c = 3}, {}
    for k in pairs(t) do t.b = nil; t[k] = nil; seen[#seen + 1] = k end
    return seen)"),
            json({"a", "c"}));
  EXPECT_EQ(failure_of("for k in pairs({[{}] = 1}) do end"),
            "exception: keys of type table have no order [flow.yaml:7:11]");
}

TEST(script, sorting_is_stable_and_survives_any_comparison) {
  EXPECT_EQ(run_chunk("local t = {3, 1, 2, 5, 4} table.sort(t) return t"), json({1, 2, 3, 4, 5}));
  EXPECT_EQ(run_chunk("local t = {'b', 'a'} table.sort(t, function(a, b) return a > b end) "
                      "return t"),
            json({"b", "a"}));
  EXPECT_EQ(run_chunk(R"(
    local t = {}
    for i = 1, 200 do t[i] = {i % 3, i} end
    table.sort(t, function(a, b) return a[1] < b[1] end)
    for i = 2, 200 do
      if t[i - 1][1] == t[i][1] and t[i - 1][2] > t[i][2] then return i end
    end
    return 'stable')"),
            "stable");
  for (auto by : {"true", "false", "a[1] ~= b[1]"})
    EXPECT_EQ(run_chunk("local t = {} for i = 1, 300 do t[i] = {i} end table.sort(t, function(a, b)"
                        " return "
                        + std::string{by}
                        + " end) local sum = 0 for i = 1, 300 do sum = sum + "
                          "t[i][1] end return sum"),
              45150)
      << by;
  EXPECT_EQ(failure_of("table.sort({1, 'x'})"),
            "exception: attempt to compare string with number [flow.yaml:7:11]");
  EXPECT_EQ(failure_of("table.sort({1, 2}, function() error('mine', 0) end)"),
            "exception: mine [flow.yaml:7:11]");
}

TEST(script, metatables_work_as_in_lua) {
  EXPECT_EQ(run_chunk(R"(
    local Account = {}
    function Account:new(o) o = o or {} setmetatable(o, self) self.__index = self return o end
    function Account:deposit(v) self.balance = (self.balance or 0) + v end
    local a = Account:new()
    a:deposit(5)
    local text = setmetatable({}, {__tostring = function() return 'mine' end})
    return {a.balance, tostring(text), string.format('%s', text)})"),
            json({5, "mine", "mine"}));
}

TEST(script, values_cannot_be_changed) {
  auto wanted = "exception: inputs and libraries cannot be changed; make a table of your own "
                "[flow.yaml:7:11]";
  for (auto text : {"inputs.x = 1", "inputs.rows[1] = 2", "table.insert(inputs.rows, 3)",
                    "table.remove(inputs.rows)", "string.rep = nil", "math.pi = 3",
                    "function string.trim() end", "json.encode = 1"})
    EXPECT_EQ(failure_of(text, world), wanted) << text;
  EXPECT_EQ(failure_of("table.sort(inputs.rows)", world).substr(0, 36),
            "exception: bad argument #1 to 'sort'");
  EXPECT_EQ(failure_of("rawset(inputs, 'x', 1)", world).substr(0, 38),
            "exception: bad argument #1 to 'rawset'");
  EXPECT_EQ(failure_of("setmetatable(inputs, {})", world).substr(0, 44),
            "exception: bad argument #1 to 'setmetatable'");
}

TEST(script, nothing_survives_an_evaluation) {
  auto writes =
    program::compile("count = (count or 0) + 1; string_x = 1 return count", {}, form::chunk);
  auto reads = program::compile("{count, string_x}");
  ASSERT_TRUE(writes && reads);
  auto mine = evaluator{};
  for (auto i = 0; i < 3; ++i) {
    EXPECT_EQ(*mine.evaluate(*writes, {}), 1);
    EXPECT_EQ(*mine.evaluate(*reads, {}), json::object());
  }
}

TEST(script, a_name_means_what_the_scope_of_each_call_says) {
  auto x = program::compile("type == nil and 'nil' or type.a or type");
  ASSERT_TRUE(x);
  auto mine = evaluator{};
  auto object = json{{"a", "object"}};
  auto text = json("text");
  auto inner = scope{};
  auto a = json("group");
  inner.add("a", a);
  for (auto round = 0; round < 3; ++round) {
    auto names = scope{};
    names.add("type", object);
    EXPECT_EQ(*mine.evaluate(*x, names), "object");
    names.add("type", text);
    EXPECT_EQ(*mine.evaluate(*x, names), "text");
    EXPECT_EQ(*mine.evaluate(*x, names), "text");
    names.add("type", inner);
    EXPECT_EQ(*mine.evaluate(*x, names), "group");
    auto none = json{};
    names.add("type", none);
    EXPECT_EQ(*mine.evaluate(*x, names), "nil");
    // The function of the sandbox is visible again.
    EXPECT_EQ(mine.evaluate(*x, {}).error().message,
              "attempt to index a function value (global 'type')");
  }
}

TEST(script, groups_are_objects_of_names) {
  auto rows = json({1, 2});
  auto a = json{{"rows", rows}};
  auto b = json("text");
  auto none = json{};
  auto nodes = scope{};
  nodes.add("b", b);
  nodes.add("a", a);
  nodes.add("none", none);
  auto names = scope{};
  names.add("nodes", nodes);
  auto show = [&](std::string text) {
    auto x = program::compile(std::move(text), {}, form::chunk);
    return *evaluator::of_this_thread().evaluate(*x, names);
  };
  EXPECT_EQ(show("return #nodes.a.rows"), 2);
  EXPECT_EQ(show("return nodes"), json({{"a", a}, {"b", b}, {"none", nullptr}}));
  EXPECT_EQ(show("local s = '' for k in pairs(nodes) do s = s .. k end return s"), "ab");
  EXPECT_EQ(show("return {type(nodes), nodes.missing == nil, nodes == nodes, nodes.a == nodes.b}"),
            json({"table", true, true, false}));
}

TEST(script, conditions_are_true_as_in_lua) {
  auto is = [](std::string text) {
    auto x = program::compile(std::move(text));
    return *evaluator::of_this_thread().test(*x, scope_of(world));
  };
  EXPECT_TRUE(is("inputs.yes"));
  EXPECT_TRUE(is("0"));
  EXPECT_TRUE(is("inputs"));
  EXPECT_FALSE(is("inputs.no"));
  EXPECT_FALSE(is("inputs.missing"));
  EXPECT_FALSE(is("inputs.limit"));
  EXPECT_FALSE(is("null"));
}

TEST(script, an_empty_table_is_a_list_where_one_is_required) {
  for (auto text : {"{}", "array()"}) {
    auto x = value_of(text);
    dagger::script::make_list_if_empty(x);
    EXPECT_EQ(x, json::array());
  }
  auto full = value_of("{a = 1}");
  dagger::script::make_list_if_empty(full);
  EXPECT_EQ(full, json({{"a", 1}}));
}

TEST(script, threads_share_a_program) {
  auto x = program::compile("inputs.n * 2 + #inputs.list");
  ASSERT_TRUE(x);
  auto wrong = std::atomic<int>{0};
  auto threads = std::vector<std::jthread>{};
  for (auto t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (auto i = 0; i < 2'000; ++i) {
        auto inputs = json{{"n", i + t}, {"list", {1, 2, 3}}};
        auto names = scope{};
        names.add("inputs", inputs);
        auto value = evaluator::of_this_thread().evaluate(*x, names);
        wrong += !value || *value != (i + t) * 2 + 3;
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(script, a_state_forgets_programs_that_are_many) {
  auto mine = evaluator{};
  for (auto i = 0; i < 3'000; ++i) {
    auto x = program::compile(std::to_string(i) + " + n");
    ASSERT_EQ(*mine.evaluate(*x, scope_of(json{{"n", 1}})), i + 1);
  }
}

} // namespace
