// The census, as a process, beside a slow walk over the same files.
#include "census_oracle.hpp"
#include "census_trees.hpp"
#include "programs.hpp"

#include <csignal>
#include <random>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using examples::json;
using examples::outputs_of;
using examples::put;
using examples::slow_census;

std::vector<std::string> census_of(const std::string& root, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {examples::program("census"), "run",
                             examples::file("census/census.yaml"), "-i", "root=" + root});
  return more;
}

json census(const std::string& root, std::vector<std::string> more = {}) {
  return outputs_of(support::run(census_of(root, std::move(more))));
}

/// Root may read everything, as long as it has these two capabilities.
std::vector<std::string> without_privileges(std::vector<std::string> words) {
  if (::geteuid() == 0)
    words.insert(words.begin(), {"setpriv", "--bounding-set", "-dac_override,-dac_read_search"});
  return words;
}

TEST(census, equals_a_slow_walk_over_an_odd_tree) {
  const auto place = support::folder{};
  examples::grow_odd_tree(place.path());
  const auto expected = slow_census(place.path());
  ASSERT_GT(expected["files"], 80);
  EXPECT_EQ(census(place.path()), expected);
  EXPECT_EQ(census(place.path(), {"--parallel", "1"}), expected);
}

TEST(census, equals_a_slow_walk_over_a_deep_and_a_crowded_folder) {
  const auto place = support::folder{};
  auto deep = place.path();
  for (auto i = 0; i < 300; ++i) {
    deep /= "level" + std::to_string(i);
    if (i % 50 == 0)
      put(deep / "here.txt", std::string(static_cast<std::size_t>(i), 'x') + "\n");
  }
  fs::create_directories(deep);
  for (auto i = 0; i < 5'000; ++i)
    put(place.path() / "crowd" / ("f" + std::to_string(i)), std::to_string(i / 2) + "\n");
  const auto expected = slow_census(place.path());
  ASSERT_EQ(expected["directories"], 302);
  EXPECT_EQ(census(place.path()), expected);
}

TEST(census, survives_a_tree_that_is_deeper_than_a_job_may_be) {
  const auto place = support::folder{};
  auto deep = place.path();
  for (auto i = 0; i < 1'005; ++i)
    fs::create_directory(deep /= "d");
  put(deep / "out_of_reach", "x");
  put(place.path() / "d/d/d/within_reach", "y");
  const auto found = census(place.path());
  EXPECT_EQ(found["files"], 1);
  ASSERT_EQ(found["errors"].size(), 1);
  EXPECT_EQ(found["errors"][0]["reason"], "nested too deep");
}

TEST(census, gives_the_same_output_whatever_the_parallelism) {
  const auto place = support::folder{};
  examples::grow_wide_tree(place.path() / "tree", 40, 30);
  const auto run = [&](const std::string& slots) {
    const auto end = support::run(
      census_of(place / "tree", {"--parallel", slots, "--store", place / ("s" + slots)}));
    EXPECT_EQ(end.code, 0) << end.err;
    return end.out;
  };
  const auto alone = run("1");
  EXPECT_EQ(alone, run("8"));
  EXPECT_EQ(json::parse(alone), slow_census(place.path() / "tree"));
}

TEST(census, gives_the_same_output_however_often_it_is_killed) {
  const auto place = support::folder{};
  const auto root = place.path() / "tree";
  examples::grow_wide_tree(root, 60, 25);
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto pick = std::mt19937{seed};
  const auto words = census_of(root, {"--store", place / "s", "--id", "x"});
  auto kills = 0;
  for (auto i = 0; i < 10; ++i) {
    auto seen = examples::opens{root};
    auto killed = support::process{words};
    seen.wait_for(std::uniform_int_distribution{1, 250}(pick), killed.id());
    killed.send(SIGKILL);
    kills += killed.wait().signal == SIGKILL;
  }
  EXPECT_GT(kills, 0);
  const auto end = support::run(words);
  EXPECT_EQ(outputs_of(end), slow_census(root));
  EXPECT_EQ(end.out, support::run(census_of(root)).out);
}

TEST(census, names_what_it_cannot_read_and_goes_on) {
  const auto place = support::folder{};
  examples::grow_wide_tree(place.path(), 5, 5);
  const auto expected = slow_census(place.path());
  put(place.path() / "closed.txt", "secret\n");
  put(place.path() / "shut" / "inside.txt", "secret\n");
  put(place.path() / "no_way" / "inside.txt", "secret\n");
  fs::permissions(place.path() / "closed.txt", fs::perms::none);
  fs::permissions(place.path() / "shut", fs::perms::none);
  fs::permissions(place.path() / "no_way", fs::perms::owner_read); // to be listed, not entered
  const auto end = support::run(without_privileges(census_of(place.path())));
  fs::permissions(place.path() / "shut", fs::perms::owner_all);
  fs::permissions(place.path() / "no_way", fs::perms::owner_all);
  const auto found = outputs_of(end);
  EXPECT_EQ(found["files"], expected["files"]);
  EXPECT_EQ(found["bytes"], expected["bytes"]);
  EXPECT_EQ(found["duplicates"], expected["duplicates"]);
  EXPECT_EQ(found["directories"], expected["directories"].get<int>() + 2);
  EXPECT_EQ(found["errors"], (json{{{"path", "closed.txt"}, {"reason", "Permission denied"}},
                                   {{"path", "no_way/inside.txt"}, {"reason", "Permission denied"}},
                                   {{"path", "shut"}, {"reason", "Permission denied"}}}));
}

TEST(census, files_that_vanish_after_they_were_listed_are_errors) {
  const auto place = support::folder{};
  const auto root = place.path() / "tree";
  for (auto i = 0; i < 600; ++i)
    put(root / (std::to_string(1000 + i) + ".txt"), "x");
  // It takes minutes to read, so that we are in time for the others.
  put(root / "0 large", "");
  fs::resize_file(root / "0 large", std::uintmax_t{1} << 40);
  const auto words = census_of(root, {"--parallel", "1", "--store", place / "s", "--id", "x"});
  {
    auto seen = examples::opens{root};
    auto killed = support::process{words};
    ASSERT_TRUE(seen.wait_for("0 large", killed.id()));
    killed.send(SIGKILL);
    ASSERT_EQ(killed.wait().signal, SIGKILL);
  }
  fs::resize_file(root / "0 large", 1);
  fs::remove(root / "1599.txt");
  fs::remove(root / "1598.txt");
  fs::create_symlink("1000.txt", root / "1598.txt");
  fs::remove(root / "1597.txt");
  fs::create_directory(root / "1597.txt");
  const auto found = outputs_of(support::run(words));
  EXPECT_EQ(found["files"], 598);
  EXPECT_EQ(found["errors"],
            (json{{{"path", "1597.txt"}, {"reason", "not a regular file any more"}},
                  {{"path", "1598.txt"}, {"reason", "Too many levels of symbolic links"}},
                  {{"path", "1599.txt"}, {"reason", "No such file or directory"}}}));
}

TEST(census, an_empty_folder_is_one_directory) {
  const auto place = support::folder{};
  EXPECT_EQ(census(place.path()), slow_census(place.path()));
  EXPECT_EQ(census(place.path())["directories"], 1);
}

TEST(census, a_root_that_is_not_there_fails_the_job) {
  const auto place = support::folder{};
  put(place.path() / "file", "x");
  for (const auto* name : {"nowhere", "file"}) {
    const auto end = support::run(census_of(place / name));
    EXPECT_EQ(end.code, 1);
    EXPECT_NE(end.err.find("census.no_root"), std::string::npos) << end.err;
  }
  EXPECT_EQ(support::run(census_of("")).code, 2);
}

TEST(census, a_root_may_be_relative_and_reached_through_a_link) {
  const auto place = support::folder{};
  put(place.path() / "100%" / "tree" / "x.c", "a\nb\n");
  fs::create_directory_symlink("100%/tree", place.path() / "link");
  const auto expected = slow_census(place.path() / "link/");
  for (const auto* root : {"link", "100%/tree", "./100%/../100%/tree/"}) {
    const auto end = support::run(census_of(root), {.directory = place.path()});
    EXPECT_EQ(outputs_of(end), expected) << root;
  }
}

TEST(census, the_report_is_a_page_that_names_cannot_break) {
  const auto place = support::folder{};
  const auto tree = place.path() / "t `|` <b>";
  put(tree / "one|two`three.txt", "equal\n");
  put(tree / "four\n# five.txt", "equal\n");
  put(tree / "six.a\"b;c#d", std::string(1'234'567, 'x'));
  const auto report = place.write("report.md", "the old one");
  census(tree, {"-i", "report=" + report});
  EXPECT_EQ(support::content_of(report),
            "# Census of `" + place.path().native()
              + "/t \ufffd\ufffd\ufffd <b>`\n"
                "\n"
                "3 files, 1,234,579 bytes, 2 lines, 1 directories\n"
                "\n"
                "```mermaid\n"
                "pie title Bytes by extension\n"
                "  \".a?b?c?d\" : 1234567\n"
                "  \".txt\" : 12\n"
                "```\n"
                "\n"
                "## Extensions\n"
                "\n"
                "| Extension | Files | Bytes | Lines |\n"
                "|---|---:|---:|---:|\n"
                "| `.a\"b;c#d` | 1 | 1,234,567 | 0 |\n"
                "| `.txt` | 2 | 12 | 2 |\n"
                "\n"
                "## Largest files\n"
                "\n"
                "| Path | Bytes |\n"
                "|---|---:|\n"
                "| `six.a\"b;c#d` | 1,234,567 |\n"
                "| `four\ufffd# five.txt` | 6 |\n"
                "| `one\ufffdtwo\ufffdthree.txt` | 6 |\n"
                "\n"
                "## Files with the same content: 1\n"
                "\n"
                "- 2 x `four\ufffd# five.txt`, `one\ufffdtwo\ufffdthree.txt`\n"
                "\n"
                "## Unreadable: 0\n");
  EXPECT_FALSE(fs::exists(report + ".part"));
}

TEST(census, a_report_that_cannot_be_written_fails_the_job) {
  const auto place = support::folder{};
  const auto end = support::run(census_of(place.path(), {"-i", "report=" + place / "no/where.md"}));
  EXPECT_EQ(end.code, 1);
  EXPECT_NE(end.err.find("census.no_report"), std::string::npos) << end.err;
}

TEST(census, without_a_report_file_its_text_is_in_the_store) {
  const auto place = support::folder{};
  census(place.path(), {"--store", place / "s", "--id", "x"});
  const auto shown = support::run(
    {examples::program("census"), "show", "x", "--task", "report", "--store", place / "s"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("# Census of "), std::string::npos) << shown.out;
}

} // namespace
