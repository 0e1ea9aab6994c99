// The calls by which LMDB 0.9 writes its data file, with the same names as in libc;
// the program exports them, so that the library finds these first.
#include "disk_recorder.hpp"

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace dagger::test {

namespace {

struct recorder {
  bool on = false;
  dev_t device{};
  ino_t inode{};
  std::vector<disk_step> steps;
  int fault = 0;
  std::size_t calls_before_fault = 0;

  /// Whether this call must fail, with errno set.
  bool refuses(int fd) {
    if (fault == 0 || !watches(fd))
      return false;
    if (calls_before_fault > 0) {
      --calls_before_fault;
      return false;
    }
    errno = fault;
    return true;
  }

  bool watches(int fd) const {
    struct stat s;
    return on && ::fstat(fd, &s) == 0 && s.st_dev == device && s.st_ino == inode;
  }

  void written(int fd, off_t offset, const void* bytes, ssize_t size) {
    if (size <= 0)
      return;
    // The descriptor that LMDB writes its meta pages to syncs each write.
    auto synced = (::fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    steps.push_back({synced ? disk_step::kind::synced_write : disk_step::kind::write,
                     static_cast<std::uint64_t>(offset),
                     {static_cast<const char*>(bytes), static_cast<std::size_t>(size)},
                     0});
  }
};

recorder& the_recorder() {
  static auto r = recorder{};
  return r;
}

/// The function of libc that stands behind ours.
template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

} // namespace

void record_disk(const std::string& path) {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0)
    throw std::runtime_error("nothing to record: " + path);
  the_recorder() = {};
  the_recorder().on = true;
  the_recorder().device = s.st_dev;
  the_recorder().inode = s.st_ino;
}

void mark_disk(std::size_t number) {
  the_recorder().steps.push_back({disk_step::kind::mark, 0, {}, number});
}

void fail_disk(int number, std::size_t after) {
  the_recorder().fault = number;
  the_recorder().calls_before_fault = after;
}

std::vector<disk_step> recorded_disk() {
  return std::exchange(the_recorder(), {}).steps;
}

} // namespace dagger::test

extern "C" {

using dagger::test::disk_step;
using dagger::test::real;
using dagger::test::the_recorder;

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static auto* next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  if (the_recorder().refuses(fd))
    return -1;
  auto done = next(fd, bytes, size, offset);
  if (the_recorder().watches(fd))
    the_recorder().written(fd, offset, bytes, done);
  return done;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static auto* next = real<ssize_t(int, const void*, size_t)>("write");
  if (the_recorder().refuses(fd))
    return -1;
  auto watched = the_recorder().watches(fd);
  auto at = watched ? ::lseek(fd, 0, SEEK_CUR) : 0;
  auto done = next(fd, bytes, size);
  if (watched)
    the_recorder().written(fd, at, bytes, done);
  return done;
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* next = real<ssize_t(int, const iovec*, int)>("writev");
  if (the_recorder().refuses(fd))
    return -1;
  auto watched = the_recorder().watches(fd);
  auto at = watched ? ::lseek(fd, 0, SEEK_CUR) : 0;
  auto done = next(fd, parts, count);
  auto bytes = std::string{};
  for (auto i = 0; watched && i < count; ++i)
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  if (watched)
    the_recorder().written(fd, at, bytes.data(), done);
  return done;
}

int fdatasync(int fd) {
  static auto* next = real<int(int)>("fdatasync");
  if (the_recorder().refuses(fd))
    return -1;
  auto done = next(fd);
  if (the_recorder().watches(fd) && done == 0)
    the_recorder().steps.push_back({disk_step::kind::sync, 0, {}, 0});
  return done;
}

int fsync(int fd) {
  static auto* next = real<int(int)>("fsync");
  if (the_recorder().refuses(fd))
    return -1;
  auto done = next(fd);
  if (the_recorder().watches(fd) && done == 0)
    the_recorder().steps.push_back({disk_step::kind::sync, 0, {}, 0});
  return done;
}

} // extern "C"
