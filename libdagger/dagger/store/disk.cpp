// System calls on files, with errors that name the path.
#include <dagger/store/disk.hpp>

#include <dagger/limits.hpp>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace dagger::store {

namespace {

bool nearly_full(const std::filesystem::path& path) {
  auto ignored = std::error_code{};
  auto folder = std::filesystem::is_directory(path, ignored) ? path : path.parent_path();
  auto space = std::filesystem::space(folder.empty() ? "." : folder, ignored);
  return !ignored && space.available < limits::min_free_bytes;
}

} // namespace

descriptor::~descriptor() {
  if (fd_ >= 0)
    ::close(fd_);
}

error disk_error(int number, std::string_view doing, const std::filesystem::path& path) {
  auto message = std::string{doing} + ": " + std::generic_category().message(number);
  switch (number) {
  case ENOSPC:
  case EDQUOT:
    return {code::store_full, message, path, "free space on its disk; nothing was changed"};
  case EFBIG:
    return {code::store_full, message, path, "allow larger files (ulimit -f); nothing was changed"};
  case EIO:
    if (nearly_full(path))
      return {code::store_full, message + ", and the disk is nearly full", path,
              "free space on its disk; nothing was changed"};
    return {code::unavailable, message, path, "look at the system's log for errors of the disk"};
  case EROFS:
    return {code::store_readonly, message, path,
            "mount its disk for writing, or copy the store to another one"};
  case EACCES:
  case EPERM:
    return {code::store_readonly, message, path,
            "the store's files must be readable and writable for this user"};
  case EMFILE:
  case ENFILE:
    return {code::unavailable, message, path, "allow more open files (ulimit -n)"};
  case ENOENT:
    return {code::not_found, message, path, {}};
  default:
    return {code::unavailable, message, path, {}};
  }
}

bool is_as_large_as_allowed(const std::filesystem::path& file) {
  auto most = rlimit{};
  auto ignored = std::error_code{};
  auto size = std::filesystem::file_size(file, ignored);
  return !ignored && ::getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY
      && size >= most.rlim_cur;
}

result<descriptor> open_file(const std::filesystem::path& path, int flags) {
  auto fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail(disk_error(errno, "cannot open it", path));
  return descriptor{fd};
}

result<void> sync(const std::filesystem::path& path) {
  auto file = open_file(path, O_RDONLY);
  if (!file)
    return fail(std::move(file.error()));
  if (::fsync(file->get()) != 0)
    return fail(disk_error(errno, "cannot sync it", path));
  return {};
}

result<void> move_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    return fail(disk_error(errno, "cannot move " + from.string() + " there", to));
  return sync(to.has_parent_path() ? to.parent_path() : ".");
}

} // namespace dagger::store
