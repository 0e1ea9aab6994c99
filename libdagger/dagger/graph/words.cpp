// The table of words.
#include <dagger/graph/words.hpp>

#include <array>

namespace dagger::graph {

namespace {

constexpr auto of_flows =
  vocabulary{"name", "flow", "nodes", "node", "id", "dependencies", "action"};
constexpr auto of_jobs = vocabulary{"job", "job", "tasks", "task", "name", "after", "agent"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string_view other_word(std::string_view word) {
  constexpr auto table = std::array<std::array<std::string_view, 2>, 8>{{
    {"task", "node"},
    {"tasks", "nodes"},
    {"TASK", "NODE"},
    {"agent", "action"},
    {"agents", "actions"},
    {"job", "flow"},
    {"jobs", "flows"},
    {"JOB", "FLOW"},
  }};
  for (auto& [from, to] : table)
    if (word == from)
      return to;
  return word;
}

/// Who writes one kind of file with the words of the other.
constexpr auto wrong_in_flows = std::array<std::array<std::string_view, 2>, 5>{{
  {"job", "name"},
  {"tasks", "nodes"},
  {"name", "id"},
  {"after", "dependencies"},
  {"agent", "action"},
}};
constexpr auto wrong_in_jobs = std::array<std::array<std::string_view, 2>, 5>{{
  {"name", "job"},
  {"nodes", "tasks"},
  {"id", "name"},
  {"dependencies", "after"},
  {"action", "agent"},
}};

} // namespace

std::string_view word_for(file_kind kind, std::string_view other) {
  for (auto& [wrong, right] : kind == file_kind::flow ? wrong_in_flows : wrong_in_jobs)
    if (wrong == other)
      return right;
  return {};
}

const vocabulary& words_of(file_kind kind) {
  return kind == file_kind::flow ? of_flows : of_jobs;
}

std::string in_words_of(file_kind kind, std::string_view message) {
  if (kind == file_kind::job)
    return std::string{message};
  auto made = std::string{};
  auto quote = '\0';
  for (auto i = std::size_t{0}; i < message.size();) {
    auto c = message[i];
    if (quote == '\0' && is_letter(c)) {
      auto end = i;
      while (end < message.size() && is_letter(message[end]))
        ++end;
      made += other_word(message.substr(i, end - i));
      i = end;
      continue;
    }
    // "the agent's" opens no quote.
    auto opens = (c == '\'' && (i == 0 || !is_letter(message[i - 1]))) || c == '"';
    if (quote == '\0' && opens)
      quote = c;
    else if (c == quote)
      quote = '\0';
    made += c;
    ++i;
  }
  return made;
}

} // namespace dagger::graph
