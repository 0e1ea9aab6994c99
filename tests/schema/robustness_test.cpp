// Hostile schemas and values: time stays linear, the stack stays small, threads share.
#include "checking.hpp"

#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using checking::compiled;
using checking::refusal_of;
using dagger::json;
using dagger::schema::validator;

/// `inner` inside `levels` arrays.
json nested(std::size_t levels, json inner) {
  for (auto i = std::size_t{0}; i < levels; ++i)
    inner = json::array({std::move(inner)});
  return inner;
}

TEST(schema_robustness, a_mebibyte_against_patterns_that_backtrack_elsewhere) {
  auto text = std::string(1 << 20, 'a');
  for (auto pattern : {"(a+)+$", "^(a|a)*$", "(a*)*b|a$", "^(a?){30}a{30}", "^([a-z]+)*$"}) {
    auto x = compiled({{"pattern", pattern}});
    EXPECT_TRUE(x.check(text).empty()) << pattern;
  }
  auto x = compiled({{"pattern", "^(a+)+$"}});
  EXPECT_EQ(x.check(text + "!").size(), 1u);
  EXPECT_EQ(compiled({{"patternProperties", {{"(a+)+$", false}}}}).check({{text, 1}}).size(), 1u);
}

TEST(schema_robustness, values_nest_up_to_the_limit) {
  auto x = compiled({{"items", {{"$ref", "#"}}}, {"type", {"array", "null"}}});
  EXPECT_TRUE(x.check(nested(127, nullptr)).empty());
  EXPECT_TRUE(x.check(nested(128, nullptr)).empty());
  auto wrong = x.check(nested(127, 1));
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].message, "must be array or null, is integer");
  EXPECT_EQ(wrong[0].pointer.size(), 2u * 127);
}

TEST(schema_robustness, values_nested_deeper_are_refused_whatever_the_schema_says) {
  for (const auto& schema :
       {json{{"items", {{"$ref", "#"}}}}, json{{"const", 1}}, json{{"not", {{"const", 1}}}},
        json{{"uniqueItems", true}}, json{{"enum", {1}}}}) {
    for (auto levels : {129u, 1000u, 10000u}) {
      auto found = compiled(schema).check(nested(levels, 1));
      ASSERT_EQ(found.size(), 1u) << schema;
      EXPECT_EQ(found[0].message, "is nested deeper than 128 levels");
      EXPECT_EQ(found[0].pointer.size(), 2u * 128);
    }
  }
}

TEST(schema_robustness, a_schema_nested_too_deep_is_refused) {
  auto deep = json{{"type", "null"}};
  for (auto i = 0; i < 200; ++i)
    deep = json{{"not", std::move(deep)}};
  EXPECT_EQ(refusal_of(deep).message, "is nested deeper than 128 levels");
  auto chain = json{{"type", "null"}};
  for (auto i = 0; i < 100; ++i)
    chain = json{{"not", std::move(chain)}};
  EXPECT_NE(refusal_of(chain).message.find("apply to the same value"), std::string::npos);
}

TEST(schema_robustness, long_chains_of_references_cost_no_stack) {
  auto definitions = json::object();
  constexpr auto size = 20'000;
  for (auto i = 0; i < size; ++i)
    definitions["d" + std::to_string(i)] = {{"$ref", "#/definitions/d" + std::to_string(i + 1)}};
  definitions["d" + std::to_string(size)] = {{"type", "null"}};
  auto x = compiled({{"$ref", "#/definitions/d0"}, {"definitions", definitions}});
  EXPECT_TRUE(x.check(nullptr).empty());
  EXPECT_EQ(x.check(1).size(), 1u);
}

TEST(schema_robustness, long_chains_of_schemas_inside_each_other_cost_no_stack) {
  auto definitions = json::object();
  constexpr auto size = 5'000;
  for (auto i = 0; i < size; ++i)
    definitions["d" + std::to_string(i)] = {
      {"items", {{"$ref", "#/definitions/d" + std::to_string(i + 1)}}}};
  definitions["d" + std::to_string(size)] = false;
  auto x = compiled({{"$ref", "#/definitions/d0"}, {"definitions", definitions}});
  EXPECT_TRUE(x.check(nested(128, 1)).empty());
}

TEST(schema_robustness, the_longest_chains_in_the_deepest_value_fit_the_stack) {
  auto definitions = json::object();
  constexpr auto last = dagger::limits::schema_chain - 1;
  for (auto i = std::size_t{0}; i < last; ++i)
    definitions["d" + std::to_string(i)] = {
      {"anyOf", {{{"$ref", "#/definitions/d" + std::to_string(i + 1)}}}}};
  definitions["d" + std::to_string(last)] = {{"items", {{"$ref", "#/definitions/d0"}}},
                                             {"type", {"array", "null"}}};
  auto x = compiled({{"$ref", "#/definitions/d0"}, {"definitions", definitions}});
  EXPECT_TRUE(x.check(nested(128, nullptr)).empty());
  EXPECT_EQ(x.check(nested(127, 1)).size(), 1u);
}

