// A project's text files as the rules of style see them: lines, code without comments
// and strings, comments without code. Knows no rule.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

/// A text file; `lines`, `code` and `comments` have the same length. In `code` comments and the
/// contents of strings are gone, in `comments` everything else is.
struct source {
  std::string path; // relative to the root of the project
  std::vector<std::string> lines;
  std::vector<std::string> code;
  std::vector<std::string> comments;

  /// The first folder of `path`, or "" for files at the top.
  std::string room() const;
  /// The name without folders.
  std::string name() const;
  bool is_cpp() const;
  /// Code of any language: C++, CMake, shell.
  bool is_code() const;
};

using tree = std::vector<source>;

/// All text files below `root`, in order of their paths; no build folder, no hidden one but `.ci`.
tree read_tree(const std::filesystem::path& root);

/// What an `#include` line names, without brackets or quotes; "" for other lines.
std::string included(const source& file, std::size_t line);

/// Does `word` stand in `text`, not as a part of a longer identifier?
bool has_word(std::string_view text, std::string_view word);

} // namespace tidy
