// What a check says, word for word, and what of draft-07 the official suite leaves out.
#include "checking.hpp"

#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using checking::check;
using checking::compiled;
using dagger::json;
using dagger::schema::validator;

TEST(schema_validator, a_default_one_accepts_everything) {
  EXPECT_TRUE(validator{}.accepts_everything());
  EXPECT_TRUE(validator{}.check({{"a", 1}}).empty());
  EXPECT_TRUE(compiled(true).accepts_everything());
  EXPECT_TRUE(compiled(json::object()).accepts_everything());
  EXPECT_FALSE(compiled({{"type", "null"}}).accepts_everything());
}

TEST(schema_validator, the_schema_false_accepts_nothing) {
  EXPECT_EQ(check("false", "1"), "no value is allowed here");
  EXPECT_EQ(check(R"({"properties": {"a": false}})", R"({"a": 1})"),
            "/a: no value is allowed here");
}

TEST(schema_validator, a_wrong_type_is_named_with_the_right_ones) {
  EXPECT_EQ(check(R"({"type": "integer"})", R"("x")"), "must be integer, is string");
  EXPECT_EQ(check(R"({"type": ["string", "null", "object"]})", "true"),
            "must be string, object or null, is boolean");
  EXPECT_EQ(check(R"({"type": "integer"})", "1.5"), "must be integer, is 1.5");
  EXPECT_EQ(check(R"({"type": "string"})", "1.0"), "must be string, is integer");
  EXPECT_EQ(check(R"({"type": ["integer", "number"]})", "null"), "must be number, is null");
}

TEST(schema_validator, all_violations_come_in_document_order) {
  EXPECT_EQ(check(R"({
      "type": "object",
      "allOf": [{"properties": {"z": {"type": "null"}}}, {"properties": {"b": {"minimum": 9}}}],
      "properties": {
        "b": {"type": "integer", "maximum": 3},
        "c": {"items": {"type": "string"}}
      },
      "required": ["query"],
      "additionalProperties": {"type": "boolean"}
    })",
                  R"({"z": 1, "b": 5, "c": ["x", 2, "y", null], "a": 0})"),
            "missing property 'query'\n"
            "/a: must be boolean, is integer\n"
            "/b: must be at most 3, is 5\n"
            "/b: must be at least 9, is 5\n"
            "/c/1: must be string, is integer\n"
            "/c/3: must be string, is null\n"
            "/z: must be boolean, is integer\n"
            "/z: must be null, is integer");
}

TEST(schema_validator, a_violation_that_two_paths_find_is_reported_once) {
  EXPECT_EQ(check(R"({
      "definitions": {"small": {"maximum": 3}},
      "allOf": [{"$ref": "#/definitions/small"}, {"$ref": "#/definitions/small"}]
    })",
                  "4"),
            "must be at most 3, is 4");
}

TEST(schema_validator, pointers_escape_tildes_and_slashes) {
  EXPECT_EQ(
    check(R"({"additionalProperties": {"items": {"type": "null"}}})", R"({"a/b~c": [1], "": [2]})"),
    "//0: must be null, is integer\n/a~1b~0c/0: must be null, is integer");
}

TEST(schema_validator, an_unknown_property_comes_with_the_nearest_word) {
  constexpr auto schema = R"({
    "properties": {"food": {}, "drink": {}, "after": {}},
    "additionalProperties": false
  })";
  EXPECT_EQ(check(schema, R"({"foo": 1})"), "/foo: unknown property 'foo'; did you mean 'food'?");
  EXPECT_EQ(check(schema, R"({"music": 1})"), "/music: unknown property 'music'");
  EXPECT_EQ(check(schema, R"({"foo": 1, "food": 2})"), "/foo: unknown property 'foo'");
}

TEST(schema_validator, a_property_that_is_only_required_is_still_unknown) {
  EXPECT_EQ(check(R"({"required": ["a"], "additionalProperties": false})", R"({"a": 1})"),
            "/a: unknown property 'a'");
}

