// One engine per store: the lock file, and who holds it.
#pragma once

#include <dagger/store/disk.hpp>

#include <optional>
#include <string>

namespace dagger::store {

/// Holds the lock of a store until it ends, or the process does. A `flock` on a file that
/// programs started by us do not inherit; a second lock on the same file lets others ask
/// who holds it without taking it.
class store_lock {
public:
  /// Errors: store_in_use names the holder.
  static result<store_lock> acquire(const std::filesystem::path& directory,
                                    std::string_view holder);

private:
  explicit store_lock(descriptor file) : file_(std::move(file)) {}

  descriptor file_;
};

/// "store runs.db is in use by process 4711 (dagger run)".
error in_use(const std::filesystem::path& directory, const std::string& by);

} // namespace dagger::store
