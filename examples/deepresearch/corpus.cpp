// Reads files, and cuts them at empty lines.
#include "corpus.hpp"

#include "text.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace deepresearch {

namespace {

namespace fs = std::filesystem;

/// What is larger is hardly written by people.
constexpr std::uintmax_t largest = 16 << 20;
/// A longer paragraph is cut: a citation should lead near to what it says.
constexpr std::size_t longest_passage = 1'200;

std::string_view trimmed(std::string_view line) {
  constexpr auto blank = " \t\r";
  const auto first = line.find_first_not_of(blank);
  return first == line.npos ? "" : line.substr(first, line.find_last_not_of(blank) - first + 1);
}

/// Rows of tables and points of lists stand alone; so each has a line of its own to be cited.
bool begins_passage(std::string_view line) {
  const auto numbered = line.find_first_not_of("0123456789");
  return line.starts_with('|') || line.starts_with("- ") || line.starts_with("* ")
      || (numbered != 0 && numbered != line.npos && line.substr(numbered).starts_with(". "));
}

std::string utf8(std::string_view bytes) {
  return bytes_of(characters(bytes));
}

} // namespace

std::vector<passage> passages_of(const std::string& path, std::string_view content) {
  auto found = std::vector<passage>{};
  auto section = std::string{};
  auto open = false;
  auto number = std::size_t{0};
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size() - 1);
    const auto line = trimmed(content.substr(0, content[end] == '\n' ? end : end + 1));
    content.remove_prefix(end + 1);
    ++number;
    const auto mere_frame = line.find_first_not_of("|-=: `") == line.npos;
    if (line.empty() || mere_frame || line.starts_with("```")) {
      open = false;
      continue;
    }
    if (line.starts_with('#')) {
      section = utf8(trimmed(line.substr(std::min(line.find_first_not_of('#'), line.size()))));
      open = false;
      continue;
    }
    if (!open || begins_passage(line) || found.back().text.size() > longest_passage)
      found.push_back({path, number, section, ""});
    auto& text = found.back().text;
    text += (text.empty() ? "" : " ") + utf8(line);
    open = true;
  }
  return found;
}

dagger::result<corpus> read_corpus(const std::string& folder) {
  auto why = std::error_code{};
  auto files = std::vector<fs::path>{};
  constexpr auto mode = fs::directory_options::skip_permission_denied;
  auto at = fs::recursive_directory_iterator{folder, mode, why};
  for (; !why && at != fs::recursive_directory_iterator{}; at.increment(why)) {
    const auto kind = at->path().extension();
    if ((kind == ".md" || kind == ".txt") && at->symlink_status().type() == fs::file_type::regular)
      files.push_back(at->path());
  }
  if (why)
    return dagger::fail(
      dagger::error{"deepresearch.no_folder", utf8(folder) + ": " + why.message()});
  std::ranges::sort(files);

  auto all = corpus{};
  for (const auto& file : files) {
    const auto path = utf8(file.lexically_relative(folder).native());
    auto in = std::ifstream{file, std::ios::binary};
    if (!in || fs::file_size(file, why) > largest || why) {
      all.unread.push_back(path + (in ? ": too large" : ": cannot be read"));
      continue;
    }
    const auto content = std::string{std::istreambuf_iterator<char>{in}, {}};
    auto parts = passages_of(path, content);
    std::ranges::move(parts, std::back_inserter(all.passages));
  }
  return all;
}

} // namespace deepresearch
