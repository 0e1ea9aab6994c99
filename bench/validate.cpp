// P7: a message of 256 bytes against its schema, beside the parse of its text.
#include "support/bench.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/schema/validator.hpp>

namespace {

using namespace dagger;

constexpr auto schema_text = R"({
  "type": "object",
  "required": ["id", "at", "customer", "items"],
  "properties": {
    "id": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"},
    "at": {"type": "string", "format": "date-time"},
    "customer": {"type": "object", "required": ["name"],
                 "properties": {"name": {"type": "string", "maxLength": 80},
                                "vip": {"type": "boolean"}}},
    "items": {"type": "array", "minItems": 1,
              "items": {"type": "object", "required": ["sku", "count"],
                        "properties": {"sku": {"type": "string"},
                                       "count": {"type": "integer", "minimum": 1},
                                       "price": {"type": "number", "minimum": 0}}}},
    "note": {"type": "string"}
  },
  "additionalProperties": false
})";

constexpr auto message_text =
  R"({"id":"AB-123456","at":"2026-12-02T10:11:12.345Z",)"
  R"("customer":{"name":"Ann Example","vip":true},)"
  R"("items":[{"sku":"tea-0017","count":2,"price":3.5},{"sku":"cake-001","count":1,"price":4.25}],)"
  R"("note":"please ring twice, the bell is a bit shy today"})";

/// Seconds for one of `n` calls.
template <class F>
double time_of(std::size_t n, F&& run) {
  auto start = bench::seconds();
  for (auto i = std::size_t{0}; i < n; ++i)
    run();
  return (bench::seconds() - start) / static_cast<double>(n);
}

} // namespace

int main() {
  auto schema = schema::validator::compile(*parse_json(schema_text));
  if (!schema)
    throw schema.error();
  auto value = *parse_json(message_text);
  if (!schema->check(value).empty())
    throw error{code::exception, "the message does not fit"};
  constexpr auto n = std::size_t{100'000};
  auto checks = std::vector<double>{};
  auto parses = std::vector<double>{};
  auto wrong = std::size_t{0};
  for (auto round = 0; round < 5; ++round) {
    checks.push_back(time_of(n, [&] { wrong += !schema->check(value).empty(); }) * 1e6);
    parses.push_back(time_of(n, [&] { wrong += json::parse(message_text).is_null(); }) * 1e6);
  }
  if (wrong > 0)
    throw error{code::exception, "a check failed"};
  bench::print({"validate",
                bench::median(checks),
                "us",
                bench::median(parses),
                n,
                {{"bytes", std::string_view{message_text}.size()}}});
}
