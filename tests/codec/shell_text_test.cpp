// Placeholders in scripts, and quoting that no value gets out of.
#include <dagger/codec/shell_text.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using dagger::json;

std::string filled(const std::string& script, const json& values) {
  auto x = dagger::fill_script(script, values);
  return x ? *x : to_string(x.error());
}

TEST(shell_text, placeholders_become_quoted_words) {
  const auto values = json{{"name", "it's"}, {"n", 5},      {"none", nullptr}, {"yes", true},
                           {"list", {1, 2}}, {"empty", ""}, {"a_1", "$(rm)"},  {"b-2", 2}};
  const std::vector<std::pair<std::string, std::string>> table{
    {"echo {name}", R"(echo 'it'\''s')"},
    {"echo {n} {yes} {none} {list} {empty}", "echo '5' 'true' '' '[1,2]' ''"},
    {"{a_1}{n}", "'$(rm)''5'"},
    {"echo ${name} ${HOME}", "echo ${name} ${HOME}"},
    {"{{name}} {{}}", "{name} {}"},
    {"{{{n}}}", "{'5'}"},
    {"awk '{ print $1 }' {n}", "awk '{ print $1 }' '5'"},
    {"cat {b-2} > ${b-2}", "cat '2' > ${b-2}"},
    {"f() { echo; }; { a; } {a,b} {1..3} {", "f() { echo; }; { a; } {a,b} {1..3} {"},
    {"", ""},
  };
  for (const auto& [script, wanted] : table)
    EXPECT_EQ(filled(script, values), wanted) << script;
}

TEST(shell_text, an_unknown_placeholder_is_refused_with_its_place) {
  EXPECT_EQ(filled("echo\n  {nmae}", {{"name", 1}}),
            "2:3: the script has no value for '{nmae}'\n  did you mean 'name'? A brace of the "
            "script is written '{{'");
  EXPECT_EQ(filled("{x}", json::object()).substr(0, 40),
            "1:1: the script has no value for '{x}'\n ");
}

TEST(shell_text, placeholders_are_listed_in_order) {
  auto found = dagger::placeholders_in("{b} {{c}} ${d} {a}{b}");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "b");
  EXPECT_EQ(found[1].name, "a");
  EXPECT_EQ(found[1].offset, 15u);
  EXPECT_EQ(found[2].name, "b");
}

TEST(shell_text, values_stand_in_other_texts_as_they_are) {
  auto fill = [](std::string_view text) {
    return dagger::filled(text,
                          [](std::string_view name) { return "<" + std::string{name} + ">"; });
  };
  EXPECT_EQ(fill("out/{a}-{b-2}.{c_d}"), "out/<a>-<b-2>.<c_d>");
  EXPECT_EQ(fill("{{a}} {{{a}}} }} {{"), "{a} {<a>} } {");
  EXPECT_EQ(fill("{} { a} {1} ${a} {a"), "{} { a} {1} ${a} {a");
}

} // namespace
