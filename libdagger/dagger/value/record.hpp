// A record lists its fields once; JSON, stored bytes and actor messages are all
// derived from that list. Includes nothing of Dagger and nothing of CAF.
#pragma once

#include <type_traits>

namespace dagger {

template <class T>
struct field {
  const char* name;
  T& value;
};

template <class T>
field(const char*, T&) -> field<T>;

/// A struct with `type_name` and `fields(self, visit)`, which hands all its
/// fields to `visit` in one call.
template <class T>
concept record = requires {
  T::type_name;
};

} // namespace dagger
