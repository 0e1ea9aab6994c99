// System calls, and names that JSON cannot hold.
#include "files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <sys/stat.h>

namespace census {

descriptor::~descriptor() {
  if (number_ >= 0)
    ::close(number_);
}

std::string shown(std::string_view name) {
  auto plain = true;
  for (const unsigned char c : name)
    plain = plain && c < 0x80;
  if (plain)
    return std::string{name};
  using dagger::json;
  return json::parse(json(name).dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string encoded(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto utf8 = shown(name) == name;
  auto text = std::string{};
  for (const unsigned char c : name) {
    if (c != '%' && (utf8 || c < 0x80))
      text += static_cast<char>(c);
    else
      text += {'%', digits[c >> 4], digits[c & 15]};
  }
  return text;
}

std::string decoded(std::string_view text) {
  auto name = std::string{};
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '%' && text.size() > 2) {
      name += static_cast<char>(std::stoi(std::string{text.substr(1, 2)}, nullptr, 16));
      text.remove_prefix(2);
    } else {
      name += text.front();
    }
  }
  return name;
}

std::string below(std::string_view folder, std::string_view name) {
  auto path = std::string{folder};
  if (!path.empty())
    path += '/';
  return path += name;
}

tl::unexpected<dagger::error> last_error() {
  return dagger::fail("census.unreadable", std::generic_category().message(errno));
}

dagger::result<descriptor> open_below(const std::string& root, std::string_view path, int flags) {
  constexpr int on_the_way = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  // Only the root may be reached through a link: that is what the user named.
  auto at = descriptor{
    ::open(root.c_str(), path.empty() ? flags | O_CLOEXEC : O_PATH | O_DIRECTORY | O_CLOEXEC)};
  while (at.number() >= 0 && !path.empty()) {
    const auto name = std::string{path.substr(0, path.find('/'))};
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    at = descriptor{::openat(at.number(), name.c_str(),
                             path.empty() ? flags | O_NOFOLLOW | O_CLOEXEC : on_the_way)};
  }
  if (at.number() < 0)
    return last_error();
  return at;
}

dagger::result<descriptor> open_file(int folder, const std::string& name) {
  auto file =
    descriptor{::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0)
    return last_error();
  if (!S_ISREG(status.st_mode))
    return dagger::fail("census.unreadable", "not a regular file any more");
  return file;
}

dagger::result<std::size_t> read_some(const descriptor& from, std::span<char> to) {
  auto filled = std::size_t{0};
  while (filled < to.size()) {
    const auto n = ::read(from.number(), to.data() + filled, to.size() - filled);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return last_error();
    if (n == 0)
      break;
    filled += static_cast<std::size_t>(n);
  }
  return filled;
}

} // namespace census
