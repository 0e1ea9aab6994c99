// The guide, run as it stands there.
#include "apps/process.hpp"
#include "docs/page.hpp"

#include <gtest/gtest.h>

namespace {

TEST(guide, the_examples_of_jobs_print_what_they_say) {
  const auto programs = std::filesystem::path{DAGGER_GUIDE_BINARY}.parent_path();
  EXPECT_GT(docs::run_examples_of(DAGGER_GUIDE_PAGE, programs), 40u);
}

TEST(guide, the_examples_of_flows_print_what_they_say) {
  const auto programs = std::filesystem::path{DAGGER_BINARY}.parent_path();
  EXPECT_GT(docs::run_examples_of(DAGGER_FLOWS_PAGE, programs), 25u);
}

TEST(guide, what_jobs_do_from_cpp_prints_what_it_should) {
  const auto place = support::folder{};
  const auto end = support::run({DAGGER_GUIDE_BINARY}, {.directory = place.path()});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, "[\"hello moon\",\"hello sun\"]\n"
                     "{\"let_in\":\"ada\"}\n"
                     "a story of four words: \"once\" \"upon\" \"a\" \"time\"\n"
                     "limit\n"
                     "[{\"expects\":[\"luck\"],\"task\":\"wish\"}]\n"
                     "cancelled\n"
                     "new, completed\n"
                     "known, completed\n");
}

} // namespace
