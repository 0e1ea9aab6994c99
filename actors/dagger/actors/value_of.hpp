// From a `result` to an exception, at the public door and inside of users' functions.
#pragma once

#include <dagger/result.hpp>

#include <type_traits>
#include <utility>

namespace dagger::actors {

/// The value of a result; throws its error.
template <class T>
T value_of(result<T>&& x) {
  if (!x)
    throw std::move(x.error());
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

} // namespace dagger::actors
