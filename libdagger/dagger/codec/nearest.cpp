// Optimal string alignment distance, with bounded rows on the stack.
#include <dagger/codec/nearest.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace dagger {

namespace {

constexpr auto longest = std::size_t{64};

/// One edit; a difference of case costs half of it.
constexpr auto edit = std::uint32_t{2};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::uint32_t replace_cost(char a, char b) {
  if (a == b)
    return 0;
  return lower(a) == lower(b) ? edit / 2 : edit;
}

/// The distance of two words of at most `longest` bytes, in half edits.
std::uint32_t distance(std::string_view a, std::string_view b) {
  using row = std::array<std::uint32_t, longest + 1>;
  auto before = row{};
  auto above = row{};
  auto current = row{};
  for (auto j = std::size_t{0}; j <= b.size(); ++j)
    above[j] = static_cast<std::uint32_t>(j) * edit;
  for (auto i = std::size_t{1}; i <= a.size(); ++i) {
    current[0] = static_cast<std::uint32_t>(i) * edit;
    for (auto j = std::size_t{1}; j <= b.size(); ++j) {
      auto best = above[j - 1] + replace_cost(a[i - 1], b[j - 1]);
      best = std::min({best, above[j] + edit, current[j - 1] + edit});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, before[j - 2] + edit);
      current[j] = best;
    }
    before = above;
    above = current;
  }
  return above[b.size()];
}

} // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > longest)
    return std::nullopt;
  // A word of one or two letters may still have one edit.
  auto limit = std::max(edit, static_cast<std::uint32_t>(word.size()) * edit / 3);
  auto best = limit + 1;
  const std::string* found = nullptr;
  for (const auto& candidate : candidates) {
    if (candidate.empty() || candidate.size() > longest)
      continue;
    auto gap = candidate.size() > word.size() ? candidate.size() - word.size()
                                              : word.size() - candidate.size();
    if (gap * edit >= best)
      continue;
    auto cost = distance(word, candidate);
    // Words without a letter in common do not resemble each other, however short they are.
    if (cost < best && cost < std::max(word.size(), candidate.size()) * edit) {
      best = cost;
      found = &candidate;
    }
  }
  return found ? std::optional{*found} : std::nullopt;
}

} // namespace dagger