TEST(schema_robustness, alternatives_that_recurse_twice_take_no_exponential_time) {
  // Every level asks its inner value twice: 2^127 without a memory.
  auto branch = json{{"type", "array"}, {"items", {{"$ref", "#"}}}};
  for (auto keyword : {"anyOf", "oneOf"}) {
    auto other = branch;
    other["minItems"] = 1;
    auto x = compiled({{keyword, {branch, other, {{"type", "null"}}}}});
    EXPECT_EQ(x.check(nested(127, nullptr)).empty(), std::string{keyword} == "anyOf");
    EXPECT_FALSE(x.check(nested(127, 1)).empty());
  }
  auto both = compiled({{"properties", {{"a", {{"$ref", "#"}}}}},
                        {"patternProperties", {{"a", {{"$ref", "#"}}}}},
                        {"type", {"object", "null"}}});
  auto value = json(1);
  for (auto i = 0; i < 127; ++i)
    value = json{{"a", std::move(value)}};
  EXPECT_EQ(both.check(value).size(), 1u);
}

TEST(schema_robustness, parts_that_meet_again_and_again_take_no_exponential_time) {
  // Each definition applies the next one ten times to the same value: 10^15 without a memory.
  constexpr auto last = dagger::limits::schema_chain - 1;
  auto definitions = json{{"d" + std::to_string(last), {{"type", "null"}}}};
  for (auto i = std::size_t{0}; i < last; ++i) {
    auto next = json{{"$ref", "#/definitions/d" + std::to_string(i + 1)}};
    definitions["d" + std::to_string(i)] = {{"allOf", std::vector<json>(10, next)}};
  }
  auto x = compiled({{"items", {{"$ref", "#/definitions/d0"}}}, {"definitions", definitions}});
  EXPECT_TRUE(x.check(nested(1, nullptr)).empty());
  EXPECT_EQ(to_text(x.check(nested(1, 1))), "/0: must be null, is integer");
}

