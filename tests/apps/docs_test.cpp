// The examples of docs/reference/cli.md, run as they stand there.
#include "call.hpp"

#include <filesystem>
#include <fstream>

namespace {

using namespace support;

/// A line with `$ ` in front, and what is printed below it.
struct example {
  std::string command;
  std::string output;
};

std::vector<example> examples_in(const std::string& page) {
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

TEST(docs, the_examples_of_the_command_print_what_they_say) {
  const auto room = folder{};
  const auto programs = std::filesystem::path{DAGGER_BINARY}.parent_path().string();
  const auto all = examples_in(DAGGER_CLI_PAGE);
  EXPECT_GT(all.size(), 20u);
  for (const auto& [command, output] : all) {
    if (command.starts_with("cat ")) {
      room.write(command.substr(4), output);
      continue;
    }
    const auto x = run({"sh", "-c", "exec 2>&1; PATH=\"" + programs + ":$PATH\"; " + command},
                       {.directory = room.path()});
    EXPECT_TRUE(matches(output, x.out)) << "$ " << command << "\n" << x.out;
  }
}

} // namespace
