// The page docs/reference/cli.md: its examples, run as they stand there, and what `--help` lists.
#include "call.hpp"
#include "docs/page.hpp"

#include <filesystem>
#include <regex>
#include <set>
#include <string>

namespace {

using namespace support;

TEST(docs, the_examples_of_the_command_print_what_they_say) {
  const auto programs = std::filesystem::path{DAGGER_BINARY}.parent_path();
  EXPECT_GT(docs::run_examples_of(DAGGER_CLI_PAGE, programs), 20u);
}

/// The words of `text` that match, each once.
std::set<std::string> words_in(const std::string& text, const std::regex& word) {
  auto all = std::set<std::string>{};
  for (auto i = std::sregex_iterator{text.begin(), text.end(), word}; i != std::sregex_iterator{};
       ++i)
    all.insert((*i)[1]);
  return all;
}

TEST(docs, every_command_has_a_section_with_all_its_options) {
  // Told of once, or by their short names.
  const auto everywhere = std::set<std::string>{"--help", "--color", "--verbose", "--input"};
  const auto page = content_of(DAGGER_CLI_PAGE);
  const auto overview = call({"--help"}).out;
  const auto commands = words_in(overview, std::regex{R"(\n  ([a-z]+) )"});
  EXPECT_GE(commands.size(), 19u);
  for (const auto& name : commands) {
    const auto begin = page.find("\n## " + name + "\n");
    ASSERT_NE(begin, std::string::npos) << name;
    const auto section = page.substr(begin, page.find("\n## ", begin + 1) - begin);
    const auto help = call({name, "--help"}).out;
    for (const auto& option : words_in(help, std::regex{R"(\n  (?:-\w,)?(--[a-z-]+))"}))
      if (!everywhere.contains(option)) {
        EXPECT_TRUE(holds(section, option)) << name;
      }
    EXPECT_TRUE(holds(section, "`dagger " + name)) << name;
  }
}

} // namespace
