// The deep research as a process, and its ranking beside a slow sum over the formula.
#include "census_trees.hpp"
#include "programs.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace {

using examples::json;
using examples::outputs_of;
using examples::program;
using examples::put;
using support::folder;

std::vector<std::string> research_of(const std::string& corpus, const std::string& question,
                                     std::vector<std::string> more = {}) {
  more.insert(more.begin(),
              {program("deepresearch"), "run", examples::file("deepresearch/deepresearch.yaml"),
               "-i", "folder=" + corpus, "-i", "question=" + question});
  return more;
}

std::string report_of(const std::string& corpus, const std::string& question) {
  return outputs_of(support::run(research_of(corpus, question)))["report"];
}

/// What its critic passed on: for each part of the question what was found.
json parts_of(const folder& place, const std::string& corpus, const std::string& question,
              std::vector<std::string> more = {}) {
  const auto store = place / "s";
  more.insert(more.end(), {"--store", store, "--id", "r"});
  outputs_of(support::run(research_of(corpus, question, more)));
  const auto shown = outputs_of(support::run(
    {program("deepresearch"), "show", "r", "--store", store, "--task", "investigate", "--json"}));
  return shown["tasks"][0]["output"]["parts"];
}

testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

std::size_t tasks_in(const folder& place) {
  return outputs_of(support::run(
    {program("deepresearch"), "show", "r", "--store", place / "s", "--json"}))["tasks"]
    .size();
}

/// A passage that knows only its words.
struct bag {
  std::string path;
  std::size_t line;
  std::map<std::string, double> counts;
  double length;
};

/// Okapi BM25, k1 = 1.2, b = 0.75, as the formula stands in bm25.hpp, without any index.
double slow_score(const std::vector<bag>& all, const bag& one,
                  const std::vector<std::string>& query) {
  auto average = 0.0;
  for (const auto& x : all)
    average += x.length / static_cast<double>(all.size());
  auto sum = 0.0;
  for (const auto& term : query) {
    const auto n = static_cast<double>(
      std::ranges::count_if(all, [&](const bag& x) { return x.counts.contains(term); }));
    const auto idf = std::log(1 + (static_cast<double>(all.size()) - n + 0.5) / (n + 0.5));
    const auto f = one.counts.contains(term) ? one.counts.at(term) : 0.0;
    sum += idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * one.length / average));
  }
  return sum;
}

TEST(deepresearch, ranks_as_a_slow_sum_over_the_formula_does) {
  const auto place = folder{};
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto pick = std::mt19937{seed};
  const auto words = std::vector<std::string>{"zeta", "kilo", "lima", "mike", "papa", "romeo"};
  auto all = std::vector<bag>{};
  for (auto file = 0; file < 12; ++file) {
    const auto name = "f" + std::to_string(file) + ".txt";
    auto text = std::string{};
    for (auto line = 0; line < 10; ++line) {
      auto& made = all.emplace_back(bag{name, static_cast<std::size_t>(2 * line + 1), {}, 0});
      for (auto n = std::uniform_int_distribution{1, 12}(pick); n > 0; --n) {
        const auto& word = words[std::uniform_int_distribution<std::size_t>{0, 5}(pick)];
        text += word + " ";
        ++made.counts[word];
        ++made.length;
      }
      text += "\n\n";
    }
    put(place.path() / "corpus" / name, text);
  }
  const auto query = std::vector<std::string>{"zeta", "kilo"};
  auto expected = std::vector<std::pair<double, const bag*>>{};
  for (const auto& x : all)
    if (const auto score = slow_score(all, x, query); score > 0)
      expected.emplace_back(score, &x);
  std::ranges::sort(expected, [](const auto& a, const auto& b) {
    return std::tuple{-a.first, a.second->path, a.second->line}
         < std::tuple{-b.first, b.second->path, b.second->line};
  });
  const auto parts = parts_of(place, place / "corpus", "zeta kilo?", {"-i", "hits=100"});
  ASSERT_EQ(parts.size(), 1);
  const auto& found = parts[0]["findings"];
  ASSERT_EQ(found.size(), std::min<std::size_t>(expected.size(), 100));
  for (auto i = std::size_t{0}; i < found.size(); ++i) {
    EXPECT_NEAR(found[i]["score"].get<double>(), expected[i].first, 0.001);
    // Sums that differ in their last bits only may come in either order.
    const auto same_place = [&](const auto& x) {
      return std::abs(x.first - expected[i].first) < 1e-9 && x.second->path == found[i]["path"]
          && x.second->line == found[i]["line"];
    };
    EXPECT_TRUE(std::ranges::any_of(expected, same_place)) << i;
  }
}

