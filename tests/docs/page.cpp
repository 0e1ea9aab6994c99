// Finds, runs, compares.
#include "page.hpp"

#include "apps/process.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string_view>
#include <vector>

namespace docs {

namespace {

/// A line with `$ ` in front, and what is printed below it.
struct example {
  std::string command;
  std::string output;
};

std::vector<example> examples_in(const std::filesystem::path& page) {
  auto all = std::vector<example>{};
  auto in = std::ifstream{page};
  auto inside = false;
  for (auto line = std::string{}; std::getline(in, line);) {
    if (line.starts_with("```"))
      inside = line == "```console";
    else if (inside && line.starts_with("$ "))
      all.push_back({line.substr(2), {}});
    else if (inside && !all.empty())
      all.back().output += line + "\n";
  }
  return all;
}

/// `pattern` is `text`, where each "…" stands for anything.
bool matches(std::string_view pattern, std::string_view text) {
  constexpr std::string_view anything = "…";
  auto first = pattern.find(anything);
  if (first == pattern.npos)
    return pattern == text;
  if (!text.starts_with(pattern.substr(0, first)))
    return false;
  text.remove_prefix(first);
  pattern.remove_prefix(first + anything.size());
  for (auto next = pattern.find(anything); next != pattern.npos; next = pattern.find(anything)) {
    const auto at = text.find(pattern.substr(0, next));
    if (at == text.npos)
      return false;
    text.remove_prefix(at + next);
    pattern.remove_prefix(next + anything.size());
  }
  return text.ends_with(pattern);
}

} // namespace

std::size_t run_examples_of(const std::filesystem::path& page,
                            const std::filesystem::path& programs) {
  const auto room = support::folder{};
  const auto all = examples_in(page);
  for (const auto& [command, output] : all) {
    if (command.starts_with("cat ")) {
      room.write(command.substr(4), output);
      continue;
    }
    const auto x =
      support::run({"sh", "-c", "exec 2>&1; PATH=\"" + programs.string() + ":$PATH\"; " + command},
                   {.directory = room.path()});
    EXPECT_TRUE(matches(output, x.out)) << "$ " << command << "\n" << x.out;
  }
  return all.size();
}

} // namespace docs
