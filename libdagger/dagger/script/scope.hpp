// The names that a program sees and the values behind them. Knows no Lua.
#pragma once

#include <dagger/value/json.hpp>

#include <span>
#include <string_view>
#include <vector>

namespace dagger::script {

/// Names, each with a JSON value or with names of its own (`nodes`). Holds references only: names,
/// values and inner scopes must outlive it and stay unchanged while a program runs.
class scope {
public:
  /// Either a value or an inner scope.
  struct entry {
    std::string_view name;
    const json* value = nullptr;
    const scope* inner = nullptr;
  };

  /// Names `value`; what had the name before loses it.
  void add(std::string_view name, const json& value) {
    put({name, &value, nullptr});
  }

  /// Names a group of names.
  void add(std::string_view name, const scope& inner) {
    put({name, nullptr, &inner});
  }

  void add(std::string_view name, json&& value) = delete;
  void add(std::string_view name, scope&& inner) = delete;

  /// Forgets all names.
  void clear() {
    entries_.clear();
  }

  /// Null if there is none.
  const entry* find(std::string_view name) const;

  /// Sorted by name.
  std::span<const entry> entries() const {
    return entries_;
  }

private:
  void put(entry x);

  std::vector<entry> entries_;
};

} // namespace dagger::script
