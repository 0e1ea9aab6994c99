// Exact comparison of JSON values as JSON Schema means it: 1 equals 1.0, integers beyond 2^53
// and decimal fractions keep every digit. Knows nothing of schemas.
#pragma once

#include <dagger/value/json.hpp>

#include <compare>

namespace dagger::schema {

/// The order of two numbers, exact whatever their types; unordered if one is no number.
std::partial_ordering compare_numbers(const json& a, const json& b);

/// A total order in which exactly the equal values of JSON Schema are equal. Recursive: for
/// values within `limits::nesting`.
std::strong_ordering order(const json& a, const json& b);

/// Whether a number is without fraction: 1, 1.0 and 1e300 are.
bool is_integer(const json& x);

/// Whether `x` / `divisor` is an integer, computed on the decimal digits: 19.99 is a multiple of
/// 0.01. Both are numbers, `divisor` greater than 0.
bool is_multiple(const json& x, const json& divisor);

} // namespace dagger::schema