TEST(deepresearch, equal_passages_come_by_path_and_line) {
  const auto place = folder{};
  for (const auto* name : {"b.txt", "a.txt", "c/a.md"})
    put(place.path() / "corpus" / name, "a heron\n\na heron\n");
  const auto parts = parts_of(place, place / "corpus", "heron");
  auto places = std::vector<std::string>{};
  for (const auto& x : parts[0]["findings"])
    places.push_back(x["path"].get<std::string>() + ":" + x["line"].dump());
  EXPECT_EQ(places, (std::vector<std::string>{"a.txt:1", "a.txt:3", "b.txt:1"}));
}

TEST(deepresearch, answers_each_part_of_a_question_with_citations) {
  const auto place = folder{};
  put(place.path() / "corpus/birds.md", "# Birds\n\nHerons eat fish.\n\n- Storks eat frogs.\n");
  put(place.path() / "corpus/trees.txt", "Oaks grow slowly,\nfor a thousand years.\n");
  put(place.path() / "corpus/herons.csv", "herons,fish\n");
  EXPECT_EQ(report_of(place / "corpus", "What does a heron eat, and how do oaks grow?"),
            "# What does a heron eat, and how do oaks grow?\n\n"
            "## What does a heron eat\n\n"
            "> Herons eat fish.\n\n[birds.md:3]\n\n"
            "> - Storks eat frogs.\n\n[birds.md:5]\n\n"
            "## how do oaks grow\n\n"
            "> Oaks grow slowly, for a thousand years.\n\n[trees.txt:1]\n\n"
            "## Sources\n\n- birds.md:3\n- birds.md:5\n- trees.txt:1\n\n");
}

TEST(deepresearch, the_critic_asks_for_more_where_a_word_was_not_found) {
  const auto place = folder{};
  // The one hit of the first search is the moon, which is rarer; then herons are asked for alone.
  for (auto i = 0; i < 5; ++i)
    put(place.path() / "corpus" / ("h" + std::to_string(i) + ".txt"), "heron heron heron\n");
  put(place.path() / "corpus/moon.txt",
      "On long nights in winter one can see far more of the old moon than is good\n");
  const auto parts = parts_of(place, place / "corpus", "heron heron moon", {"-i", "hits=1"});
  ASSERT_EQ(parts[0]["findings"].size(), 2);
  EXPECT_EQ(parts[0]["findings"][0]["path"], "moon.txt");
  EXPECT_EQ(parts[0]["findings"][1]["path"], "h0.txt");
  EXPECT_EQ(tasks_in(place), 5u);
}

TEST(deepresearch, says_what_is_nowhere_and_does_not_search_for_ever) {
  const auto place = folder{};
  put(place.path() / "corpus/a.txt", "A heron.\n");
  const auto report = report_of(place / "corpus", "Do herons like unicorns?");
  EXPECT_TRUE(has(report, "[a.txt:1]"));
  EXPECT_TRUE(has(report, "## Not found\n\n- like unicorn\n"));
  EXPECT_TRUE(has(report_of(place / "corpus", "unicorns"), "Nothing was found."));
}

TEST(deepresearch, reads_bytes_that_are_no_text_and_words_that_are_not_english) {
  const auto place = folder{};
  put(place.path() / "corpus/odd\xff.txt",
      "\xc3\x9c"
      "bergr\xc3\xb6\xc3\x9f"
      "e \xff\xfe\x80 stands here\n\n\xe2\x80\x9eWort\xe2\x80\x9c\n");
  const auto report = report_of(place / "corpus", "\xc3\xbc"
                                                  "bergr\xc3\xb6\xc3\x9f"
                                                  "e, wort");
  EXPECT_TRUE(has(report, "[odd\xef\xbf\xbd.txt:1]"));
  EXPECT_TRUE(has(report, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd stands here"));
  EXPECT_TRUE(has(report, "[odd\xef\xbf\xbd.txt:3]"));
}

TEST(deepresearch, what_looks_like_a_citation_in_a_text_is_none) {
  const auto place = folder{};
  put(place.path() / "corpus/a.txt", "Herons are rare [nobody.txt:17].\n");
  const auto report = report_of(place / "corpus", "herons");
  EXPECT_TRUE(has(report, "> Herons are rare (nobody.txt:17).\n\n[a.txt:1]"));
}

TEST(deepresearch, gives_the_same_report_each_time_over_the_documentation) {
  const auto run = [] {
    const auto end = support::run(
      {program("deepresearch"), "run", examples::file("deepresearch/deepresearch.yaml")},
      {.directory = std::filesystem::path{DAGGER_EXAMPLE_FILES}.parent_path()});
    return outputs_of(end);
  };
  const auto once = run();
  EXPECT_EQ(once, run());
  EXPECT_TRUE(has(once["report"], "## How does a task wait for others\n\n> "));
  EXPECT_TRUE(has(once["report"], ".md:"));
  EXPECT_GE(once["sources"], 4);
}

TEST(deepresearch, a_folder_that_is_not_there_fails_the_job) {
  const auto end = support::run(research_of("/nowhere/at/all", "why?"));
  EXPECT_EQ(end.code, 1);
  EXPECT_TRUE(has(end.err, "deepresearch.no_folder"));
}

} // namespace
