// UTF-8, case, stop words, plurals: the least that makes words of a question and of a page equal.
#include "text.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace deepresearch {

namespace {

constexpr char32_t replacement = 0xfffd;

/// Length of the well-formed character at the front (Unicode, table 3-7); 0 if there is none.
std::size_t length_of(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto lead = at(0);
  if (lead < 0x80)
    return 1;
  const auto n = lead < 0xc2 ? 0u : lead < 0xe0 ? 2u : lead < 0xf0 ? 3u : lead < 0xf5 ? 4u : 0u;
  if (n == 0 || s.size() < n)
    return 0;
  const auto low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const auto high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high)
    return 0;
  for (auto i = 2u; i < n; ++i)
    if (at(i) < 0x80 || at(i) > 0xbf)
      return 0;
  return n;
}

/// ASCII, Latin-1, Greek and Cyrillic.
char32_t lower(char32_t c) {
  const auto within = [c](char32_t a, char32_t b) { return c >= a && c <= b; };
  if (within('A', 'Z') || (within(0xc0, 0xde) && c != 0xd7) || within(0x391, 0x3a9)
      || within(0x410, 0x42f))
    return c + 0x20;
  return within(0x400, 0x40f) ? c + 0x50 : c;
}

/// Beyond ASCII everything is a letter that is not punctuation or a symbol by its block.
bool belongs_to_word(char32_t c) {
  if (c < 0x80)
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return c >= 0xc0 && c != 0xd7 && c != 0xf7 && c != replacement && !(c >= 0x2000 && c <= 0x2bff)
      && !(c >= 0x3000 && c <= 0x303f) && !(c >= 0xff00 && c <= 0xff0f);
}

/// Harman's S stemmer (D. Harman, How effective is suffixing?, JASIS 42(1), 1991).
std::string singular(std::string word) {
  const auto ends = [&](std::string_view x) { return word.ends_with(x); };
  if (word.size() < 4 || !ends("s"))
    return word;
  if (ends("ies"))
    return ends("eies") || ends("aies") ? word : word.substr(0, word.size() - 3) + "y";
  if (ends("es") && !ends("aes") && !ends("ees") && !ends("oes"))
    return word.substr(0, word.size() - 1);
  if (ends("us") || ends("ss"))
    return word;
  return word.substr(0, word.size() - 1);
}

bool says_nothing(const std::string& word) {
  static const auto stop_words = std::set<std::string, std::less<>>{
    "a",    "about", "an",    "and",  "are",    "as",      "at",   "be",   "by",  "can",
    "do",   "does",  "for",   "from", "happen", "happens", "has",  "have", "how", "i",
    "if",   "in",    "into",  "is",   "it",     "its",     "much", "of",   "on",  "or",
    "s",    "t",     "that",  "the",  "them",   "they",    "this", "to",   "was", "what",
    "when", "where", "which", "who",  "why",    "will",    "with", "you"};
  return stop_words.contains(word);
}

} // namespace

std::u32string characters(std::string_view bytes) {
  auto found = std::u32string{};
  while (!bytes.empty()) {
    const auto n = length_of(bytes);
    auto c = static_cast<char32_t>(static_cast<unsigned char>(bytes[0]));
    if (n > 1)
      c &= 0xffu >> (n + 1);
    for (auto i = std::size_t{1}; i < n; ++i)
      c = c << 6 | (static_cast<unsigned char>(bytes[i]) & 0x3fu);
    found += n == 0 ? replacement : c;
    bytes.remove_prefix(std::max<std::size_t>(n, 1));
  }
  return found;
}

std::string bytes_of(std::u32string_view characters) {
  auto text = std::string{};
  for (const auto c : characters) {
    if (c < 0x80) {
      text += static_cast<char>(c);
      continue;
    }
    const auto more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr auto leads = std::array{0xc0, 0xe0, 0xf0};
    text += static_cast<char>(leads[static_cast<std::size_t>(more - 1)]
                              | static_cast<int>(c >> (6 * more)));
    for (auto i = more - 1; i >= 0; --i)
      text += static_cast<char>(0x80 | static_cast<int>(c >> (6 * i) & 0x3f));
  }
  return text;
}

std::vector<std::string> terms(std::string_view bytes) {
  auto found = std::vector<std::string>{};
  auto word = std::u32string{};
  const auto take = [&] {
    if (auto text = bytes_of(word); !text.empty() && !says_nothing(text))
      found.push_back(singular(std::move(text)));
    word.clear();
  };
  for (const auto c : characters(bytes))
    if (belongs_to_word(c))
      word += lower(c);
    else
      take();
  take();
  return found;
}

std::vector<std::string> distinct_terms(std::string_view bytes) {
  auto found = std::vector<std::string>{};
  for (auto& term : terms(bytes))
    if (std::ranges::find(found, term) == found.end())
      found.push_back(std::move(term));
  return found;
}

} // namespace deepresearch
