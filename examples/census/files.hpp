// Names and files as they are: names of any bytes, no link followed. Knows nothing of the census.
#pragma once

#include <dagger/dagger.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace census {

/// An open file; closed with this object.
class descriptor {
public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();

  int number() const {
    return number_;
  }

  /// Gives the file away.
  int release() {
    return std::exchange(number_, -1);
  }

private:
  int number_;
};

/// Names are bytes, JSON is UTF-8: `encoded` writes '%' as %25, and in a name that is not
/// UTF-8 also every byte from 0x80 on. `decoded` gives the same bytes back.
std::string encoded(std::string_view name);
std::string decoded(std::string_view text);

/// A decoded name for people: U+FFFD for what is not UTF-8.
std::string shown(std::string_view name);

/// `folder/name`, or only the name if the folder is "".
std::string below(std::string_view folder, std::string_view name);

/// Opens what is at `path`, relative to the folder `root` ("" is the root itself), through no
/// symbolic link and however long the path is. The error's message is the reason.
dagger::result<descriptor> open_below(const std::string& root, std::string_view path, int flags);

/// Opens a regular file in an open folder; anything else is an error, and never waited for.
dagger::result<descriptor> open_file(int folder, const std::string& name);

/// Reads until the buffer is full or the file ends; the number of bytes.
dagger::result<std::size_t> read_some(const descriptor& from, std::span<char> to);

/// The error of the last system call.
tl::unexpected<dagger::error> last_error();

} // namespace census
