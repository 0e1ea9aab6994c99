// An address of a socket ends at 108 bytes, so it goes by way of the open directory.
#include <dagger/actors/control_socket.hpp>

#include <dagger/actors/control_protocol.hpp>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace dagger::actors {

namespace {

const std::string socket_name{control_socket_name};

tl::unexpected<error> failed(std::string_view what, const std::filesystem::path& store) {
  auto number = errno;
  return fail(number == EROFS || number == EACCES ? code::store_readonly : code::unavailable,
              std::string{what} + " " + socket_name + ": "
                + std::generic_category().message(number),
              store.string());
}

descriptor opened(const std::filesystem::path& directory) {
  return descriptor{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

sockaddr_un address_in(const descriptor& directory) {
  auto path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + socket_name;
  auto made = sockaddr_un{};
  made.sun_family = AF_UNIX;
  std::memcpy(made.sun_path, path.c_str(), path.size() + 1);
  return made;
}

} // namespace

result<control_socket> control_socket::open(const std::filesystem::path& store) {
  auto directory = opened(store);
  if (directory.get() < 0)
    return failed("cannot make", store);
  auto listener = descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // Before it has a name, so that nobody else can be faster.
  if (listener.get() < 0 || ::fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0)
    return failed("cannot make", store);
  if (::unlinkat(directory.get(), socket_name.c_str(), 0) != 0 && errno != ENOENT)
    return failed("cannot replace", store);
  auto address = address_in(directory);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
      || ::listen(listener.get(), SOMAXCONN) != 0)
    return failed("cannot listen at", store);
  return control_socket{std::move(directory), std::move(listener)};
}

control_socket::~control_socket() {
  if (directory_.get() >= 0)
    ::unlinkat(directory_.get(), socket_name.c_str(), 0);
}

result<descriptor> connect_to_engine(const std::filesystem::path& store) {
  auto directory = opened(store);
  if (directory.get() < 0)
    return fail(code::not_found, "there is no store " + store.string());
  auto made = descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (made.get() < 0)
    return failed("cannot connect to", store);
  auto address = address_in(directory);
  while (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EINTR)
      continue;
    if (errno == ENOENT || errno == ECONNREFUSED)
      return fail(code::not_found, "no engine listens there", store.string());
    return failed("cannot connect to", store);
  }
  return made;
}

} // namespace dagger::actors
