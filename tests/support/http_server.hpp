// A server for http that answers as a test says.
#pragma once

#include <dagger/actors/descriptor.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace dagger::test {

/// Answers each request on a port of its own with what a function makes of its text; nothing: lets
/// the client wait.
class http_server {
public:
  using handler = std::function<std::string(const std::string& request)>;

  explicit http_server(handler answer) : answer_(std::move(answer)) {
    listener_ = actors::descriptor{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    auto at = ::sockaddr_in{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    auto size = static_cast<::socklen_t>(sizeof(at));
    if (::bind(listener_.get(), reinterpret_cast<::sockaddr*>(&at), size) != 0
        || ::listen(listener_.get(), 16) != 0
        || ::getsockname(listener_.get(), reinterpret_cast<::sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("no server");
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
  }

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

  struct asked {
    std::string text;
    std::chrono::steady_clock::time_point at;
  };

  /// What has been asked so far.
  std::vector<asked> seen() const {
    auto lock = std::lock_guard{mutex_};
    return seen_;
  }

private:
  static bool is_readable(int fd) {
    auto one = ::pollfd{fd, POLLIN, 0};
    return ::poll(&one, 1, 20) > 0;
  }

  void serve(const std::stop_token& stop) {
    auto waiting = std::vector<actors::descriptor>{};
    while (!stop.stop_requested()) {
      if (!is_readable(listener_.get()))
        continue;
      auto client = actors::descriptor{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      auto request = read_request(client.get(), stop);
      {
        auto lock = std::lock_guard{mutex_};
        seen_.push_back({request, std::chrono::steady_clock::now()});
      }
      auto answer = answer_(request);
      for (auto left = std::string_view{answer}; !left.empty();) {
        auto n = ::send(client.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (n <= 0)
          break;
        left.remove_prefix(static_cast<std::size_t>(n));
      }
      if (answer.empty())
        waiting.push_back(std::move(client));
    }
  }

  static std::string read_request(int client, const std::stop_token& stop) {
    auto text = std::string{};
    auto wanted = std::string::npos;
    while (text.size() < wanted && !stop.stop_requested()) {
      char buffer[4096];
      if (!is_readable(client))
        continue;
      auto n = ::recv(client, buffer, sizeof(buffer), 0);
      if (n <= 0)
        break;
      text.append(buffer, static_cast<std::size_t>(n));
      auto end = text.find("\r\n\r\n");
      if (wanted == std::string::npos && end != std::string::npos) {
        auto length = text.find("Content-Length: ");
        wanted = end + 4 + (length < end ? std::stoul(text.substr(length + 16)) : 0);
      }
    }
    return text;
  }

  handler answer_;
  actors::descriptor listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<asked> seen_;
  std::jthread thread_;
};

/// The text of an answer; `headers` end with a line break each.
inline std::string http_answer(const std::string& status, const std::string& body,
                               const std::string& headers = {}) {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers
       + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace dagger::test
