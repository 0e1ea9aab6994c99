// `check_records` in a child, its findings through a pipe.
#include "checked_store.hpp"

#include "console.hpp"
#include "shapes.hpp"
#include "store_access.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/store/store.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>

namespace dagger::apps {

namespace {

constexpr auto restore_a_backup = "restore a backup (dagger store backup makes them)";

error error_in(const json& x) {
  return {x.value("code", std::string{}), x.value("message", std::string{}),
          x.value("where", std::string{}), x.value("hint", std::string{})};
}

/// In the child: `{"findings": [...]}` or `{"failed": error}`.
[[noreturn]] void check_here(const std::filesystem::path& directory, int findings, int complaints) {
  // LMDB and the watch write to standard error; the parent reads it.
  ::dup2(complaints, STDERR_FILENO);
  const auto damage = damage_watch{directory};
  auto said = json::object();
  const auto found = store::check_records(directory);
  if (!found)
    said["failed"] = to_json(found.error());
  else
    for (const auto& x : *found)
      said["findings"].push_back(to_json(x));
  ::_exit(write_all(findings, to_text(said)) == 0 ? 0 : 1);
}

std::string read_all(int from) {
  auto text = std::string{};
  auto part = std::array<char, 4096>{};
  for (;;) {
    const auto n = ::read(from, part.data(), part.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return text;
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

/// What a child that could not end well has said: "near offset 8192".
error damage_in(const std::filesystem::path& directory, const std::string& said) {
  constexpr std::string_view mark = "damaged page near offset ";
  auto message = std::string{"damaged page: reading it ended the checking process"};
  if (const auto at = said.find(mark); at != said.npos)
    message = said.substr(at, said.find('\n', at) - at);
  return {std::string{code::store_corrupt}, message, "store " + directory.string(),
          restore_a_backup};
}

std::string content_of(int file) {
  ::lseek(file, 0, SEEK_SET);
  return read_all(file);
}

} // namespace

result<std::vector<error>> check_apart(const std::filesystem::path& directory) {
  auto ends = std::array<int, 2>{};
  const int complaints = ::memfd_create("dagger", MFD_CLOEXEC);
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(code::unavailable, std::string{"no pipe: "} + std::strerror(errno));
  const auto child = ::fork();
  if (child == 0)
    check_here(directory, ends[1], complaints);
  ::close(ends[1]);
  const auto text = child > 0 ? read_all(ends[0]) : std::string{};
  ::close(ends[0]);
  auto status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  const auto said = complaints >= 0 ? content_of(complaints) : std::string{};
  if (complaints >= 0)
    ::close(complaints);
  if (child < 0)
    return fail(code::unavailable, "no process for the check");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::vector{damage_in(directory, said)};
  const auto answer = parse_json(text);
  if (!answer)
    return fail(answer.error());
  if (answer->contains("failed"))
    return fail(error_in((*answer)["failed"]));
  auto found = std::vector<error>{};
  if (answer->contains("findings"))
    for (const auto& x : (*answer)["findings"])
      found.push_back(error_in(x));
  return found;
}

} // namespace dagger::apps
