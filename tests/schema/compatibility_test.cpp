// Schemas that follow one another. What counts as compatible is held against values.
#include <dagger/schema/compatibility.hpp>

#include <gtest/gtest.h>

#include <random>

namespace {

using namespace dagger;

json schema_of(const char* text) {
  return json::parse(text);
}

bool fits(const char* from, const char* to) {
  return schema::obstacles(schema_of(from), schema_of(to)).empty();
}

TEST(compatibility, what_asks_for_less_follows) {
  EXPECT_TRUE(fits(R"({"type": "integer"})", R"({"type": "number"})"));
  EXPECT_TRUE(fits(R"({"type": "integer"})", R"({"type": ["integer", "null"]})"));
  EXPECT_TRUE(fits(R"({"minimum": 3})", R"({"minimum": 2})"));
  EXPECT_TRUE(fits(R"({"required": ["a", "b"]})", R"({"required": ["a"]})"));
  EXPECT_TRUE(fits(R"({"additionalProperties": false})", R"({"additionalProperties": true})"));
  EXPECT_TRUE(fits(R"({"enum": [1, 2]})", R"({"enum": [1, 2, 3]})"));
  EXPECT_TRUE(fits(R"({"enum": [1, 2]})", R"({"type": "integer", "minimum": 1})"));
  EXPECT_TRUE(fits(R"({"const": "a"})", R"({"type": "string"})"));
  EXPECT_TRUE(fits(R"({"items": {"type": "integer"}})", R"({"items": {"type": "number"}})"));
  EXPECT_TRUE(fits(R"({"type": "string", "pattern": "a"})", R"({"type": "string"})"));
  EXPECT_TRUE(fits("false", R"({"type": "string"})"));
  EXPECT_TRUE(fits(R"({"type": "string"})", "true"));
  EXPECT_TRUE(fits(R"({"type": "string", "title": "a"})", R"({"type": "string", "title": "b"})"));
}

TEST(compatibility, what_asks_for_more_does_not) {
  EXPECT_FALSE(fits(R"({"type": "number"})", R"({"type": "integer"})"));
  EXPECT_FALSE(fits("true", R"({"type": "integer"})"));
  EXPECT_FALSE(fits(R"({"minimum": 2})", R"({"minimum": 3})"));
  EXPECT_FALSE(fits(R"({"maxLength": 3})", R"({"maxLength": 2})"));
  EXPECT_FALSE(fits("{}", R"({"required": ["a"]})"));
  EXPECT_FALSE(fits("{}", R"({"additionalProperties": false})"));
  EXPECT_FALSE(fits(R"({"enum": [1, 2]})", R"({"enum": [1]})"));
  EXPECT_FALSE(fits(R"({"type": "integer"})", R"({"enum": [1]})"));
  EXPECT_FALSE(fits(R"({"properties": {"a": {"type": "integer"}}})",
                    R"({"properties": {"a": {"type": "string"}}})"));
  EXPECT_FALSE(fits(R"({"properties": {"a": {}}, "additionalProperties": false})",
                    R"({"additionalProperties": false})"));
  EXPECT_FALSE(fits(R"({"type": "string"})", R"({"type": "string", "format": "date"})"));
  EXPECT_FALSE(fits(R"({"items": {}})", R"({"items": {"type": "integer"}})"));
  EXPECT_FALSE(fits("{}", "false"));
}

TEST(compatibility, an_open_object_may_hold_what_a_new_property_forbids) {
  EXPECT_FALSE(fits(R"({"type": "object"})",
                    R"({"type": "object", "properties": {"a": {"type": "integer"}}})"));
  EXPECT_TRUE(fits(R"({"type": "object", "additionalProperties": false})",
                   R"({"type": "object", "properties": {"a": {"type": "integer"}}})"));
}

TEST(compatibility, what_cannot_be_compared_counts_only_if_it_is_the_same) {
  EXPECT_TRUE(fits(R"({"anyOf": [{"type": "integer"}]})", R"({"anyOf": [{"type": "integer"}]})"));
  EXPECT_FALSE(fits("{}", R"({"anyOf": [{}]})"));
  EXPECT_FALSE(fits(R"({"$ref": "#/definitions/a", "definitions": {"a": {"type": "integer"}}})",
                    R"({"$ref": "#/definitions/a", "definitions": {"a": {"type": "string"}}})"));
}

TEST(compatibility, every_obstacle_is_named_with_its_place) {
  auto found = schema::obstacles(
    schema_of(R"({"type": "object", "properties": {"a/b": {"type": "integer"}}})"),
    schema_of(R"({"type": "object", "required": ["x"], "maxProperties": 3,
                  "properties": {"a/b": {"type": "string"}}})"));
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].pointer, "/maxProperties");
  EXPECT_EQ(found[1].pointer, "/required");
  EXPECT_EQ(found[2].pointer, "/properties/a~1b/type");
}

TEST(compatibility, modes_look_one_way_the_other_or_both) {
  auto wide = schema_of(R"({"type": "number"})");
  auto narrow = schema_of(R"({"type": "integer"})");
  auto ok = [](const json& older, const json& newer, compatibility mode) {
    return schema::incompatibilities(older, newer, mode).empty();
  };
  EXPECT_TRUE(ok(narrow, wide, compatibility::backward));
  EXPECT_FALSE(ok(wide, narrow, compatibility::backward));
  EXPECT_TRUE(ok(wide, narrow, compatibility::forward));
  EXPECT_FALSE(ok(narrow, wide, compatibility::forward));
  EXPECT_FALSE(ok(narrow, wide, compatibility::full));
  EXPECT_TRUE(ok(wide, wide, compatibility::full));
  EXPECT_TRUE(ok(wide, narrow, compatibility::none));
  EXPECT_TRUE(ok(wide, nullptr, compatibility::backward));
  EXPECT_FALSE(ok(nullptr, wide, compatibility::backward));
}

/// A small random schema.
json random_schema(std::mt19937_64& random, int depth = 0) {
  auto pick = [&](std::uint64_t n) { return random() % n; };
  auto x = json::object();
  switch (pick(depth < 2 ? 6 : 4)) {
  case 0:
    x["type"] = pick(2) ? "integer" : "number";
    if (pick(2))
      x["minimum"] = pick(4);
    if (pick(2))
      x["maximum"] = pick(4);
    break;
  case 1:
    x["enum"] = json::array();
    for (auto i = pick(3) + 1; i > 0; --i)
      x["enum"].push_back(pick(4));
    break;
  case 2:
    x["type"] = "string";
    if (pick(2))
      x["maxLength"] = pick(3);
    break;
  case 3:
    return pick(4) ? json(true) : json(false);
  case 4:
    x["type"] = "object";
    for (auto* name : {"a", "b"})
      if (pick(2))
        x["properties"][name] = random_schema(random, depth + 1);
    if (pick(2))
      x["required"] = {pick(2) ? "a" : "b"};
    if (pick(2))
      x["additionalProperties"] = random_schema(random, depth + 1);
    break;
  default:
    x["type"] = "array";
    x["items"] = random_schema(random, depth + 1);
    if (pick(2))
      x["maxItems"] = pick(3);
  }
  return x;
}

json random_value(std::mt19937_64& random, int depth = 0) {
  switch (random() % (depth < 3 ? 5 : 3)) {
  case 0:
    return random() % 5;
  case 1:
    return std::string(random() % 4, 'x');
  case 2:
    return (random() % 8) * 0.5;
  case 3: {
    auto x = json::object();
    for (auto* name : {"a", "b", "c"})
      if (random() % 2)
        x[name] = random_value(random, depth + 1);
    return x;
  }
  default: {
    auto x = json::array();
    for (auto i = random() % 4; i > 0; --i)
      x.push_back(random_value(random, depth + 1));
    return x;
  }
  }
}

TEST(compatibility, no_value_that_fits_the_old_one_breaks_a_new_one_that_may_follow) {
  auto random = std::mt19937_64{7};
  auto followed = 0;
  for (auto i = 0; i < 3'000; ++i) {
    auto from = random_schema(random);
    auto to = random_schema(random);
    if (!schema::obstacles(from, to).empty())
      continue;
    ++followed;
    auto old_one = schema::validator::compile(from);
    auto new_one = schema::validator::compile(to);
    ASSERT_TRUE(old_one && new_one);
    for (auto k = 0; k < 100; ++k) {
      auto x = random_value(random);
      if (old_one->check(x).empty()) {
        ASSERT_TRUE(new_one->check(x).empty()) << from << "\n" << to << "\n" << x;
      }
    }
  }
  EXPECT_GT(followed, 300);
}

} // namespace
