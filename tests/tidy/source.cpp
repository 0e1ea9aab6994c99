// Reads a tree and splits C++ into code and comments with a small state machine:
//
//   code ─ // ─► line comment ─ end of line ─► code
//   code ─ /* ─► block comment ─ */ ─► code
//   code ─ quote ─► string or character ─ same quote ─► code
//   code ─ R"x( ─► raw string ─ )x" ─► code
#include "source.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>

namespace tidy {

namespace {

namespace fs = std::filesystem;

bool in_a_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

class splitter {
public:
  explicit splitter(std::string_view text)
    : text_{text},
      code_(text.size(), ' '),
      comments_(text.size(), ' ') {}

  void run() {
    while (at_ < text_.size())
      step();
  }

  std::vector<std::string> code() const {
    return split_lines(code_);
  }

  std::vector<std::string> comments() const {
    return split_lines(comments_);
  }

private:
  void step() {
    const auto rest = text_.substr(at_);
    if (rest.starts_with("//"))
      copy_to(comments_, rest.find('\n'));
    else if (rest.starts_with("/*"))
      copy_to(comments_, end_of(rest.find("*/", 2), 2));
    else if (rest.starts_with("R\"") && !after_a_word())
      skip(end_of_raw_string(rest));
    else if (rest.front() == '"' || (rest.front() == '\'' && !after_a_word()))
      skip(end_of_string(rest));
    else
      copy_to(code_, 1);
  }

  bool after_a_word() const {
    return at_ > 0 && in_a_word(text_[at_ - 1]);
  }

  static std::size_t end_of(std::size_t found, std::size_t length) {
    return found == std::string_view::npos ? found : found + length;
  }

  static std::size_t end_of_raw_string(std::string_view rest) {
    const auto open = rest.find('(');
    if (open == std::string_view::npos)
      return open;
    const std::string close = ")" + std::string(rest.substr(2, open - 2)) + "\"";
    return end_of(rest.find(close), close.size());
  }

  static std::size_t end_of_string(std::string_view rest) {
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (rest[i] == '\\')
        ++i;
      else if (rest[i] == rest.front() || rest[i] == '\n')
        return i + 1;
    }
    return rest.size();
  }

  void copy_to(std::string& target, std::size_t length) {
    length = std::min(length, text_.size() - at_);
    for (std::size_t i = at_; i < at_ + length; ++i)
      target[i] = text_[i];
    keep_line_ends(length);
  }

  /// Strings leave their quotes behind, so that an empty place cannot look like other code.
  void skip(std::size_t length) {
    length = std::min(length, text_.size() - at_);
    code_[at_] = code_[at_ + length - 1] = '"';
    keep_line_ends(length);
  }

  void keep_line_ends(std::size_t length) {
    for (const auto end = at_ + length; at_ < end; ++at_)
      if (text_[at_] == '\n')
        code_[at_] = comments_[at_] = '\n';
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string code_;
  std::string comments_;
};

bool is_text(const fs::path& path) {
  static constexpr std::array endings{".cpp",  ".hpp", ".cmake", ".txt", ".md",  ".yaml",
                                      ".json", ".sh",  ".in",    ".lua", ".supp"};
  const auto ending = path.extension().string();
  const auto name = path.filename().string();
  return std::ranges::find(endings, ending) != endings.end() || name == "dev" || name == "run";
}

bool is_skipped(const fs::path& folder) {
  const auto name = folder.filename().string();
  return name == "build" || name == "golden" || (name.starts_with(".") && name != ".ci");
}

source read_source(const fs::path& root, const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  source result;
  result.path = fs::relative(path, root).generic_string();
  result.lines = split_lines(text);
  if (result.is_cpp()) {
    splitter split{text};
    split.run();
    result.code = split.code();
    result.comments = split.comments();
  }
  result.code.resize(result.lines.size());
  result.comments.resize(result.lines.size());
  return result;
}

} // namespace

std::string source::room() const {
  const auto slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string source::name() const {
  return path.substr(path.rfind('/') + 1);
}

bool source::is_cpp() const {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

bool source::is_code() const {
  return is_cpp() || path.ends_with(".cmake") || path.ends_with(".sh") || path.ends_with(".lua")
      || name() == "CMakeLists.txt" || name() == "dev" || name() == "run";
}

tree read_tree(const fs::path& root) {
  std::vector<fs::path> paths;
  for (auto it = fs::recursive_directory_iterator(root); it != fs::end(it); ++it) {
    if (it->is_directory() && is_skipped(it->path()))
      it.disable_recursion_pending();
    else if (it->is_regular_file() && is_text(it->path()))
      paths.push_back(it->path());
  }
  std::ranges::sort(paths);
  tree result;
  for (const auto& path : paths)
    result.push_back(read_source(root, path));
  return result;
}

std::string included(const source& file, std::size_t line) {
  const std::string& code = file.code[line];
  const auto hash = code.find_first_not_of(' ');
  if (hash == std::string::npos || code[hash] != '#')
    return "";
  if (code.find("include", hash) != code.find_first_not_of(' ', hash + 1))
    return "";
  const std::string& text = file.lines[line];
  const auto open = text.find_first_of("<\"", hash);
  const auto close = open == std::string::npos ? open : text.find_first_of(">\"", open + 1);
  return close == std::string::npos ? "" : text.substr(open + 1, close - open - 1);
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !in_a_word(text[at - 1]);
    const auto end = at + word.size();
    const bool ends = end == text.size() || !in_a_word(word.back()) || !in_a_word(text[end]);
    if (starts && ends)
      return true;
  }
  return false;
}

} // namespace tidy
