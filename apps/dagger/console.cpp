// Standard output and standard error by plain `write`, so that every error is seen.
#include "console.hpp"

#include <dagger/codec/json.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <sys/ioctl.h>

namespace dagger::apps {

namespace {

constexpr std::size_t buffer_bytes = 64 << 10;

std::string_view escape_of(style how) {
  switch (how) {
  case style::bold:
    return "\x1b[1m";
  case style::dim:
    return "\x1b[2m";
  case style::good:
    return "\x1b[32m";
  case style::bad:
    return "\x1b[1;31m";
  case style::busy:
    return "\x1b[36m";
  case style::plain:
    break;
  }
  return {};
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value != '\0';
}

} // namespace

int write_all(int stream, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(stream, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

void console::print(std::string_view text) {
  if (closed_ || broken_)
    return;
  buffer_ += text;
  if (buffer_.size() >= buffer_bytes)
    flush();
}

void console::print_json(const json& value) {
  print(to_pretty_text(value) + "\n");
}

std::optional<error> console::flush() {
  const int failed = write_all(STDOUT_FILENO, buffer_);
  buffer_.clear();
  if (failed == EPIPE)
    closed_ = true;
  else if (failed != 0 && !broken_)
    broken_ = error{failed == ENOSPC ? code::store_full : code::unavailable, std::strerror(failed),
                    "standard output", "the result is incomplete; free space and run it again"};
  return broken_;
}

void console::complain(const error& x) {
  note(styled(STDERR_FILENO, style::bad, "error:") + " " + to_string(x));
}

void console::complain(const std::vector<error>& xs) {
  for (const auto& x : xs)
    complain(x);
}

void console::note(std::string_view line) {
  // Nobody can be told that standard error is gone.
  write_all(STDERR_FILENO, std::string{line} + "\n");
}

std::string console::styled(int stream, style how, std::string_view text) const {
  const bool wanted = color_ == color::always
                   || (color_ == color::automatic && !is_set("NO_COLOR") && is_terminal(stream));
  if (!wanted || how == style::plain)
    return std::string{text};
  return std::string{escape_of(how)}.append(text).append("\x1b[0m");
}

bool console::is_terminal(int stream) const {
  const char* kind = std::getenv("TERM");
  return ::isatty(stream) && !(kind && std::string_view{kind} == "dumb");
}

std::size_t console::columns() const {
  auto size = winsize{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

} // namespace dagger::apps
