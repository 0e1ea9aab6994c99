// Every published schema is a schema, and says to people what each property is.
#include <dagger/codec/json.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/schemas.hpp>

#include <gtest/gtest.h>

namespace {

using dagger::json;

/// Reports each property below `schema` that has no title or no description.
void expect_described(const json& schema, const std::string& place) {
  if (schema.is_array())
    for (auto i = std::size_t{0}; i < schema.size(); ++i)
      expect_described(schema[i], place + "/" + std::to_string(i));
  if (!schema.is_object())
    return;
  for (auto& [name, inner] : schema.items()) {
    if (name == "properties" || name == "definitions") {
      for (auto& [property, what] : inner.items()) {
        auto described = what.contains("title") && what.contains("description");
        EXPECT_TRUE(what.contains("$ref") || described) << place << "/" << name << "/" << property;
      }
    }
    expect_described(inner, place + "/" + name);
  }
}

TEST(shapes, every_published_schema_compiles_and_describes_its_properties) {
  for (auto name : dagger::schemas::names()) {
    auto schema = dagger::parse_json(dagger::schemas::text(name));
    ASSERT_TRUE(schema) << name;
    auto compiled = dagger::schema::validator::compile(*schema);
    EXPECT_TRUE(compiled) << name << ": " << dagger::to_string(compiled.error());
    EXPECT_EQ(schema->value("$schema", ""), "http://json-schema.org/draft-07/schema#") << name;
    EXPECT_TRUE(schema->contains("title") && schema->contains("description")) << name;
    expect_described(*schema, std::string{name});
  }
}

/// The violations of `text`, which the schema `name` describes.
std::string broken(const char* name, const char* text) {
  auto schema = dagger::parse_json(dagger::schemas::text(name)).value();
  auto value = dagger::parse_json(text).value();
  return dagger::schema::to_text(dagger::schema::validator::compile(schema).value().check(value));
}

TEST(shapes, what_the_contract_prints_is_valid) {
  EXPECT_EQ(broken("run", R"({"id": "r-1", "state": "completed", "outputs": {"report": "x"},
    "tasks": {"a": {"state": "completed", "attempts": 1, "started": "2026-11-20T11:02:52.000Z",
                    "ended": "2026-11-20T11:02:53.000Z"},
              "b": {"state": "failed", "attempts": 2,
                    "error": {"code": "timeout", "message": "m"}}}})"),
            "");
  EXPECT_EQ(broken("jobs", R"([{"id": "r-1", "name": "n", "state": "running",
    "created": "2026-11-20T11:02:52.000Z", "tasks": {"total": 3, "completed": 1, "failed": 0}}])"),
            "");
  EXPECT_EQ(broken("check", R"([{"file": "f", "valid": false, "warnings": [],
    "problems": [{"code": "invalid_input", "message": "m", "where": "f:1:2"}]}])"),
            "");
  EXPECT_EQ(broken("agents", R"([{"name": "set", "input": true, "concurrency": 8}])"), "");
  EXPECT_EQ(broken("error", R"({"code": "store_in_use", "message": "m", "hint": "h"})"), "");
  EXPECT_EQ(broken("show", R"({"id": "r-1", "name": "n", "state": "paused", "outputs": null,
    "created": "2026-11-20T11:02:52.000Z",
    "tasks": [{"name": "a", "agent": "x", "state": "backoff",
               "attempts": [{"started": "2026-11-20T11:02:52.000Z"}]}],
    "history": [{"at": "2026-11-20T11:02:52.000Z", "event": "submitted"}]})"),
            "");
  EXPECT_EQ(broken("event", R"({"at": "2026-11-20T11:02:52.000Z", "event": "running", "task": "a",
    "detail": {"visit": 1, "attempt": 1}})"),
            "");
  EXPECT_EQ(broken("stream", R"({"position": 3, "at": "2026-11-20T11:02:52.000Z", "visit": 1,
    "attempt": 2, "chunk": "x"})"),
            "");
}

TEST(shapes, what_it_does_not_print_is_not) {
  EXPECT_NE(broken("run", R"({"id": "r-1", "state": "done", "outputs": {}, "tasks": {}})"), "");
  EXPECT_NE(broken("run", R"({"id": "r-1", "state": "failed", "outputs": {}})"), "");
  EXPECT_NE(broken("jobs", "{}"), "");
  EXPECT_NE(broken("check", R"([{"file": "f"}])"), "");
  EXPECT_NE(broken("agents", R"([{}])"), "");
  EXPECT_NE(broken("error", R"({"code": 3})"), "");
  EXPECT_NE(broken("show", R"({"id": "r-1"})"), "");
  EXPECT_NE(broken("event", R"({"event": "running"})"), "");
  EXPECT_NE(broken("stream", R"({"position": -1, "at": "now", "visit": 1, "attempt": 1})"), "");
  EXPECT_NE(broken("graph", R"({"title": "t", "direction": "UP", "nodes": [], "edges": []})"), "");
}

} // namespace