TEST(schema_validator, bounds_say_what_is_and_what_should_be) {
  EXPECT_EQ(check(R"({"minimum": 3})", "2.5"), "must be at least 3, is 2.5");
  EXPECT_EQ(check(R"({"exclusiveMinimum": 3})", "3"), "must be greater than 3, is 3");
  EXPECT_EQ(check(R"({"exclusiveMaximum": 3})", "3.0"), "must be less than 3, is 3.0");
  EXPECT_EQ(check(R"({"multipleOf": 0.01})", "0.015"), "must be a multiple of 0.01, is 0.015");
  EXPECT_EQ(check(R"({"minLength": 1})", R"("")"), "must have at least 1 character, has 0");
  EXPECT_EQ(check(R"({"maxItems": 2})", "[1, 2, 3]"), "must have at most 2 items, has 3");
  EXPECT_EQ(check(R"({"minProperties": 2})", R"({"a": 1})"),
            "must have at least 2 properties, has 1");
  EXPECT_EQ(check(R"({"items": [{}, {}], "additionalItems": false})", "[1, 2, 3]"),
            "/2: one item too many, at most 2 items allowed");
}

TEST(schema_validator, integers_beyond_two_to_the_53_keep_every_digit) {
  EXPECT_NE(check(R"({"maximum": 9007199254740992})", "9007199254740993"), "");
  EXPECT_EQ(check(R"({"maximum": 9007199254740993})", "9007199254740993"), "");
  EXPECT_NE(check(R"({"const": 9007199254740993})", "9007199254740992"), "");
  EXPECT_NE(check(R"({"enum": [9007199254740993]})", "9007199254740992.0"), "");
  EXPECT_NE(check(R"({"minimum": 18446744073709551615})", "18446744073709551614"), "");
  EXPECT_NE(check(R"({"minimum": -9223372036854775807})", "-9223372036854775808"), "");
  EXPECT_EQ(check(R"({"uniqueItems": true})", "[9007199254740992, 9007199254740993]"), "");
  EXPECT_NE(check(R"({"multipleOf": 2})", "9007199254740993"), "");
  EXPECT_EQ(check(R"({"multipleOf": 3})", "18446744073709551615"), "");
  EXPECT_NE(check(R"({"exclusiveMaximum": 18446744073709551616})", "18446744073709551616"), "");
  EXPECT_EQ(check(R"({"exclusiveMaximum": 18446744073709551616})", "18446744073709551615"), "");
}

TEST(schema_validator, a_number_without_fraction_is_an_integer) {
  EXPECT_EQ(check(R"({"type": "integer"})", "[1.0]"), "must be integer, is array");
  EXPECT_EQ(check(R"({"items": {"type": "integer"}})", "[1.0, -0.0, 1e300, 12]"), "");
  EXPECT_EQ(check(R"({"minLength": 2.0, "maxLength": 1e30})", R"("ab")"), "");
}

TEST(schema_validator, equal_numbers_are_equal_however_written) {
  EXPECT_EQ(check(R"({"const": 1})", "1.0"), "");
  EXPECT_EQ(check(R"({"const": {"a": [1.0, -0.0]}})", R"({"a": [1, 0]})"), "");
  EXPECT_EQ(check(R"({"enum": [2.0]})", "2"), "");
  EXPECT_EQ(check(R"({"uniqueItems": true})", R"([1, "1", true, [1], {"a": 1}, 1.5])"), "");
  EXPECT_EQ(check(R"({"uniqueItems": true})", R"([{"a": 1}, 3, {"a": 1.0}])"),
            "must have no equal items, but items 0 and 2 are equal");
  EXPECT_NE(check(R"({"const": false})", "0"), "");
  EXPECT_NE(check(R"({"const": 0})", "false"), "");
  EXPECT_NE(check(R"({"const": null})", "0"), "");
}

