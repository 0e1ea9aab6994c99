// Rules about files that belong together.
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string_view>
#include <unistd.h>

#include <sys/wait.h>

namespace tidy {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_readme_lines = 30;

const source* find(const tree& files, const std::string& path) {
  const auto it = std::ranges::find(files, path, &source::path);
  return it == files.end() ? nullptr : &*it;
}

bool has_entry(std::string_view line, std::string_view entry) {
  static constexpr std::string_view ends = " \t()\"";
  for (auto at = line.find(entry); at != line.npos; at = line.find(entry, at + 1)) {
    const auto end = at + entry.size();
    if ((at == 0 || ends.find(line[at - 1]) != ends.npos)
        && (end == line.size() || ends.find(line[end]) != ends.npos))
      return true;
  }
  return false;
}

/// Does a CMakeLists.txt name the file, or its stem in a `foreach` over programs?
bool lists(const source& cmake, std::string_view file) {
  const auto stem = file.substr(0, file.rfind('.'));
  return std::ranges::any_of(cmake.lines, [&](std::string_view line) {
    line = line.substr(0, line.find('#'));
    return has_entry(line, file) || (line.find("foreach(") != line.npos && has_entry(line, stem));
  });
}

bool is_built(const tree& files, const std::string& path) {
  for (auto slash = path.rfind('/'); slash != std::string::npos && slash > 0;
       slash = path.rfind('/', slash - 1)) {
    const source* cmake = find(files, path.substr(0, slash) + "/CMakeLists.txt");
    if (cmake && lists(*cmake, path.substr(slash + 1)))
      return true;
  }
  return false;
}

/// `suite.name` of every GoogleTest and of every test that CMake adds by hand.
std::set<std::string> test_names(const tree& files) {
  static const std::regex in_cpp{R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))"};
  static const std::regex in_cmake{R"(\badd_test\(\s*NAME\s+(\w+)\.(\w+))"};
  std::set<std::string> result;
  for (const auto& file : files) {
    const bool cmake = file.name() == "CMakeLists.txt";
    if (!cmake && (file.room() != "tests" || !file.path.ends_with(".cpp")))
      continue;
    std::string text;
    for (const auto& line : cmake ? file.lines : file.code)
      text += line + "\n";
    const auto& definition = cmake ? in_cmake : in_cpp;
    for (std::sregex_iterator it(text.begin(), text.end(), definition), end; it != end; ++it)
      result.insert((*it)[1].str() + "." + (*it)[2].str());
  }
  return result;
}

/// The names in backquotes that look like `suite.name` and not like a file.
std::vector<std::string> named_tests(const std::string& line) {
  static const std::regex name{R"(`([a-z]\w*\.[a-z]\w*)`)"};
  static const std::set<std::string> endings{"cpp", "hpp", "md", "mdb", "yaml", "json", "sh"};
  std::vector<std::string> result;
  for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it) {
    const std::string found = (*it)[1];
    if (!endings.contains(found.substr(found.find('.') + 1)))
      result.push_back(found);
  }
  return result;
}

bool is_for_dagger(std::string_view yaml) {
  const std::string text = "\n" + std::string(yaml);
  return text.find("\njob:") != text.npos || text.find("\nnodes:") != text.npos;
}

struct answer {
  int exit_code;
  std::string text;
};

answer ask(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe)
    return {-1, "cannot be started"};
  answer result{0, ""};
  std::array<char, 4096> part{};
  while (const auto n = std::fread(part.data(), 1, part.size(), pipe))
    result.text.append(part.data(), n);
  const int status = pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

void check_file(const std::string& command, const fs::path& file, finding place, findings& result) {
  const auto answer =
    ask("'" + command + "' check --allow-unknown-actions '" + file.string() + "'");
  if (answer.exit_code != 0) {
    place.text = "exit " + std::to_string(answer.exit_code) + ": " + answer.text;
    result.push_back(std::move(place));
  }
}

/// The YAML blocks of a Markdown file, each with the line on which it starts.
std::vector<std::pair<std::size_t, std::string>> yaml_blocks(const source& file) {
  std::vector<std::pair<std::size_t, std::string>> result;
  bool inside = false;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto& line = file.lines[i];
    if (!inside && line == "```yaml") {
      inside = true;
      result.emplace_back(i + 2, "");
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      result.back().second += line + "\n";
    }
  }
  return result;
}

} // namespace

findings every_source_is_built(const tree& files) {
  findings result;
  for (const auto& file : files)
    if (file.path.ends_with(".cpp") && !is_built(files, file.path))
      result.push_back({file.path, 0, "is in no CMakeLists.txt"});
  return result;
}

findings every_guarantee_has_its_test(const tree& files) {
  const source* page = find(files, "docs/guarantees.md");
  if (!page)
    return {{"docs/guarantees.md", 0, "is missing"}};
  findings result;
  const auto known = test_names(files);
  for (std::size_t i = 0; i < page->lines.size(); ++i) {
    const auto& line = page->lines[i];
    const auto named = named_tests(line);
    static const std::regex guarantee{R"(^\| *G\d+ )"};
    if (named.empty() && std::regex_search(line, guarantee))
      result.push_back({page->path, i + 1, "names no test"});
    for (const auto& name : named)
      if (!known.contains(name))
        result.push_back({page->path, i + 1, "there is no test " + name});
  }
  return result;
}

findings rooms_are_described(const tree& files, const std::vector<std::string>& rooms) {
  findings result;
  for (const auto& room : rooms) {
    const source* readme = find(files, room + "/README.md");
    if (!readme)
      result.push_back({room + "/README.md", 0, "is missing"});
    else if (readme->lines.size() > max_readme_lines)
      result.push_back({readme->path, 0, std::to_string(readme->lines.size()) + " lines"});
  }
  return result;
}

findings links_lead_somewhere(const tree& files, const std::string& root) {
  static const std::regex link{R"(\]\(([^)#:\s]+)(?:#[^)]*)?\))"};
  findings result;
  for (const auto& file : files) {
    const auto folder = (fs::path(root) / file.path).parent_path();
    for (std::size_t i = 0; i < file.lines.size() && file.path.ends_with(".md"); ++i) {
      const auto& line = file.lines[i];
      for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it)
        if (const std::string target = (*it)[1]; !fs::exists(folder / target))
          result.push_back({file.path, i + 1, "there is no " + target});
    }
  }
  return result;
}

findings files_for_users_are_valid(const tree& files, const std::string& root,
                                   const std::string& command) {
  findings result;
  const auto block = fs::temp_directory_path() / ("tidy-" + std::to_string(getpid()) + ".yaml");
  for (const auto& file : files) {
    if (file.room() == "examples" && file.path.ends_with(".yaml")) {
      std::string text;
      for (const auto& line : file.lines)
        text += line + "\n";
      if (is_for_dagger(text))
        check_file(command, fs::path(root) / file.path, {file.path, 0, ""}, result);
    }
    if (file.path != "README.md" && !(file.room() == "docs" && file.path.ends_with(".md")))
      continue;
    for (const auto& [line, text] : yaml_blocks(file)) {
      if (!is_for_dagger(text))
        continue;
      std::ofstream(block) << text;
      check_file(command, block, {file.path, line, ""}, result);
    }
  }
  fs::remove(block);
  return result;
}

} // namespace tidy
