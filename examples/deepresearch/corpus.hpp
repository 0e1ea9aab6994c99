// A folder of text and Markdown files, cut into passages. Knows nothing of questions.
#pragma once

#include <dagger/dagger.hpp>

#include <string>
#include <vector>

namespace deepresearch {

/// Lines that belong together: a paragraph, a row of a table, a point of a list.
struct passage {
  std::string path;     // below the folder, with U+FFFD for what is not UTF-8
  std::size_t line = 0; // of its first line, from 1
  std::string section;  // the heading above it
  std::string text;     // UTF-8, one line
};

struct corpus {
  std::vector<passage> passages;   // by path and line
  std::vector<std::string> unread; // paths and reasons
};

/// All files below `folder` that end in .md or .txt; no link is followed. The error
/// deepresearch.no_folder.
dagger::result<corpus> read_corpus(const std::string& folder);

/// The passages of one text.
std::vector<passage> passages_of(const std::string& path, std::string_view content);

} // namespace deepresearch
