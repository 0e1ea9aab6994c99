// A sorted list: scopes are small and read more often than they are made.
#include <dagger/script/scope.hpp>

#include <algorithm>

namespace dagger::script {

const scope::entry* scope::find(std::string_view name) const {
  auto it = std::ranges::lower_bound(entries_, name, {}, &entry::name);
  return it != entries_.end() && it->name == name ? &*it : nullptr;
}

void scope::put(entry x) {
  auto it = std::ranges::lower_bound(entries_, x.name, {}, &entry::name);
  if (it != entries_.end() && it->name == x.name)
    *it = x;
  else
    entries_.insert(it, x);
}

} // namespace dagger::script
