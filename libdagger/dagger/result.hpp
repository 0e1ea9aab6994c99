// A value or an error; the standard's `expected` until C++23 is everywhere.
#pragma once

#include <dagger/error.hpp>

#include <tl/expected.hpp>

namespace dagger {

/// A `T`, or the `error` that kept us from having one.
template <class T>
using result = tl::expected<T, error>;

/// Makes the failing side of a `result`: `return fail(code::limit, "...")`.
inline tl::unexpected<error> fail(std::string_view code, std::string message,
                                  std::string where = {}, std::string hint = {}) {
  return tl::unexpected<error>(error{code, std::move(message), std::move(where), std::move(hint)});
}

/// Hands an error on from one `result` to another.
inline tl::unexpected<error> fail(error x) {
  return tl::unexpected<error>(std::move(x));
}

} // namespace dagger
