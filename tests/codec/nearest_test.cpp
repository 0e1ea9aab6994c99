// The word that was probably meant.
#include <dagger/codec/nearest.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using dagger::nearest;
using words = std::vector<std::string>;

TEST(nearest, a_typing_mistake_finds_its_word) {
  const auto known = words{"after", "agent", "inputs", "retry", "timeout"};
  EXPECT_EQ(nearest("agnet", known), "agent");
  EXPECT_EQ(nearest("input", known), "inputs");
  EXPECT_EQ(nearest("timout", known), "timeout");
  EXPECT_EQ(nearest("afterr", known), "after");
  EXPECT_EQ(nearest("retri", known), "retry");
}

TEST(nearest, a_word_that_resembles_none_finds_none) {
  const auto known = words{"after", "agent", "inputs"};
  EXPECT_EQ(nearest("colour", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest("agent", words{}), std::nullopt);
  EXPECT_EQ(nearest("a", words{"b", ""}), std::nullopt);
}

TEST(nearest, letters_of_the_wrong_case_count_half) {
  EXPECT_EQ(nearest("Max", words{"mix", "max"}), "max");
  EXPECT_EQ(nearest("maxitems", words{"minItems", "maxItems"}), "maxItems");
}

TEST(nearest, the_first_of_several_equally_near_words_wins) {
  EXPECT_EQ(nearest("tesk", words{"task", "desk"}), "task");
  EXPECT_EQ(nearest("tesk", words{"desk", "task"}), "desk");
}

TEST(nearest, the_word_itself_is_nearest) {
  EXPECT_EQ(nearest("task", words{"tasks", "task"}), "task");
}

TEST(nearest, long_words_have_no_neighbours) {
  auto edge = std::string(64, 'x');
  EXPECT_EQ(nearest(edge + "x", words{edge}), std::nullopt);
  EXPECT_EQ(nearest(edge, words{edge + "x"}), std::nullopt);
  EXPECT_EQ(nearest(edge.substr(1), words{edge}), edge);
}

} // namespace
