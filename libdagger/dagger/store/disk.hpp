// The little that stores ask of a file system, and its refusals in words. Knows
// nothing of tables or LMDB.
#pragma once

#include <dagger/result.hpp>

#include <filesystem>
#include <utility>

namespace dagger::store {

/// Owns a file descriptor.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();

  int get() const {
    return fd_;
  }

private:
  int fd_ = -1;
};

/// What `number`, an errno, means for a store: store_full (also EIO while the disk is nearly
/// full), store_readonly, not_found, or unavailable. `doing`: "cannot write".
error disk_error(int number, std::string_view doing, const std::filesystem::path& path);

/// Whether a file has the largest size that this process may give to one (`ulimit -f`).
bool is_as_large_as_allowed(const std::filesystem::path& file);

/// open(2) with O_CLOEXEC.
result<descriptor> open_file(const std::filesystem::path& path, int flags);

/// Makes the bytes of a file, or the names in a directory, durable.
result<void> sync(const std::filesystem::path& path);

/// rename(2), made durable.
result<void> move_durably(const std::filesystem::path& from, const std::filesystem::path& to);

} // namespace dagger::store
