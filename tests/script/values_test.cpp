// Random documents pass through the sandbox, by reference and rebuilt by hand, and come out as they
// went in.
#include "evaluating.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace {

using namespace evaluating;

std::uint64_t seed() {
  const auto* given = std::getenv("DAGGER_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 20'261'202;
}

class documents {
public:
  explicit documents(std::uint64_t from) : chance_(from) {}

  json next(int depth = 0) {
    switch (chance_() % (depth < 4 ? 9 : 7)) {
    case 0:
      return depth > 0 && depth < 4 ? json(nullptr) : json(true);
    case 1:
      return chance_() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(chance_()) >> (chance_() % 64);
    case 3:
      return chance_() >> (chance_() % 64);
    case 4:
      return real();
    case 5:
    case 6:
      return text();
    case 7: {
      auto list = json::array();
      for (auto n = chance_() % 6; n > 0; --n)
        list.push_back(next(depth + 1));
      return list;
    }
    default: {
      auto object = json::object();
      for (auto n = chance_() % 6; n > 0; --n)
        object[text()] = next(depth + 1);
      return object;
    }
    }
  }

private:
  json real() {
    switch (chance_() % 4) {
    case 0:
      return std::ldexp(static_cast<double>(chance_()), static_cast<int>(chance_() % 900));
    case 1:
      return -static_cast<double>(chance_() % 1'000) / 8;
    case 2:
      return std::numeric_limits<double>::denorm_min();
    default:
      return static_cast<double>(chance_() % 100);
    }
  }

  std::string text() {
    static const char* parts[] = {"a", "Z", "0", " ", "\n", "ä", "€", "😀", "\"", "", "1", "end"};
    auto made = std::string{};
    for (auto n = chance_() % 5; n > 0; --n)
      made += parts[chance_() % std::size(parts)];
    return made + (chance_() % 16 ? "" : std::string(1, '\0') + "behind");
  }

  std::mt19937_64 chance_;
};

/// A document as Lua code sees it: members that are null are not there.
json without_null_members(const json& x) {
  if (x.is_array()) {
    auto list = json::array();
    for (const auto& element : x)
      list.push_back(without_null_members(element));
    return list;
  }
  if (!x.is_object())
    return x;
  auto object = json::object();
  for (const auto& [name, value] : x.items())
    if (!value.is_null())
      object[name] = without_null_members(value);
  return object;
}

/// Rebuilds a document element by element. `kinds` says which empty tables are lists.
const auto rebuild = std::string{R"(
  local function copy(x)
    if type(x) ~= 'table' then return x end
    local made
    if #x > 0 then
      made = array()
      for i = 1, #x do
        local e = x[i]
        if e == nil then e = null end
        made[i] = copy(e)
      end
    elseif json.encode(x) == '[]' then
      made = array()
    else
      made = {}
      for k, v in pairs(x) do made[k] = copy(v) end
    end
    return made
  end
  return copy(doc))"};

TEST(script_values, documents_come_out_as_they_went_in) {
  std::printf("seed %llu (DAGGER_SEED)\n", static_cast<unsigned long long>(seed()));
  auto made = documents{seed()};
  auto same = program::compile("doc");
  auto inside = program::compile("{list = {doc, doc}, one = doc}");
  auto text = program::compile("json.decode(json.encode(doc))");
  auto copy = program::compile(rebuild, {}, form::chunk);
  ASSERT_TRUE(same && inside && text && copy);
  auto& lua = evaluator::of_this_thread();
  for (auto round = 0; round < 3'000; ++round) {
    auto doc = made.next();
    auto names = scope{};
    names.add("doc", doc);
    auto check = [&](const dagger::result<json>& got, const json& wanted) {
      ASSERT_TRUE(got) << to_string(got.error()) << doc;
      ASSERT_EQ(*got, wanted) << doc;
    };
    check(lua.evaluate(*same, names), doc);
    check(lua.evaluate(*inside, names), json{{"list", json::array({doc, doc})}, {"one", doc}});
    check(lua.evaluate(*text, names), doc);
    check(lua.evaluate(*copy, names), without_null_members(doc));
  }
}

TEST(script_values, lists_and_objects_are_walked_in_order) {
  auto made = documents{seed()};
  auto walk = program::compile("local all = {} for k, v in pairs(doc) do all[#all + 1] = k end "
                               "return array(table.unpack(all))",
                               {}, form::chunk);
  ASSERT_TRUE(walk);
  for (auto round = 0; round < 1'000; ++round) {
    auto doc = made.next();
    if (!doc.is_structured())
      continue;
    auto wanted = json::array();
    auto i = 0;
    for (const auto& [name, value] : doc.items()) {
      ++i;
      if (!value.is_null())
        wanted.push_back(doc.is_array() ? json(i) : json(name));
    }
    auto names = scope{};
    names.add("doc", doc);
    auto got = evaluator::of_this_thread().evaluate(*walk, names);
    ASSERT_TRUE(got);
    ASSERT_EQ(*got, wanted) << doc;
  }
}

TEST(script_values, a_result_has_a_bound) {
  auto doc = json(std::string(10 << 20, 'x'));
  auto names = scope{};
  names.add("doc", doc);
  auto once = program::compile("doc", {}, form::expression, {1'000'000, 64 << 20});
  EXPECT_TRUE(evaluator::of_this_thread().evaluate(*once, names));
  auto list = json::array({std::string(10 << 20, 'x')});
  names.add("doc", list);
  auto often = program::compile("{doc, doc, doc, doc, doc, doc, doc}");
  auto got = evaluator::of_this_thread().evaluate(*often, names);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "the result[7]: is larger than 64 MiB");
}

TEST(script_values, results_nest_as_deep_as_payloads_may) {
  auto deep = json(1);
  for (auto i = 0; i < 127; ++i)
    deep = json::array({std::move(deep)});
  auto names = scope{};
  names.add("doc", deep);
  auto& lua = evaluator::of_this_thread();
  EXPECT_TRUE(lua.evaluate(*program::compile("{doc}"), names));
  EXPECT_EQ(lua.evaluate(*program::compile("{{doc}}"), names).error().code, "invalid_output");
}

} // namespace
