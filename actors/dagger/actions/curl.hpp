// One HTTP request and its answer: the wrapper around libcurl. Knows no agents.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/time.hpp>

#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace dagger::actions {

struct http_request {
  std::string method = "GET";
  std::string url = {};
  std::map<std::string, std::string> headers = {};
  std::optional<std::string> body = {};
};

struct http_answer {
  int status = 0;
  /// Names in small letters; of several with one name the values are joined by ", ".
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  /// What the server asks for before the next try.
  std::optional<duration> retry_after = {};
};

/// Sends a request and reads the answer; at most ten redirections are followed. TLS certificates
/// are verified. Ends at once when `stop` is requested (cancelled). Fails with `unavailable` (no
/// connection, no certificate that can be trusted), `invalid_input` (the URL), `too_large` (the
/// body, `limits::http_body_bytes`).
result<http_answer> send(const http_request& x, const std::stop_token& stop);

} // namespace dagger::actions
