// A stand-in for a model: rules that need no network and always give the same answer.
#include "model.hpp"

#include "text.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace deepresearch {

namespace {

using dagger::json;
using words = std::vector<std::string>;

std::string joined(const words& list) {
  auto text = std::string{};
  for (const auto& word : list)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

/// At its punctuation and conjunctions; what says nothing by itself stays with what is before it.
json split(const std::string& question) {
  static const auto conjunctions = std::set<std::string>{"and", "or", "versus", "vs"};
  auto parts = words{};
  auto part = std::string{};
  const auto take = [&] {
    if (!terms(part).empty())
      parts.push_back(part);
    part.clear();
  };
  auto word = std::string{};
  for (const auto c : question + " ") {
    const auto cut = c == '?' || c == ',' || c == ';' || c == '\n';
    if (c != ' ' && !cut) {
      word += c;
      continue;
    }
    if (conjunctions.contains(word))
      take();
    else if (!word.empty())
      part += (part.empty() ? "" : " ") + word;
    word.clear();
    if (cut)
      take();
  }
  take();
  return {{"questions", parts.empty() ? words{question} : parts}};
}

/// Good if each word of the question stands in some finding; else the others are searched alone.
json judge(const std::string& question, const json& findings) {
  auto seen = std::set<std::string>{};
  for (const auto& x : findings)
    for (auto& term : terms(x["section"].get<std::string>() + " " + x["text"].get<std::string>()))
      seen.insert(std::move(term));
  auto missing = words{};
  for (auto& term : distinct_terms(question))
    if (!seen.contains(term))
      missing.push_back(std::move(term));
  return {{"good", missing.empty()}, {"search", joined(missing)}};
}

/// What a finding says, as far as its first sentences go. What looks like a citation there is none.
std::string quote(const json& finding) {
  static const auto citation = std::regex{R"(\[([^\[\]]+:[0-9]+)\])"};
  constexpr auto enough = std::size_t{280};
  const auto text =
    characters(std::regex_replace(finding["text"].get<std::string>(), citation, "($1)"));
  if (text.size() <= enough)
    return bytes_of(text);
  const auto stop = text.rfind(U". ", enough);
  return bytes_of(text.substr(0, stop == text.npos ? enough : stop + 1)) + " …";
}

json write(const json& parts) {
  auto texts = json::array();
  for (const auto& part : parts) {
    auto text = std::string{};
    for (const auto& x : part["findings"])
      text +=
        "> " + quote(x) + "\n\n[" + x["path"].get<std::string>() + ":" + x["line"].dump() + "]\n\n";
    texts.push_back(text.empty() ? "Nothing was found.\n\n" : text);
  }
  return {{"parts", texts}};
}

} // namespace

json ask_model(std::string_view role, const json& request) {
  if (role == "split")
    return split(request["question"]);
  if (role == "judge")
    return judge(request["question"], request["findings"]);
  return write(request["parts"]);
}

} // namespace deepresearch
