// Stream sockets by path. The path of a socket is short, that of a store may be long.
#include "control_client.hpp"

#include "console.hpp"

#include <dagger/codec/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

namespace dagger::apps {

namespace {

tl::unexpected<error> nobody(const std::filesystem::path& store, int why) {
  return fail(code::unavailable, std::string{"the engine does not answer: "} + std::strerror(why),
              store.string());
}

tl::unexpected<error> lost() {
  return fail(code::unavailable, "the engine ended before it answered", {},
              "dagger show tells whether it was done");
}

} // namespace

result<control_client> control_client::connect(const std::filesystem::path& store) {
  const int folder = ::open(store.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return nobody(store, errno);
  auto address = sockaddr_un{};
  address.sun_family = AF_UNIX;
  const auto path =
    "/proc/self/fd/" + std::to_string(folder) + "/" + std::string{actors::control_socket_name};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  auto made = control_client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  auto failed =
    made.socket_ < 0
    || ::connect(made.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
  const int why = errno;
  ::close(folder);
  if (failed)
    return nobody(store, why);
  return made;
}

control_client::~control_client() {
  if (socket_ >= 0)
    ::close(socket_);
}

control_client::control_client(control_client&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)),
    read_(std::move(other.read_)) {}

bool control_client::read_line(std::string& to) {
  auto part = std::array<char, 4096>{};
  while (true) {
    if (const auto end = read_.find('\n'); end != read_.npos) {
      to = read_.substr(0, end);
      read_.erase(0, end + 1);
      return true;
    }
    const auto n = ::recv(socket_, part.data(), part.size(), 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    read_.append(part.data(), static_cast<std::size_t>(n));
  }
}

result<std::string> control_client::answer_to(const actors::control_request& what) {
  auto line = std::string{};
  if (write_all(socket_, actors::to_line(what)) != 0 || !read_line(line))
    return lost();
  return line;
}

result<json> control_client::ask(const actors::control_request& what) {
  const auto line = answer_to(what);
  return line ? actors::read_answer(*line) : fail(line.error());
}

std::vector<error> control_client::ask_for_problems(const actors::control_request& what) {
  const auto line = answer_to(what);
  return line ? actors::read_problems(*line) : std::vector{line.error()};
}

result<void> control_client::send(const actors::control_request& what) {
  if (write_all(socket_, actors::to_line(what)) != 0)
    return lost();
  return {};
}

bool control_client::read_some() {
  auto part = std::array<char, 65536>{};
  while (true) {
    const auto n = ::recv(socket_, part.data(), part.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    read_.append(part.data(), static_cast<std::size_t>(n));
  }
}

result<std::vector<json>> control_client::take_answers() {
  const auto open = read_some();
  auto out = std::vector<json>{};
  for (auto end = read_.find('\n'); end != read_.npos; end = read_.find('\n')) {
    auto answer = actors::read_answer(std::string_view{read_}.substr(0, end));
    if (!answer)
      return fail(std::move(answer.error()));
    out.push_back(std::move(*answer));
    read_.erase(0, end + 1);
  }
  if (out.empty() && !open)
    return fail(code::unavailable, "the engine that held the store has ended");
  return out;
}

bool control_client::take() {
  auto open = read_some();
  // Events are wake-ups here, whoever gets them reads the store; any other line is the last one.
  for (auto end = read_.find('\n'); end != read_.npos; end = read_.find('\n')) {
    const auto answer = actors::read_answer(std::string_view{read_}.substr(0, end));
    open = open && answer && (answer->contains("event") || answer->contains("stream"));
    read_.erase(0, end + 1);
  }
  return open;
}

} // namespace dagger::apps
