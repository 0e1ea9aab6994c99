// A comparer reads files of one size and hash side by side: only bytes prove that they are equal.
#include "agents.hpp"
#include "files.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace census {

namespace {

using dagger::json;

constexpr std::size_t part_bytes = 64 << 10;

/// Files that are equal as far as we know; the first one is open.
struct equal_files {
  descriptor first;
  std::vector<std::string> shown_paths;
};

/// Both are read from their beginnings. An error is that of `b`.
dagger::result<bool> same_bytes(const descriptor& a, const descriptor& b) {
  thread_local auto of_a = std::vector<char>(part_bytes);
  thread_local auto of_b = std::vector<char>(part_bytes);
  if (::lseek(a.number(), 0, SEEK_SET) != 0 || ::lseek(b.number(), 0, SEEK_SET) != 0)
    return last_error();
  while (true) {
    const auto n = read_some(b, of_b);
    if (!n)
      return dagger::fail(n.error());
    const auto m = read_some(a, of_a);
    if (!m || *m != *n || std::memcmp(of_a.data(), of_b.data(), *n) != 0)
      return false;
    if (*n < part_bytes)
      return true;
  }
}

/// Puts a file with those that it is equal to, or alone.
dagger::result<void> sort_in(std::vector<equal_files>& known, const std::string& root,
                             const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == path.npos ? std::string{} : path.substr(0, slash);
  const auto parent = open_below(root, folder, O_PATH | O_DIRECTORY);
  if (!parent)
    return dagger::fail(parent.error());
  auto file = open_file(parent->number(), path.substr(slash == path.npos ? 0 : slash + 1));
  if (!file)
    return dagger::fail(file.error());
  for (auto& group : known) {
    const auto same = same_bytes(group.first, *file);
    if (!same)
      return dagger::fail(same.error());
    if (*same) {
      group.shown_paths.push_back(shown(path));
      return {};
    }
  }
  known.push_back({std::move(*file), {shown(path)}});
  return {};
}

dagger::outcome compare(dagger::task&, const json& in) {
  const auto root = decoded(in["root"].get<std::string>());
  auto equal = json::array();
  auto errors = json::array();
  for (const auto& candidates : in["groups"]) {
    auto known = std::vector<equal_files>{};
    for (const auto& text : candidates) {
      const auto path = decoded(text.get<std::string>());
      if (const auto done = sort_in(known, root, path); !done)
        errors.push_back(unreadable(shown(path), done.error()));
    }
    for (auto& group : known)
      if (std::ranges::sort(group.shown_paths); group.shown_paths.size() > 1)
        equal.push_back(std::move(group.shown_paths));
  }
  return json{{"equal", equal}, {"errors", errors}};
}

} // namespace

dagger::agent comparer() {
  return {
    .name = "comparer",
    .description = "Compares files that have the same size and hash",
    .input = R"({"type": "object", "required": ["root", "groups"]})"_json,
    .concurrency = 16,
    .run = compare,
  };
}

} // namespace census
