// Which schemas are refused, where, and why; and what references mean.
#include "checking.hpp"

#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using checking::check;
using checking::refusal;
using checking::refusal_of;
using dagger::json;

bool says(const dagger::error& x, std::string_view text) {
  return x.message.find(text) != std::string::npos;
}

TEST(schema_compile, only_objects_and_booleans_are_schemas) {
  for (auto text : {"1", "null", "\"string\"", "[]", "1.5"}) {
    auto x = refusal(text);
    EXPECT_EQ(x.code, dagger::code::invalid_input);
    EXPECT_EQ(x.message, "a schema must be object or boolean");
  }
}

TEST(schema_compile, a_wrong_type_in_a_schema_is_refused_at_its_pointer) {
  auto x = refusal(R"({"properties": {"a/b": {"minLength": "3"}}})");
  EXPECT_EQ(x.where, "/properties/a~1b/minLength");
  EXPECT_EQ(x.message, "must be integer, is string");
  EXPECT_EQ(refusal(R"({"type": "strin"})").where, "/type");
  EXPECT_EQ(refusal(R"({"items": [{"required": "a"}]})").where, "/items/0/required");
  EXPECT_EQ(refusal(R"({"multipleOf": 0})").where, "/multipleOf");
  EXPECT_EQ(refusal(R"({"$ref": 1})").where, "/$ref");
  EXPECT_EQ(refusal(R"({"allOf": []})").where, "/allOf");
}

TEST(schema_compile, all_that_is_wrong_with_a_schema_is_said_at_once) {
  auto x = refusal(R"({"minimum": "1", "properties": {"a": 3}, "required": [1]})");
  EXPECT_EQ(to_string(x), "/minimum: must be number, is string\n"
                          "/properties/a: must be boolean or object, is integer\n"
                          "/required/0: must be string, is integer\n"
                          "  the schema must be valid JSON Schema draft-07");
}

TEST(schema_compile, a_pattern_that_cannot_run_in_linear_time_is_named) {
  auto x = refusal(R"({"properties": {"a": {"pattern": "(a)\\1"}}})");
  EXPECT_EQ(x.where, "/properties/a/pattern");
  EXPECT_TRUE(says(x, "(a)")) << x.message;
  EXPECT_TRUE(says(x, "back reference: \\1")) << x.message;
  auto y = refusal(R"({"patternProperties": {"(?=a)b": {}}})");
  EXPECT_EQ(y.where, "/patternProperties/(?=a)b");
  EXPECT_TRUE(says(y, "(?=a)b")) << y.message;
  for (auto text : {"(", "[a", "a{2,1}", "*", "\\", "(?<!a)b", "\\Z", "\\u12", "a{9999}"})
    EXPECT_EQ(refusal_of(json{{"pattern", text}}).where, "/pattern") << text;
}

TEST(schema_compile, a_pattern_that_is_too_long_or_compiles_too_big_is_refused) {
  auto endless = std::string(dagger::limits::pattern_bytes + 1, 'a');
  EXPECT_EQ(refusal_of(json{{"pattern", endless}}).where, "/pattern");
  EXPECT_EQ(refusal_of(json{{"pattern", "((a{100}){100}){100}"}}).where, "/pattern");
}