TEST(schema_validator, multiples_of_decimal_fractions_are_exact) {
  constexpr auto cents = R"({"items": {"multipleOf": 0.01}})";
  EXPECT_EQ(check(cents, "[0.07, 19.99, 1.1, 4.35, 0, -0.29, 1e22, 123456789.01, 8]"), "");
  EXPECT_NE(check(cents, "[0.075]"), "");
  EXPECT_NE(check(cents, "[1e-300]"), "");
  EXPECT_EQ(check(R"({"multipleOf": 1e-8})", "12391239123.0"), "");
  EXPECT_EQ(check(R"({"multipleOf": 0.5})", "1e308"), "");
  EXPECT_NE(check(R"({"multipleOf": 0.123456789})", "1e308"), "");
  EXPECT_EQ(check(R"({"multipleOf": 1.5})", "-9"), "");
  EXPECT_NE(check(R"({"multipleOf": 18446744073709551615})", "9223372036854775807"), "");
}

TEST(schema_validator, string_lengths_count_code_points) {
  EXPECT_EQ(check(R"({"minLength": 2, "maxLength": 2})", R"("\ud83d\ude00\u00e4")"), "");
  EXPECT_EQ(check(R"({"maxLength": 1})", R"("\u00e4\u00f6")"),
            "must have at most 1 character, has 2");
  EXPECT_NE(check(R"({"minLength": 2})", R"("\ud83d\ude00")"), "");
}

TEST(schema_validator, choices_are_listed_and_the_nearest_named) {
  EXPECT_EQ(check(R"({"enum": ["a", 1, null]})", "2"), R"(must be "a", 1 or null, is 2)");
  EXPECT_EQ(check(R"({"enum": ["completed", "failed", "running", "waiting"]})", R"("runing")"),
            R"(must be "completed", "failed", "running" or "waiting", is "runing")"
            "; did you mean 'running'?");
  auto many = json::array();
  for (auto i = 0; i < 1000; ++i)
    many.push_back(i);
  auto x = compiled({{"enum", many}});
  EXPECT_TRUE(x.check(999).empty());
  EXPECT_EQ(to_text(x.check(1000)),
            "must be 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 or one of 990 more, is 1000");
}

TEST(schema_validator, long_values_are_cut_in_messages) {
  auto message = to_text(compiled({{"const", "x"}}).check(std::string(5000, 'y')));
  EXPECT_LT(message.size(), 200u);
  EXPECT_NE(message.find("yyy..."), std::string::npos);
}

TEST(schema_validator, alternatives_of_other_types_are_summed_up) {
  EXPECT_EQ(check(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1"),
            "must be string or null, is integer");
}

TEST(schema_validator, the_only_alternative_of_the_type_speaks_for_itself) {
  EXPECT_EQ(check(R"({"oneOf": [{"type": "null"}, {"type": "object", "required": ["a"]}]})", "{}"),
            "missing property 'a'");
}

TEST(schema_validator, the_alternative_of_the_same_kind_is_nearest) {
  constexpr auto schema = R"({"anyOf": [
    {"type": "object", "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
     "required": ["kind", "r"], "additionalProperties": false},
    {"type": "object", "properties": {"kind": {"const": "square"}, "side": {"type": "number"}},
     "required": ["kind", "side"], "additionalProperties": false}
  ]})";
  EXPECT_EQ(check(schema, R"({"kind": "square", "side": "2"})"),
            "fits none of the 2 alternatives of anyOf; nearest is number 2, for which the "
            "following is wrong\n/side: must be number, is string");
  EXPECT_EQ(check(schema, R"({"kind": "circle", "side": 2})"),
            "fits none of the 2 alternatives of anyOf; nearest is number 1, for which the "
            "following is wrong\nmissing property 'r'\n/side: unknown property 'side'");
}

