// Writing files and running `dot`.
#include "output_file.hpp"

#include "console.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

extern char** environ;

namespace dagger::apps {

namespace {

constexpr std::size_t part_bytes = 64 << 10;

tl::unexpected<error> cannot(const std::string& what, const std::string& where, int why) {
  return fail(why == ENOSPC ? code::store_full : code::invalid_input,
              what + ": " + std::strerror(why), where, "name another file with -o FILE");
}

/// A file without a name that holds `text`, at its beginning; -1 without memory.
int anonymous_file(std::string_view text) {
  const int file = ::memfd_create("dagger", MFD_CLOEXEC);
  if (file >= 0 && write_all(file, text) == 0 && ::lseek(file, 0, SEEK_SET) == 0)
    return file;
  if (file >= 0)
    ::close(file);
  return -1;
}

std::string content_of(int file) {
  auto text = std::string{};
  auto part = std::array<char, part_bytes>{};
  ::lseek(file, 0, SEEK_SET);
  for (auto n = ::ssize_t{}; (n = ::read(file, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(n));
  return text;
}

/// Runs `dot -Tsvg`; the number of the error that kept it from starting, else its wait status.
std::pair<int, int> run_dot(int in, int out, int err) {
  auto actions = posix_spawn_file_actions_t{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  auto name = std::string{"dot"};
  auto format = std::string{"-Tsvg"};
  auto words = std::array<char*, 3>{name.data(), format.data(), nullptr};
  auto child = ::pid_t{};
  const int failed = ::posix_spawnp(&child, name.c_str(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  auto status = 0;
  if (failed == 0)
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
      continue;
  return {failed, status};
}

} // namespace

result<void> write_file(const std::string& name, std::string_view text) {
  const auto temporary = name + ".new-" + std::to_string(::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return cannot("cannot be written", name, errno);
  auto failed = write_all(file, text);
  if (::close(file) != 0 && failed == 0)
    failed = errno;
  if (failed == 0 && std::rename(temporary.c_str(), name.c_str()) != 0)
    failed = errno;
  if (failed == 0)
    return {};
  ::unlink(temporary.c_str());
  return cannot("cannot be written", name, failed);
}

result<std::string> draw_svg(std::string_view dot) {
  const auto files = std::array{anonymous_file(dot), anonymous_file({}), anonymous_file({})};
  auto drawn = result<std::string>{
    fail(code::unavailable, "no memory for the picture", "dot", "use --format dot")};
  if (files[0] >= 0 && files[1] >= 0 && files[2] >= 0) {
    const auto [failed, status] = run_dot(files[0], files[1], files[2]);
    if (failed != 0)
      drawn = fail(code::unavailable,
                   std::string{"svg needs Graphviz, and its program dot cannot be started: "}
                     + std::strerror(failed),
                   {}, "install graphviz, or use --format dot or mermaid");
    else if (status != 0)
      drawn = fail(code::unavailable, "dot could not draw it: " + content_of(files[2]), {},
                   "use --format dot or mermaid");
    else
      drawn = content_of(files[1]);
  }
  for (const int file : files)
    if (file >= 0)
      ::close(file);
  return drawn;
}

} // namespace dagger::apps