TEST(schema_compile, another_draft_is_refused) {
  auto x = refusal(R"({"$schema": "https://json-schema.org/draft/2020-12/schema"})");
  EXPECT_EQ(x.where, "/$schema");
  EXPECT_TRUE(says(x, "draft-07"));
  EXPECT_EQ(check(R"({"$schema": "http://json-schema.org/draft-07/schema#", "type": "null"})", "1"),
            "must be null, is integer");
}

TEST(schema_compile, references_to_other_documents_are_refused_and_named) {
  for (auto uri : {"http://example.org/a.json", "other.json#/a", "file:///etc/passwd", "//h/a",
                   "http://json-schema.org/draft-04/schema#", "urn:a:b"}) {
    auto x = refusal_of(json{{"properties", {{"a", {{"$ref", uri}}}}}});
    EXPECT_EQ(x.where, "/properties/a/$ref");
    EXPECT_TRUE(says(x, uri) && says(x, "nothing is fetched")) << x.message;
  }
}

TEST(schema_compile, references_to_nothing_are_refused_and_named) {
  EXPECT_TRUE(says(refusal(R"({"$ref": "#/definitions/a"})"), "nothing is at /definitions"));
  EXPECT_TRUE(says(refusal(R"({"$ref": "#/items/1", "items": [true]})"), "/items/1"));
  EXPECT_TRUE(says(refusal(R"({"items": {"$ref": "#nowhere"}})"), "#nowhere"));
  EXPECT_TRUE(says(refusal(R"({"$ref": "#/a", "a": 1})"), "leads to no schema"));
}

TEST(schema_compile, what_only_a_reference_reaches_is_checked_as_well) {
  auto x = refusal(R"({"properties": {"a": {"$ref": "#/my/own~1place"}},
                       "my": {"own/place": {"type": 7}}})");
  EXPECT_EQ(x.where, "/my/own~1place/type");
  EXPECT_EQ(check(R"({"properties": {"a": {"$ref": "#/my/own~1place"}},
                      "my": {"own/place": {"type": "null"}}})",
                  R"({"a": 1})"),
            "/a: must be null, is integer");
}

TEST(schema_compile, a_reference_that_leads_back_to_itself_is_refused) {
  EXPECT_TRUE(says(refusal(R"({"$ref": "#"})"), "back to itself"));
  auto x = refusal(R"({"definitions": {"a": {"$ref": "#/definitions/b"},
                       "b": {"$ref": "#/definitions/a"}}, "items": {"$ref": "#/definitions/a"}})");
  EXPECT_TRUE(says(x, "back to itself"));
  EXPECT_EQ(x.where, "/definitions/a/$ref");
}

TEST(schema_compile, a_schema_that_applies_itself_to_the_same_value_is_refused) {
  for (auto text : {R"({"allOf": [{"$ref": "#"}]})", R"({"anyOf": [{}, {"$ref": "#"}]})",
                    R"({"not": {"$ref": "#"}})", R"({"if": {"$ref": "#"}})",
                    R"({"dependencies": {"a": {"$ref": "#"}}})",
                    R"({"oneOf": [{"allOf": [{"if": true, "then": {"$ref": "#"}}]}]})"})
    EXPECT_TRUE(says(refusal(text), "without end")) << text;
  auto x = refusal(R"({"properties": {"a": {"allOf": [{"$ref": "#/properties/b"}]},
                                      "b": {"not": {"$ref": "#/properties/a"}}}})");
  EXPECT_TRUE(x.where == "/properties/a" || x.where == "/properties/b") << x.where;
}

TEST(schema_compile, a_schema_that_goes_into_the_value_may_be_recursive) {
  constexpr auto tree = R"({
    "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "value": {"type": "integer"}},
    "propertyNames": {"$ref": "#/definitions/name"},
    "definitions": {"name": {"enum": ["left", "right", "value"]}}
  })";
  EXPECT_EQ(check(tree, R"({"left": {"right": {"value": 1}}, "value": 2})"), "");
  EXPECT_EQ(check(tree, R"({"left": {"right": {"value": "1"}}})"),
            "/left/right/value: must be integer, is string");
}

TEST(schema_compile, identifiers_name_schemas_and_move_the_base) {
  constexpr auto schema = R"({
    "$id": "http://example.org/root.json",
    "properties": {
      "a": {"$ref": "#word"},
      "b": {"$ref": "sub/item.json#/definitions/deep"},
      "c": {"$ref": "http://example.org/sub/item.json"},
      "d": {"$ref": "root.json#/definitions/w"},
      "e": {"$ref": "urn:example:thing"}
    },
    "definitions": {
      "w": {"$id": "#word", "type": "string"},
      "i": {"$id": "sub/item.json", "items": {"$ref": "#/definitions/deep"},
            "definitions": {"deep": {"type": "null"}}},
      "u": {"$id": "urn:example:thing", "type": "boolean"}
    }
  })";
  EXPECT_EQ(check(schema, R"({"a": 1, "b": 1, "c": [1], "d": 1, "e": 1})"),
            "/a: must be string, is integer\n"
            "/b: must be null, is integer\n"
            "/c/0: must be null, is integer\n"
            "/d: must be string, is integer\n"
            "/e: must be boolean, is integer");
}

TEST(schema_compile, an_identifier_inside_an_enum_names_nothing) {
  EXPECT_TRUE(says(refusal(R"({"enum": [{"$id": "#a"}], "items": {"$ref": "#a"}})"), "#a"));
}

TEST(schema_compile, the_keyword_id_of_older_drafts_means_nothing) {
  EXPECT_EQ(check(R"({"id": "http://example.org/a", "items": {"$ref": "#/definitions/n"},
                      "definitions": {"n": {"id": "b", "type": "null"}}})",
                  "[1]"),
            "/0: must be null, is integer");
}

TEST(schema_compile, keywords_beside_a_reference_mean_nothing) {
  EXPECT_EQ(check(R"({"$ref": "#/definitions/a", "type": "null", "definitions": {"a": {}}})", "1"),
            "");
}

TEST(schema_compile, the_meta_schema_is_built_in) {
  constexpr auto schema = R"({"items": {"$ref": "http://json-schema.org/draft-07/schema#"}})";
  EXPECT_EQ(check(schema, R"([{"type": "null"}, true])"), "");
  EXPECT_EQ(check(schema, R"([{"minLength": -1}])"), "/0/minLength: must be at least 0, is -1");
  constexpr auto part =
    R"({"$ref": "http://json-schema.org/draft-07/schema#/definitions/simpleTypes"})";
  EXPECT_EQ(check(part, R"("array")"), "");
  EXPECT_NE(check(part, R"("list")"), "");
}

TEST(schema_compile, names_with_a_nul_character_are_refused_not_cut) {
  for (auto text : {R"({"properties": {"a\u0000b": {}}})", R"({"required": ["a\u0000b"]})",
                    R"({"dependencies": {"a": ["\u0000"]}})"})
    EXPECT_TRUE(says(refusal(text), "NUL")) << text;
  EXPECT_EQ(check(R"({"enum": ["a\u0000b"]})", R"("a\u0000b")"), "");
  EXPECT_NE(check(R"({"const": "a\u0000b"})", R"("a")"), "");
  EXPECT_NE(check(R"({"pattern": "^a\u0000b$"})", R"("a")"), "");
  EXPECT_NE(
    check(R"({"additionalProperties": false, "properties": {"a": {}}})", R"({"a\u0000b": 1})"), "");
}

TEST(schema_compile, a_property_called_ref_is_no_reference) {
  EXPECT_EQ(check(R"({"properties": {"$ref": {"type": "null"}, "$id": {"type": "null"}}})",
                  R"({"$ref": 1})"),
            "/$ref: must be null, is integer");
}

TEST(schema_compile, property_names_do_not_meet_their_own_schema) {
  // valijson's cache of schemas confuses the two when the object is referred to.
  constexpr auto schema = R"({"items": {"$ref": "#/definitions/a"}, "definitions": {
    "a": {"type": "object", "propertyNames": {"maxLength": 1}}}})";
  EXPECT_EQ(check(schema, R"([{"b": 1}])"), "");
  EXPECT_NE(check(schema, R"([{"bb": 1}])"), "");
}

} // namespace
