// Schemas and values as text, violations as text: what the tests of the room share.
#pragma once

#include <dagger/schema/validator.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace checking {

/// The compiled schema; the test fails if it is refused.
inline dagger::schema::validator compiled(const dagger::json& schema) {
  auto made = dagger::schema::validator::compile(schema);
  EXPECT_TRUE(made) << schema << "\n" << (made ? "" : to_string(made.error()));
  return made.value_or(dagger::schema::validator{});
}

/// The violations of `value`, a line each; "" if it is valid.
inline std::string check(std::string_view schema, std::string_view value) {
  return to_text(compiled(dagger::json::parse(schema)).check(dagger::json::parse(value)));
}

/// The error that refuses the schema.
inline dagger::error refusal_of(const dagger::json& schema) {
  auto made = dagger::schema::validator::compile(schema);
  EXPECT_FALSE(made) << schema << "\nshould be refused";
  return made ? dagger::error{} : made.error();
}

inline dagger::error refusal(std::string_view schema) {
  return refusal_of(dagger::json::parse(schema));
}

} // namespace checking
