// A file descriptor that is closed with its object.
#pragma once

#include <utility>

#include <unistd.h>

namespace dagger::actors {

class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  /// Negative if there is none.
  int get() const {
    return fd_;
  }

private:
  int fd_ = -1;
};

} // namespace dagger::actors
