// Reads to the end, then parses.
#include "given_value.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/limits.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace dagger::apps {

namespace {

constexpr std::size_t part_bytes = 64 << 10;
constexpr auto how_to_write = "write it as JSON: 3, true, '\"text\"', '{\"approved\": true}'";

} // namespace

result<std::string> read_open_file(int from, const std::string& name, const std::string& hint) {
  auto text = std::string{};
  auto part = std::array<char, part_bytes>{};
  while (true) {
    const auto n = ::read(from, part.data(), part.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return fail(code::invalid_input, std::string{"cannot be read: "} + std::strerror(errno), name,
                  hint);
    if (n == 0)
      return text;
    text.append(part.data(), static_cast<std::size_t>(n));
    if (text.size() > limits::file_bytes)
      return fail(code::too_large,
                  "is larger than " + std::to_string(limits::file_bytes) + " bytes", name);
  }
}

result<std::string> read_named_file(const std::string& name, const std::string& hint) {
  if (name == "-")
    return read_open_file(STDIN_FILENO, "standard input", hint);
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return fail(code::invalid_input, std::string{"cannot be opened: "} + std::strerror(errno), name,
                hint);
  auto text = read_open_file(file, name, hint);
  ::close(file);
  return text;
}

result<json> read_value(const std::string& word) {
  const auto name = word == "-" ? std::string{"standard input"} : std::string{"JSON"};
  auto text =
    word == "-" ? read_open_file(STDIN_FILENO, name, how_to_write) : result<std::string>{word};
  if (!text)
    return fail(std::move(text.error()));
  auto value = parse_json(*text);
  if (value)
    return value;
  auto why = std::move(value.error());
  why.where = why.where.empty() ? name : name + ":" + why.where;
  why.hint = how_to_write;
  return fail(std::move(why));
}

} // namespace dagger::apps
