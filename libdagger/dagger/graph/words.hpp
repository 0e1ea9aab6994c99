// The words of the two kinds of files. Whatever one of them can say, the other can say too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dagger::graph {

enum class file_kind : std::uint8_t { flow, job };

/// Keys of a kind of file, and what its messages call things.
struct vocabulary {
  /// The key of its name; also what the whole is called.
  std::string_view name;
  std::string_view whole;
  std::string_view nodes;
  std::string_view node;
  std::string_view id;
  std::string_view dependencies;
  std::string_view action;
};

const vocabulary& words_of(file_kind kind);

/// What this kind of file has for a key of the other kind; empty if that is none.
std::string_view word_for(file_kind kind, std::string_view other);

/// What is said of tasks, agents and jobs, in the words of the file; quoted text stays.
std::string in_words_of(file_kind kind, std::string_view message);

} // namespace dagger::graph