TEST(schema_robustness, a_hundred_thousand_items_are_unique_or_not) {
  auto x = compiled({{"uniqueItems", true}});
  auto items = json::array();
  for (auto i = 0; i < 100'000; ++i)
    items.push_back({{"id", i}, {"name", "item " + std::to_string(i)}});
  EXPECT_TRUE(x.check(items).empty());
  items[77'777] = items[5];
  EXPECT_EQ(to_text(x.check(items)), "must have no equal items, but items 5 and 77777 are equal");
}

TEST(schema_robustness, a_hundred_thousand_choices_are_searched_not_tried) {
  auto choices = json::array();
  auto items = json::array();
  for (auto i = 0; i < 100'000; ++i) {
    choices.push_back("choice " + std::to_string(i));
    items.push_back("choice " + std::to_string(99'999 - i));
  }
  auto x = compiled({{"items", {{"enum", choices}}}});
  EXPECT_TRUE(x.check(items).empty());
  items[3] = "none";
  EXPECT_EQ(x.check(items).size(), 1u);
}

TEST(schema_robustness, ten_thousand_properties_are_met_in_one_pass) {
  auto properties = json::object();
  auto value = json::object();
  for (auto i = 0; i < 10'000; ++i) {
    properties["p" + std::to_string(i)] = {{"const", i}};
    value["p" + std::to_string(i)] = i;
  }
  auto x = compiled({{"properties", properties}, {"additionalProperties", false}});
  EXPECT_TRUE(x.check(value).empty());
  EXPECT_TRUE(x.check({{"p9999", 9999}, {"p0", 0}, {"p5000", 5000}}).empty());
  value["p9999"] = 0;
  value["q"] = 1;
  EXPECT_EQ(to_text(x.check(value)), "/p9999: must be 9999, is 0\n/q: unknown property 'q'");
}

TEST(schema_robustness, one_validator_serves_four_threads) {
  auto x = compiled({{"properties",
                      {{"when", {{"format", "date-time"}}},
                       {"id", {{"pattern", "^(a+)+-[0-9]{4,8}$"}}},
                       {"tree", {{"anyOf", {{{"type", "null"}}, {{"$ref", "#"}}}}}}}},
                     {"additionalProperties", false}});
  auto good =
    json{{"when", "2026-11-20T11:02:52Z"}, {"id", "aaa-1234"}, {"tree", {{"id", "a-0000"}}}};
  auto bad = json{{"when", "today"}, {"id", "b"}, {"tree", {{"other", 1}}}};
  auto expected = x.check(bad);
  ASSERT_EQ(expected.size(), 3u);
  auto wrong = std::vector<int>(4);
  auto threads = std::vector<std::thread>{};
  for (auto i = std::size_t{0}; i < wrong.size(); ++i)
    threads.emplace_back([&, i, mine = x] {
      for (auto n = 0; n < 500; ++n)
        wrong[i] += !mine.check(good).empty() || mine.check(bad) != expected ? 1 : 0;
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

/// Small random values: the same few words, so that schemas and values meet.
class random_json {
public:
  explicit random_json(unsigned seed) : engine_(seed) {}

  std::size_t pick(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>{0, n - 1}(engine_);
  }

  json value(int depth) {
    switch (pick(depth > 0 ? 9 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return pick(2) == 0;
    case 2:
      return static_cast<int>(pick(5)) - 1;
    case 3:
      return static_cast<double>(pick(9)) / 4;
    case 4:
    case 5:
      return word();
    case 6: {
      auto xs = json::array();
      for (auto n = pick(4); n > 0; --n)
        xs.push_back(value(depth - 1));
      return xs;
    }
    default: {
      auto xs = json::object();
      for (auto n = pick(4); n > 0; --n)
        xs[word()] = value(depth - 1);
      return xs;
    }
    }
  }

  json schema(int depth) {
    if (depth == 0)
      return pick(2) == 0 ? json(pick(4) != 0) : json{{"type", type()}};
    auto x = json::object();
    for (auto n = 1 + pick(3); n > 0; --n)
      keyword(x, depth - 1);
    return x;
  }

private:
  std::string word() {
    return std::vector<std::string>{"a", "b", "ab", "ba", "a/b", ""}[pick(6)];
  }

  std::string type() {
    return std::vector<std::string>{"null",   "boolean", "integer", "number",
                                    "string", "array",   "object"}[pick(7)];
  }

  json list(int depth) {
    auto xs = json::array();
    for (auto n = 1 + pick(2); n > 0; --n)
      xs.push_back(schema(depth));
    return xs;
  }

  void keyword(json& x, int depth) {
    switch (pick(20)) {
    case 0:
      x["type"] = pick(2) == 0 ? json(type()) : json::array({"string", "object", "integer"});
      break;
    case 1:
      x["enum"] = json::array({value(1), value(1)});
      break;
    case 2:
      x["const"] = value(1);
      break;
    case 3:
      x["minimum"] = static_cast<int>(pick(3)) - 1;
      break;
    case 4:
      x["multipleOf"] = 0.5;
      break;
    case 5:
      x["maxLength"] = pick(3);
      break;
    case 6:
      x["pattern"] = std::vector<std::string>{"a", "^b", "b$", "(a|b)+"}[pick(4)];
      break;
    case 7:
      x["items"] = pick(2) == 0 ? schema(depth) : list(depth);
      x["additionalItems"] = schema(depth);
      break;
    case 8:
      x["uniqueItems"] = true;
      break;
    case 9:
      x["contains"] = schema(depth);
      break;
    case 10:
      x["required"] = json::array({word()});
      break;
    case 11:
    case 12:
      x["properties"] = {{word(), schema(depth)}, {word(), schema(depth)}};
      break;
    case 13:
      x["additionalProperties"] = schema(depth);
      break;
    case 14:
      x["patternProperties"] = {{"^a", schema(depth)}};
      break;
    case 15:
      x["propertyNames"] = schema(depth);
      break;
    case 16:
      x["dependencies"] = {{word(), schema(depth)}, {word() + "x", json::array({word()})}};
      break;
    case 17:
      x[std::vector<std::string>{"allOf", "anyOf", "oneOf"}[pick(3)]] = list(depth);
      break;
    case 18:
      x["not"] = schema(depth);
      break;
    default:
      x["if"] = schema(depth);
      x["then"] = schema(depth);
      x["else"] = schema(depth);
      break;
    }
  }

  std::mt19937 engine_;
};

/// The pointers of all values in `x`, in document order.
void list_pointers(const json& x, const json::json_pointer& at, std::vector<std::string>& into) {
  into.push_back(at.to_string());
  for (auto i = std::size_t{0}; x.is_array() && i < x.size(); ++i)
    list_pointers(x[i], at / i, into);
  if (x.is_object())
    for (const auto& [name, member] : x.items())
      list_pointers(member, at / name, into);
}

/// Whether the violations stand at values of `x`, in document order.
bool in_document_order(const std::vector<dagger::schema::violation>& found, const json& x) {
  auto pointers = std::vector<std::string>{};
  list_pointers(x, json::json_pointer{}, pointers);
  auto at = pointers.begin();
  for (const auto& v : found) {
    at = std::find(at, pointers.end(), v.pointer);
    if (at == pointers.end())
      return false;
  }
  return true;
}

TEST(schema_robustness, whatever_is_refused_is_refused_for_reasons_in_document_order) {
  constexpr auto seed = 20'261u;
  auto random = random_json{seed};
  auto refused = 0;
  for (auto i = 0; i < 3'000; ++i) {
    auto schema = random.schema(3);
    auto x = compiled(schema);
    auto opposite = compiled({{"not", schema}});
    for (auto n = 0; n < 5; ++n) {
      auto value = random.value(3);
      // A refusal without a reason would stop the process in here.
      auto found = x.check(value);
      EXPECT_NE(found.empty(), opposite.check(value).empty()) << schema << "\n" << value;
      refused += found.empty() ? 0 : 1;
      EXPECT_TRUE(in_document_order(found, value)) << to_text(found) << "\n" << value;
    }
  }
  EXPECT_GT(refused, 1'000) << "seed " << seed;
}

} // namespace
