// The programs in README.md and docs/ are the ones that are compiled, word for word.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  auto in = std::ifstream{file};
  auto out = std::ostringstream{};
  out << in.rdbuf();
  return out.str();
}

/// Without white space: pages and sources break their lines differently.
std::string squeezed(const std::string& text) {
  auto out = std::string{};
  for (auto c : text)
    if (!std::isspace(static_cast<unsigned char>(c)))
      out += c;
  return out;
}

/// The C++ blocks of a page.
std::vector<std::string> snippets_of(const fs::path& page) {
  auto found = std::vector<std::string>{};
  auto inside = false;
  auto in = std::ifstream{page};
  for (auto line = std::string{}; std::getline(in, line);) {
    if (inside && line.starts_with("```"))
      inside = false;
    else if (inside)
      found.back() += line + "\n";
    else if (line.starts_with("```cpp"))
      inside = (found.emplace_back(), true);
  }
  return found;
}

std::vector<std::string> missing(const std::vector<fs::path>& pages,
                                 const std::vector<fs::path>& sources) {
  auto all = std::string{};
  for (auto& file : sources)
    all += squeezed(content_of(file));
  auto lost = std::vector<std::string>{};
  for (auto& page : pages)
    for (auto& snippet : snippets_of(page))
      if (all.find(squeezed(snippet)) == std::string::npos)
        lost.push_back(page.string() + ":\n" + snippet);
  return lost;
}

std::vector<fs::path> files(const fs::path& folder, const std::string& ending) {
  auto found = std::vector<fs::path>{};
  for (auto& x : fs::recursive_directory_iterator{folder})
    if (x.path().string().ends_with(ending))
      found.push_back(x.path());
  return found;
}

const auto root = fs::path{DAGGER_ROOT};

} // namespace

TEST(snippets, every_program_in_the_pages_is_compiled) {
  auto pages = files(root / "docs", ".md");
  pages.push_back(root / "README.md");
  auto sources = files(root / "examples", ".cpp");
  for (auto& file : files(root / "tests/docs", ".cpp"))
    sources.push_back(file);
  EXPECT_GE(snippets_of(root / "README.md").size(), 2u);
  for (auto& snippet : missing(pages, sources))
    ADD_FAILURE() << "compiled nowhere: " << snippet;
}

TEST(snippets, one_that_is_compiled_nowhere_is_noticed) {
  auto page = fs::path{testing::TempDir()} / "page.md";
  std::ofstream{page} << "text\n```cpp\nint no_such_function();\n```\n";
  EXPECT_EQ(missing({page}, {root / "tests/docs/greeter.cpp"}).size(), 1u);
  fs::remove(page);
}
