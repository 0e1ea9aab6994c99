// Disks of a test's own: small ones that can be filled, others that cannot be written. They are
// seen by the thread that the test runs in and by what it starts, and are gone with them.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace dagger::test {

/// An exception is a failure of the test, not the end of the program.
inline void run(const std::function<void()>& test) {
  try {
    test();
  } catch (const std::exception& why) {
    ADD_FAILURE() << "thrown: " << why.what();
  }
}

/// Runs `test` where `mounts` has been done. Returns why that cannot be, or nothing.
inline std::string with_own_mounts(const std::function<bool()>& mounts,
                                   const std::function<void()>& test) {
  auto why = std::string{};
  auto alone = std::thread{[&] {
    if (::unshare(CLONE_NEWNS) != 0
        || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || !mounts())
      why = std::string{"a disk of its own needs the right to mount: "} + std::strerror(errno);
    else
      run(test);
  }};
  alone.join();
  return why;
}

/// On an empty disk of `bytes` at `place`.
inline std::string on_a_small_disk(const std::filesystem::path& place, std::size_t bytes,
                                   const std::function<void()>& test) {
  auto options = "size=" + std::to_string(bytes);
  return with_own_mounts(
    [&] { return ::mount("none", place.c_str(), "tmpfs", 0, options.c_str()) == 0; }, test);
}

/// With what is in `place`, which nobody can write to.
inline std::string on_a_read_only_disk(const std::filesystem::path& place,
                                       const std::function<void()>& test) {
  constexpr auto again = MS_BIND | MS_REMOUNT | MS_RDONLY;
  return with_own_mounts(
    [&] {
      return ::mount(place.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) == 0
          && ::mount("none", place.c_str(), nullptr, again, nullptr) == 0;
    },
    test);
}

inline std::size_t free_bytes(const std::filesystem::path& place) {
  return std::filesystem::space(place).available;
}

/// Writes a file `filling` that leaves `bytes` of the disk free.
inline void leave_free(const std::filesystem::path& folder, std::size_t bytes) {
  auto fd = ::open((folder / "filling").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  auto size = static_cast<off_t>(free_bytes(folder) - bytes);
  EXPECT_EQ(::posix_fallocate(fd, 0, size), 0);
  ::close(fd);
}

} // namespace dagger::test
