// The slow census.
#include "census_oracle.hpp"

#include "apps/process.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace examples {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct range {
  unsigned char low;
  unsigned char high;
};

/// Table 3-7 of the Unicode Standard: well-formed byte sequences.
const std::vector<std::vector<range>> well_formed{
  {{0x00, 0x7f}},
  {{0xc2, 0xdf}, {0x80, 0xbf}},
  {{0xe0, 0xe0}, {0xa0, 0xbf}, {0x80, 0xbf}},
  {{0xe1, 0xec}, {0x80, 0xbf}, {0x80, 0xbf}},
  {{0xed, 0xed}, {0x80, 0x9f}, {0x80, 0xbf}},
  {{0xee, 0xef}, {0x80, 0xbf}, {0x80, 0xbf}},
  {{0xf0, 0xf0}, {0x90, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
  {{0xf1, 0xf3}, {0x80, 0xbf}, {0x80, 0xbf}, {0x80, 0xbf}},
  {{0xf4, 0xf4}, {0x80, 0x8f}, {0x80, 0xbf}, {0x80, 0xbf}},
};

struct seen_file {
  std::string path;
  std::string content;
};

struct seen_tree {
  std::vector<seen_file> files;
  std::size_t directories = 1;
};

void walk(const fs::path& folder, const std::string& before, seen_tree& to) {
  for (const auto& entry : fs::directory_iterator{folder}) {
    const auto name = entry.path().filename().native();
    if (entry.symlink_status().type() == fs::file_type::regular)
      to.files.push_back({before + name, support::content_of(entry.path())});
    if (entry.symlink_status().type() != fs::file_type::directory || name == ".git")
      continue;
    ++to.directories;
    walk(entry.path(), before + name + "/", to);
  }
}

std::string extension_of(const std::string& path) {
  const auto name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
  const auto dot = name.find_last_of('.');
  if (dot == std::string::npos || dot == 0)
    return "";
  return name.substr(dot);
}

} // namespace

std::string with_replacements(const std::string& name) {
  auto text = std::string{};
  for (auto at = std::size_t{0}; at < name.size();) {
    auto longest = std::size_t{1};
    auto valid = false;
    for (const auto& sequence : well_formed) {
      auto n = std::size_t{0};
      while (n < sequence.size() && at + n < name.size()
             && static_cast<unsigned char>(name[at + n]) >= sequence[n].low
             && static_cast<unsigned char>(name[at + n]) <= sequence[n].high)
        ++n;
      longest = std::max(longest, n);
      valid = valid || n == sequence.size();
    }
    text += valid ? name.substr(at, longest) : "\xef\xbf\xbd";
    at += longest;
  }
  return text;
}

json slow_census(const fs::path& root) {
  auto tree = seen_tree{};
  walk(root, "", tree);
  auto bytes = std::size_t{0};
  auto lines = std::size_t{0};
  auto extensions = json::object();
  auto by_size = std::vector<std::pair<std::int64_t, std::string>>{};
  auto by_content = std::map<std::string, std::vector<std::string>>{};
  for (const auto& [path, content] : tree.files) {
    const auto newlines = static_cast<std::size_t>(std::ranges::count(content, '\n'));
    bytes += content.size();
    lines += newlines;
    auto& one = extensions[with_replacements(extension_of(path))];
    if (one.is_null())
      one = {{"files", 0}, {"bytes", 0}, {"lines", 0}};
    one["files"] = one["files"].get<std::size_t>() + 1;
    one["bytes"] = one["bytes"].get<std::size_t>() + content.size();
    one["lines"] = one["lines"].get<std::size_t>() + newlines;
    by_size.emplace_back(-static_cast<std::int64_t>(content.size()), with_replacements(path));
    if (!content.empty())
      by_content[content].push_back(with_replacements(path));
  }
  std::ranges::sort(by_size);
  by_size.resize(std::min<std::size_t>(by_size.size(), 10));
  auto largest = json::array();
  for (const auto& [size, path] : by_size)
    largest.push_back({{"path", path}, {"bytes", -size}});
  auto duplicates = std::vector<std::vector<std::string>>{};
  for (auto& [content, paths] : by_content)
    if (std::ranges::sort(paths); paths.size() > 1)
      duplicates.push_back(paths);
  std::ranges::sort(duplicates);
  return {{"files", tree.files.size()},
          {"bytes", bytes},
          {"lines", lines},
          {"directories", tree.directories},
          {"by_extension", extensions},
          {"largest", largest},
          {"duplicates", duplicates},
          {"errors", json::array()}};
}

} // namespace examples
