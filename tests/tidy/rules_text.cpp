// Rules about what stands in one file.
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>

namespace tidy {

namespace {

constexpr std::size_t max_file_lines = 500;
constexpr std::size_t max_function_lines = 70;
constexpr std::size_t max_columns = 100;

constexpr std::array impure{"system_clock::now",
                            "steady_clock::now",
                            "high_resolution_clock",
                            "gettimeofday",
                            "clock_gettime",
                            "time(nullptr)",
                            "time(NULL)",
                            "time(0)",
                            "sleep_for",
                            "sleep_until",
                            "sleep",
                            "usleep",
                            "nanosleep",
                            "std::thread",
                            "std::jthread",
                            "std::async",
                            "pthread_create",
                            "random_device",
                            "rand",
                            "srand",
                            "getrandom",
                            "mt19937",
                            "mt19937_64",
                            "default_random_engine"};

constexpr std::array empty_names{"util", "utils", "helper", "helpers",  "manager",
                                 "data", "info",  "misc",   "enhanced", "v2"};

/// A function's body: the line on which it opens and its length in lines.
struct body {
  std::size_t line;
  std::size_t length;
};

/// Finds the outermost function bodies by counting braces. Relies on clang-format: a body's brace
/// stands after a space, that of a member initialiser does not.
class body_finder {
public:
  explicit body_finder(const source& file) {
    for (line_ = 0; line_ < file.code.size(); ++line_) {
      if (file.code[line_].starts_with('#'))
        continue;
      for (const char c : file.code[line_])
        read(c);
      head_ += ' ';
    }
  }

  const std::vector<body>& bodies() const {
    return bodies_;
  }

private:
  enum class brace { scope, function, initialiser };

  void read(char c) {
    if (c == '{')
      open();
    else if (c == '}')
      close();
    else if (c == ';')
      head_.clear();
    else
      head_ += c;
  }

  void open() {
    brace kind = brace::scope;
    if (!head_.empty() && !std::isspace(static_cast<unsigned char>(head_.back())))
      kind = brace::initialiser;
    else if (!inside_ && head_.find(')') != std::string::npos && !opens_a_type())
      kind = brace::function;
    if (kind == brace::function)
      inside_ = open_.size();
    open_.push_back({kind, line_});
    if (kind != brace::initialiser)
      head_.clear();
  }

  void close() {
    if (open_.empty())
      return;
    const auto [kind, line] = open_.back();
    open_.pop_back();
    if (kind == brace::function) {
      bodies_.push_back({line, line_ - line + 1});
      inside_.reset();
    }
    if (kind != brace::initialiser)
      head_.clear();
  }

  bool opens_a_type() const {
    for (const auto word : {"namespace", "class", "struct", "enum", "union"})
      if (has_word(head_, word) && head_.find('(') > head_.find(word)
          && head_.find("template") == std::string::npos)
        return true;
    return false;
  }

  struct opened {
    brace kind;
    std::size_t line;
  };

  std::size_t line_ = 0;
  std::string head_;
  std::vector<opened> open_;
  std::optional<std::size_t> inside_;
  std::vector<body> bodies_;
};

std::vector<body> bodies_of(const source& file) {
  return body_finder(file).bodies();
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
    line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos
         ? ""
         : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Tells a statement from prose that happens to end in a semicolon.
bool looks_like_code(std::string_view comment) {
  comment.remove_prefix(std::min(comment.find_first_not_of("/* "), comment.size()));
  if (comment.ends_with('{'))
    return true;
  if (!comment.ends_with(';'))
    return false;
  comment.remove_suffix(1);
  return comment.ends_with(')') || comment.ends_with(']') || comment.ends_with('}')
      || comment.find('=') != std::string_view::npos || std::ranges::count(comment, ' ') < 2;
}

} // namespace

findings libdagger_is_pure(const tree& files) {
  findings result;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.code.size() && file.room() == "libdagger"; ++i)
      for (const std::string word : impure)
        if (has_word(file.code[i], word))
          result.push_back({file.path, i + 1, word + " in libdagger/"});
  return result;
}

findings files_are_short(const tree& files) {
  findings result;
  for (const auto& file : files)
    if (file.is_code() && file.lines.size() > max_file_lines)
      result.push_back({file.path, 0, std::to_string(file.lines.size()) + " lines"});
  return result;
}

findings functions_are_short(const tree& files, const std::vector<long_function>& exceptions) {
  findings result;
  std::vector<bool> needed(exceptions.size());
  for (const auto& file : files) {
    if (!file.is_cpp())
      continue;
    for (const auto& [line, length] : bodies_of(file)) {
      if (length <= max_function_lines)
        continue;
      const auto it = std::ranges::find_if(exceptions, [&](const auto& e) {
        return e.path == file.path && file.lines[line].find(e.opening) != std::string::npos;
      });
      if (it == exceptions.end())
        result.push_back(
          {file.path, line + 1, "a function of " + std::to_string(length) + " lines"});
      else
        needed[static_cast<std::size_t>(it - exceptions.begin())] = true;
    }
  }
  for (std::size_t i = 0; i < exceptions.size(); ++i)
    if (!needed[i])
      result.push_back({exceptions[i].path, 0, "needs no exception: " + exceptions[i].opening});
  return result;
}

findings lines_are_short(const tree& files) {
  findings result;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size() && file.is_code(); ++i)
      if (columns(file.lines[i]) > max_columns)
        result.push_back({file.path, i + 1, std::to_string(columns(file.lines[i])) + " columns"});
  return result;
}

findings no_work_is_left_for_later(const tree& files) {
  // In two parts, so that this file keeps its own rule.
  static const std::array words{std::string("TO") + "DO", std::string("FIX") + "ME"};
  findings result;
  for (const auto& file : files)
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      for (const auto& word : words)
        if (has_word(file.lines[i], word))
          result.push_back({file.path, i + 1, word});
  return result;
}

findings no_code_is_commented_out(const tree& files) {
  findings result;
  for (const auto& file : files) {
    for (std::size_t i = 0; i < file.comments.size(); ++i) {
      const auto comment = trimmed(file.comments[i]);
      // `///` may show the reader how to call something.
      if (!comment.starts_with("///") && looks_like_code(comment))
        result.push_back({file.path, i + 1, std::string(comment)});
    }
  }
  return result;
}

findings files_open_with_a_comment(const tree& files) {
  findings result;
  for (const auto& file : files)
    if (file.is_cpp() && (file.lines.empty() || !file.lines.front().starts_with("//")))
      result.push_back({file.path, 1, "does not say what it is"});
  return result;
}

findings headers_guard_themselves(const tree& files) {
  findings result;
  for (const auto& file : files)
    if (file.path.ends_with(".hpp")
        && std::ranges::find(file.lines, "#pragma once") == file.lines.end())
      result.push_back({file.path, 0, "has no #pragma once"});
  return result;
}

findings file_names_mean_something(const tree& files) {
  findings result;
  for (const auto& file : files) {
    const auto name = file.name();
    std::string word;
    for (const char c : file.is_code() ? name + '.' : "") {
      if (std::isalnum(static_cast<unsigned char>(c))) {
        word += c;
        continue;
      }
      if (std::ranges::find(empty_names, word) != empty_names.end())
        result.push_back({file.path, 0, "'" + word + "' means nothing"});
      word.clear();
    }
  }
  return result;
}

} // namespace tidy
