// Rules about who may include what.
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <string_view>

namespace tidy {

namespace {

struct wrapped {
  std::string_view header;               // a header or, with a slash at its end, a folder
  std::vector<std::string_view> allowed; // beginnings of paths
};

/// Headers that only tests and a user's program include, and users of them.
constexpr std::array public_doors{"dagger/dagger.hpp", "dagger/cli.hpp", "dagger/actor_agent.hpp"};

const std::vector<wrapped>& wrappers() {
  static const std::vector<wrapped> all{
    // A bench writes with bare LMDB what the engine wrote: that is the machine's limit. The tests
    // of
    // the wrapper damage a store behind its back.
    {"lmdb.h", {"libdagger/dagger/store/lmdb", "tests/store/lmdb", "bench/"}},
    // The limit of a bench is the bare parser.
    {"yaml-cpp/", {"libdagger/dagger/codec/yaml.", "bench/load."}},
    {"valijson/", {"libdagger/dagger/schema/"}},
    {"re2/", {"libdagger/dagger/schema/"}},
    {"xxhash.h", {"libdagger/dagger/codec/hash.cpp"}},
    {"lua.h", {"libdagger/dagger/script/"}},
    // Our patterns stand beside Lua's own in a test, a bench has a bare call.
    {"lua.hpp", {"libdagger/dagger/script/", "tests/script/", "bench/script"}},
    {"lauxlib.h", {"libdagger/dagger/script/"}},
    {"lualib.h", {"libdagger/dagger/script/"}},
    {"curl/", {"actors/dagger/actions/curl."}},
    {"CLI/", {"apps/"}},
    {"spdlog/", {"actors/", "apps/"}},
    {"gtest/", {"tests/"}},
    {"benchmark/", {"bench/"}},
  };
  return all;
}

bool starts_with_any(std::string_view path, std::span<const std::string_view> beginnings) {
  return std::ranges::any_of(beginnings, [&](auto b) { return path.starts_with(b); });
}

bool names(const wrapped& library, std::string_view header) {
  return library.header.ends_with('/') ? header.starts_with(library.header)
                                       : header == library.header;
}

findings only_in(const tree& files, std::span<const wrapped> libraries) {
  findings result;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      for (const auto& library : libraries)
        if (const auto header = included(file, i);
            names(library, header) && !starts_with_any(file.path, library.allowed))
          result.push_back({file.path, i + 1,
                            "<" + header + "> belongs to " + std::string(library.allowed.front())});
  return result;
}

/// Rooms in the order in which they may know each other.
constexpr std::array<std::string_view, 3> rooms{"libdagger", "actors", "apps"};

std::size_t rank(std::string_view room) {
  return static_cast<std::size_t>(std::ranges::find(rooms, room) - rooms.begin());
}

using index = std::map<std::string, const source*, std::less<>>;

index by_path(const tree& files) {
  index result;
  for (const auto& file : files)
    result[file.path] = &file;
  return result;
}

const source* find_header(const index& files, const std::string& header) {
  for (const auto room : rooms)
    if (const auto it = files.find(std::string(room) + "/" + header); it != files.end())
      return it->second;
  return nullptr;
}

/// Follows what `file` includes and reports the chain that ends in CAF.
void follow(const index& files, const source& file, const std::string& chain,
            std::set<std::string>& seen, findings& result) {
  if (!seen.insert(file.path).second)
    return;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto header = included(file, i);
    if (header.starts_with("caf/"))
      result.push_back({file.path, i + 1, chain + " includes <" + header + ">"});
    else if (const source* next = find_header(files, header))
      follow(files, *next, chain + " > " + header, seen, result);
  }
}

} // namespace

findings caf_stays_in_actors(const tree& files) {
  static const std::array<wrapped, 1> caf{{{"caf/", {"actors/", "tests/support/actors.hpp"}}}};
  return only_in(files, caf);
}

findings libraries_stay_in_their_wrappers(const tree& files) {
  return only_in(files, wrappers());
}

findings includes_follow_the_direction(const tree& files) {
  findings result;
  const auto paths = by_path(files);
  for (const auto& file : files) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const auto header = included(file, i);
      if (!header.starts_with("dagger/"))
        continue;
      const source* target = find_header(paths, header);
      if (!target)
        result.push_back({file.path, i + 1, "there is no <" + header + ">"});
      else if (rank(file.room()) < rank(target->room()))
        result.push_back({file.path, i + 1, file.room() + "/ must not know " + target->path});
    }
  }
  return result;
}

findings public_headers_know_no_caf(const tree& files) {
  findings result;
  const auto paths = by_path(files);
  for (const std::string door : {"dagger/dagger.hpp", "dagger/cli.hpp"}) {
    std::set<std::string> seen;
    if (const source* file = find_header(paths, door))
      follow(paths, *file, door, seen, result);
  }
  return result;
}

findings examples_use_the_public_doors(const tree& files) {
  findings result;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size() && file.room() == "examples"; ++i)
      if (const auto header = included(file, i);
          header.starts_with("dagger/")
          && std::ranges::find(public_doors, header) == public_doors.end())
        result.push_back({file.path, i + 1, "a user would not include <" + header + ">"});
  return result;
}

findings every_header_is_included(const tree& files) {
  std::set<std::string> used(public_doors.begin(), public_doors.end());
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (auto header = included(file, i); !header.empty())
        used.insert(std::move(header));
  findings result;
  for (const auto& file : files)
    if (file.path.ends_with(".hpp") && std::ranges::none_of(used, [&](const auto& header) {
          return file.path.ends_with("/" + header);
        }))
      result.push_back({file.path, 0, "nobody includes it"});
  return result;
}

} // namespace tidy