TEST(schema_validator, one_of_names_the_alternatives_that_fit_too) {
  EXPECT_EQ(check(R"({"oneOf": [{"minimum": 1}, {"type": "string"}, {"maximum": 9}]})", "5"),
            "must fit exactly one alternative of oneOf, fits number 1 and number 3");
}

TEST(schema_validator, negation_contains_and_dependencies_have_words) {
  EXPECT_EQ(check(R"({"not": {"type": "string"}})", R"("x")"), "must not be string");
  EXPECT_EQ(check(R"({"not": {"minimum": 3}})", "4"), "must not fit the schema under 'not'");
  EXPECT_EQ(check(R"({"contains": {"type": "string"}})", "[1]"),
            "must contain an item that fits the schema under 'contains'");
  EXPECT_EQ(check(R"({"dependencies": {"a": ["b"]}})", R"({"a": 1})"),
            "missing property 'b', which property 'a' needs");
  EXPECT_EQ(check(R"({"dependencies": {"a": {"required": ["c"]}}})", R"({"a": 1})"),
            "missing property 'c'");
}

TEST(schema_validator, conditions_choose_the_schema_that_speaks) {
  constexpr auto schema = R"({
    "if": {"properties": {"kind": {"const": "http"}}, "required": ["kind"]},
    "then": {"required": ["url"]},
    "else": {"required": ["path"]}
  })";
  EXPECT_EQ(check(schema, R"({"kind": "http"})"), "missing property 'url'");
  EXPECT_EQ(check(schema, "{}"), "missing property 'path'");
  EXPECT_EQ(check(schema, R"({"kind": "file", "path": ""})"), "");
}

TEST(schema_validator, names_of_properties_are_values_too) {
  EXPECT_EQ(check(R"({"propertyNames": {"pattern": "^[a-z]+$", "maxLength": 3}})",
                  R"({"abc": 1, "ABCD": 2})"),
            "/ABCD: the name of property 'ABCD' must have at most 3 characters, has 4\n"
            "/ABCD: the name of property 'ABCD' must match the pattern ^[a-z]+$, is \"ABCD\"");
}

TEST(schema_validator, patterns_search_and_speak_ecma) {
  EXPECT_EQ(check(R"({"pattern": "b"})", R"("abc")"), "");
  EXPECT_EQ(check(R"({"pattern": "^b"})", R"("abc")"), "must match the pattern ^b, is \"abc\"");
  EXPECT_EQ(check(R"({"pattern": "^\\u00e4\\s\\x41\\cJ[\\b]$"})", R"("\u00e4\u00a0A\n\b")"), "");
  EXPECT_EQ(check(R"({"pattern": "^\\ud83d\\ude00.$"})", R"("\ud83d\ude00\u00e4")"), "");
  EXPECT_NE(check(R"({"pattern": "^.$"})", R"("\r")"), "");
  EXPECT_NE(check(R"({"pattern": "^a$"})", R"("a\n")"), "");
  EXPECT_EQ(check(R"({"pattern": "^[[:x]+$"})", R"("[:x")"), "");
  EXPECT_EQ(check(R"({"pattern": "^[^]$"})", R"("\n")"), "");
  EXPECT_NE(check(R"({"pattern": "[]"})", R"("a")"), "");
  EXPECT_EQ(check(R"({"pattern": "(?<year>\\d{4})-\\/"})", R"("2026-/")"), "");
}

TEST(schema_validator, more_than_the_limit_of_violations_are_counted) {
  auto x = compiled({{"items", {{"type", "null"}}}});
  auto found = x.check(json(std::vector<int>(1000, 7)));
  ASSERT_EQ(found.size(), dagger::limits::violations + 1);
  EXPECT_EQ(found.front().pointer, "/0");
  EXPECT_EQ(found[99].pointer, "/99");
  EXPECT_EQ(found.back().message, "and 900 more");
  EXPECT_EQ(x.check(json(std::vector<int>(100, 7))).size(), 100u);
}

} // namespace
