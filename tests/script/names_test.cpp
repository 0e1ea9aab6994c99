// Which names a program reads, and where they stand in the file.
#include <dagger/script/program.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace dagger::script;

/// "inputs.x@1:1 nodes.a@1:12", places as in a text that begins at 1:1.
std::string names_in(const std::string& text, form what) {
  auto x = program::compile(text, {}, what);
  if (!x)
    return to_string(x.error());
  auto shown = std::string{};
  for (const auto& name : x->names()) {
    if (!shown.empty())
      shown += ' ';
    for (auto i = std::size_t{0}; i < name.path.size(); ++i)
      shown += (i ? "." : "") + name.path[i];
    shown += "@" + dagger::to_text(name.at);
  }
  return shown;
}

TEST(script_names, expressions_read_these) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"inputs.x", "inputs.x@1:1"},
    {"#nodes.extract.raw > inputs.limit", "nodes.extract.raw@1:2 inputs.limit@1:22"},
    {"nodes['my-node'].rows[1].name", "nodes.my-node.rows.1.name@1:1"},
    {"nodes[\"a.b\"]['c']", "nodes.a.b.c@1:1"},
    {"nodes[inputs.which].x", "nodes@1:1 inputs.which@1:7"},
    {"a.b + c.d * -e", "a.b@1:1 c.d@1:7 e@1:14"},
    {"f(a.b):g(c)['x'].y", "f@1:1 a.b@1:3 c@1:10"},
    {"text:upper()", "text@1:1"},
    {"inputs.name:upper()", "inputs.name@1:1"},
    {"f 'literal' [[x]]", "f@1:1"},
    {"{a = b, [c] = d, e; f}", "b@1:6 c@1:10 d@1:15 e@1:18 f@1:21"},
    {"(function(x, ...) return x + y end)(z)", "y@1:30 z@1:37"},
    {"x and y or not z", "x@1:1 y@1:7 z@1:16"},
    {"1 < a.b.c", "a.b.c@1:5"},
    {"a[1 + 1]", "a@1:1"},
    {"a['x\\n']", "a@1:1"},
    {"-- inputs.no\n 'inputs.no' .. [==[ inputs.no ]==] .. inputs.yes", "inputs.yes@2:40"},
    {"0x1p4 + 1e-3 + .5 + x", "x@1:21"},
    {"a.b == null and type(a.c) ~= 'table'", "a.b@1:1 null@1:8 type@1:17 a.c@1:22"},
  };
  for (const auto& [text, wanted] : table)
    EXPECT_EQ(names_in(text, form::expression), wanted) << text;
}

TEST(script_names, chunks_know_what_is_local) {
  const std::vector<std::pair<std::string, std::string>> table{
    {"local a, b = a, c return a + b", "a@1:14 c@1:17"},
    {"local x <const> = y return x", "y@1:19"},
    {"for i = a, b do print(i) end return i", "a@1:9 b@1:12 print@1:17 i@1:37"},
    {"for k, v in pairs(t) do k = v end", "pairs@1:13 t@1:19"},
    {"local function f(n) return n == 0 or f(n - 1) end return f(m)", "m@1:60"},
    {"function g(n) return n + g(n) end", "g@1:26"},
    {"local t = {} function t.f(x) return x, y end function t:m() return self end", "y@1:40"},
    {"function lib.f() end", "lib.f@1:10"},
    {"repeat local done = x until done", "x@1:21"},
    {"while a do local a = b end return a", "a@1:7 b@1:22 a@1:35"},
    {"if a then b() elseif c then d() else e() end", "a@1:4 b@1:11 c@1:22 d@1:29 e@1:38"},
    {"x, y.z = 1, w", "y.z@1:4 w@1:13"},
    {"do local a = 1 end return a", "a@1:27"},
    {"::top:: goto top", ""},
    {"local s = [[ a ]] --[[ b ]] return s .. c", "c@1:41"},
    {"a.b.c = d; (e).f = g", "a.b.c@1:1 d@1:9 e@1:13 g@1:20"},
    {"return function(a) return function(b) return a, b, c end end", "c@1:52"},
  };
  for (const auto& [text, wanted] : table)
    EXPECT_EQ(names_in(text, form::chunk), wanted) << text;
}

TEST(script_names, places_are_those_of_the_file) {
  auto x = program::compile("local a = 1\nreturn a + inputs.n", {"f.yaml", {10, 5}}, form::chunk);
  ASSERT_TRUE(x);
  ASSERT_EQ(x->names().size(), 1u);
  EXPECT_EQ(x->names()[0].at, (dagger::position{11, 16}));
}

TEST(script_names, the_sandbox_knows_what_it_offers) {
  for (auto name : {"math", "type", "null", "array", "json", "pairs"})
    EXPECT_TRUE(is_offered(name)) << name;
  for (auto name : {"os", "io", "load", "require", "debug", "print", "inputs", "_G", "coroutine",
                    "collectgarbage", "dofile", ""})
    EXPECT_FALSE(is_offered(name)) << name;
}

} // namespace
