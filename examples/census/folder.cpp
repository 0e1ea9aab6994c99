// Reads a folder.
#include "folder.hpp"

#include "files.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>

#include <sys/stat.h>

namespace census {

namespace {

/// Some file systems do not tell the kind of what they list.
unsigned char kind_of(int folder, const dirent& entry) {
  struct stat status {};
  if (entry.d_type != DT_UNKNOWN)
    return entry.d_type;
  if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return DT_REG; // its counter will say why
  return IFTODT(status.st_mode);
}

} // namespace

dagger::result<listing> list(const std::string& root, const std::string& path) {
  auto folder = open_below(root, path, O_RDONLY | O_DIRECTORY);
  if (!folder)
    return dagger::fail(folder.error());
  const auto stream = std::unique_ptr<DIR, int (*)(DIR*)>{::fdopendir(folder->number()), closedir};
  if (!stream)
    return last_error();
  folder->release();
  auto found = listing{};
  errno = 0;
  while (const auto* entry = ::readdir(stream.get())) {
    const auto name = std::string_view{entry->d_name};
    const auto kind = kind_of(::dirfd(stream.get()), *entry);
    if (kind == DT_REG)
      found.files.emplace_back(name);
    else if (kind == DT_DIR && name != "." && name != ".." && name != ".git")
      found.folders.emplace_back(name);
    errno = 0;
  }
  if (errno != 0)
    return last_error();
  std::ranges::sort(found.files);
  std::ranges::sort(found.folders);
  return found;
}

} // namespace census
