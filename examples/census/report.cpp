// The report as text.
#include "report.hpp"

#include "sums.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace census {

namespace {

using dagger::json;

constexpr std::size_t shown_rows = 10;
constexpr std::size_t shown_equals = 3;

/// 1234567 -> 1,234,567
std::string grouped(std::uint64_t n) {
  auto text = std::to_string(n);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

/// A name may hold anything; what would end its quotes, its cell or its line is shown as U+FFFD.
std::string plain(const std::string& name) {
  auto text = std::string{"`"};
  for (const char c : name)
    if (const auto code = static_cast<unsigned char>(c);
        code < 0x20 || code == 0x7f || c == '`' || c == '|')
      text += "\xef\xbf\xbd";
    else
      text += c;
  return text + "`";
}

std::string name_of(const std::string& extension) {
  return extension.empty() ? "(none)" : plain(extension);
}

std::string pie_of(const std::vector<std::pair<std::string, tally>>& extensions,
                   std::uint64_t all) {
  if (all == 0)
    return "";
  auto text = std::string{"\n```mermaid\npie title Bytes by extension\n"};
  auto rest = all;
  for (const auto& [extension, part] : extensions) {
    // Mermaid knows no way to write these inside a label.
    auto label = extension.empty() ? "(none)" : extension;
    std::ranges::replace_if(
      label,
      [](char c) {
        return c == '"' || c == '\\' || c == ';' || c == '#'
            || static_cast<unsigned char>(c) < 0x20;
      },
      '?');
    if (part.bytes > 0)
      text += "  \"" + label + "\" : " + std::to_string(part.bytes) + "\n";
    rest -= part.bytes;
  }
  if (rest > 0)
    text += "  \"all others\" : " + std::to_string(rest) + "\n";
  return text + "```\n";
}

std::string extensions_of(const sums& found) {
  auto rows = std::vector<std::pair<std::string, tally>>(found.by_extension.begin(),
                                                         found.by_extension.end());
  std::ranges::stable_sort(rows, std::ranges::greater{},
                           [](auto& row) { return row.second.bytes; });
  rows.resize(std::min(rows.size(), shown_rows));
  auto text = pie_of(rows, found.all.bytes);
  text += "\n## Extensions\n\n| Extension | Files | Bytes | Lines |\n|---|---:|---:|---:|\n";
  for (const auto& [extension, part] : rows)
    text += "| " + name_of(extension) + " | " + grouped(part.files) + " | " + grouped(part.bytes)
          + " | " + grouped(part.lines) + " |\n";
  if (const auto more = found.by_extension.size() - rows.size(); more > 0)
    text += "\nand " + grouped(more) + " more\n";
  return text;
}

/// A heading with a number, and the first entries of a list.
template <class Line>
std::string list_of(const std::string& title, const json& entries, Line line) {
  auto text = "\n## " + title + ": " + grouped(entries.size()) + "\n";
  if (!entries.empty())
    text += "\n";
  for (auto i = std::size_t{0}; i < std::min(entries.size(), shown_rows); ++i)
    text += "- " + line(entries[i]) + "\n";
  if (entries.size() > shown_rows)
    text += "- and " + grouped(entries.size() - shown_rows) + " more\n";
  return text;
}

} // namespace

std::string report_on(const json& in) {
  const auto found = sums::from(in["sums"]);
  auto text = "# Census of " + plain(in["root"]) + "\n\n" + grouped(found.all.files) + " files, "
            + grouped(found.all.bytes) + " bytes, " + grouped(found.all.lines) + " lines, "
            + grouped(found.directories) + " directories\n";
  text += extensions_of(found);
  text += "\n## Largest files\n\n| Path | Bytes |\n|---|---:|\n";
  for (const auto& file : found.largest)
    text += "| " + plain(file.path) + " | " + grouped(file.bytes) + " |\n";
  text += list_of("Files with the same content", in["duplicates"], [](const json& group) {
    auto line = grouped(group.size()) + " x " + plain(group[0]);
    for (auto i = std::size_t{1}; i < std::min(group.size(), shown_equals); ++i)
      line += ", " + plain(group[i]);
    return group.size() > shown_equals ? line + ", ..." : line;
  });
  return text + list_of("Unreadable", in["errors"], [](const json& x) {
           return plain(x["path"]) + ": " + plain(x["reason"]);
         });
}

} // namespace census
