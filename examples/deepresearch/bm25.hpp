// Ranks passages by how well they answer a query. Knows words, not meanings.
#pragma once

#include "corpus.hpp"

#include <map>
#include <string>
#include <vector>

namespace deepresearch {

struct hit {
  const passage* where;
  double score;
};

/// Okapi BM25 over passages, which must outlive it:
///
///   score(q, d) = sum over t in q of idf(t) * f(t, d) * (k1 + 1)
///                                  / (f(t, d) + k1 * (1 - b + b * |d| / average |d|))
///   idf(t) = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5))
///
/// f: how often t is in d; |d|: the terms of d; N: passages; n(t): those with t. From S. Robertson,
/// H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, Foundations and Trends in
/// Information Retrieval 3(4), 2009; the 1 in the logarithm, as in Lucene, keeps idf above 0.
class bm25 {
public:
  static constexpr double k1 = 1.2;
  static constexpr double b = 0.75;

  explicit bm25(const std::vector<passage>& passages);

  /// The best `n`, best first; equal ones by path and line. Only passages with a term of the query.
  std::vector<hit> best(std::string_view query, std::size_t n) const;

private:
  struct posting {
    std::size_t passage;
    double count;
  };

  const std::vector<passage>& passages_;
  std::map<std::string, std::vector<posting>, std::less<>> postings_;
  std::vector<double> lengths_;
  double average_length_ = 0;
};

} // namespace deepresearch
