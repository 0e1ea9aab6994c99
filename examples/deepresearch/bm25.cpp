// An inverted index in memory, and the sum over it.
#include "bm25.hpp"

#include "text.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace deepresearch {

bm25::bm25(const std::vector<passage>& passages) : passages_(passages) {
  for (auto i = std::size_t{0}; i < passages.size(); ++i) {
    const auto words = terms(passages[i].section + " " + passages[i].text);
    for (const auto& word : words) {
      auto& list = postings_[word];
      if (list.empty() || list.back().passage != i)
        list.push_back({i, 0});
      ++list.back().count;
    }
    lengths_.push_back(static_cast<double>(words.size()));
    average_length_ += lengths_.back() / static_cast<double>(passages.size());
  }
}

std::vector<hit> bm25::best(std::string_view query, std::size_t n) const {
  auto scores = std::map<std::size_t, double>{};
  const auto all = static_cast<double>(passages_.size());
  for (const auto& term : distinct_terms(query)) {
    const auto list = postings_.find(term);
    if (list == postings_.end())
      continue;
    const auto with = static_cast<double>(list->second.size());
    const auto idf = std::log(1 + (all - with + 0.5) / (with + 0.5));
    for (const auto& [passage, count] : list->second)
      scores[passage] +=
        idf * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths_[passage] / average_length_));
  }
  auto hits = std::vector<hit>{};
  for (const auto& [passage, score] : scores)
    hits.push_back({&passages_[passage], score});
  std::ranges::sort(hits, {}, [](const hit& x) {
    return std::tuple<double, const std::string&, std::size_t>{-x.score, x.where->path,
                                                               x.where->line};
  });
  hits.resize(std::min(hits.size(), n));
  return hits;
}

} // namespace deepresearch
