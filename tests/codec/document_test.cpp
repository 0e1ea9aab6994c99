// JSON text with places, pointers, and UTF-8.
#include <dagger/codec/document.hpp>
#include <dagger/codec/utf8.hpp>

#include <gtest/gtest.h>

namespace {

using dagger::json;
using dagger::position;

TEST(document, json_text_has_places) {
  auto read = dagger::parse_json_document("{\n  \"a\": [1, {\"b\\u0020c\": null}],\n\n \"d\":2}");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->value, (json{{"a", {1, {{"b c", nullptr}}}}, {"d", 2}}));
  EXPECT_EQ(read->places.key("/a"), (position{2, 3}));
  EXPECT_EQ(read->places.value("/a"), (position{2, 8}));
  EXPECT_EQ(read->places.value("/a/0"), (position{2, 9}));
  EXPECT_EQ(read->places.key("/a/1/b c"), (position{2, 13}));
  EXPECT_EQ(read->places.value("/a/1/b c"), (position{2, 25}));
  EXPECT_EQ(read->places.value("/d"), (position{4, 6}));
  EXPECT_TRUE(read->faults.empty());
}

TEST(document, duplicate_names_in_json_are_faults) {
  auto read = dagger::parse_json_document("{\"a\": 1,\n \"\\u0061\": 2}");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->faults.size(), 1u);
  EXPECT_EQ(read->faults[0].at, (position{2, 2}));
  EXPECT_EQ(read->faults[0].message, "duplicate key, first at 1:2");
}

TEST(document, bad_json_is_refused_with_its_place) {
  auto read = dagger::parse_json_document("{\"a\": 1,\n oops}");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().where.substr(0, 2), "2:");
  EXPECT_EQ(dagger::parse_json_document(std::string(100'000, '[')).error().where, "1:129");
}

TEST(document, pointers_become_paths_that_people_write) {
  EXPECT_EQ(dagger::to_path(""), "");
  EXPECT_EQ(dagger::to_path("/tasks/1/after/0"), "tasks[1].after[0]");
  EXPECT_EQ(dagger::to_path("/a~1b/c~0d"), "[\"a/b\"][\"c~d\"]");
  EXPECT_EQ(dagger::to_path("/a//b"), "a[\"\"].b");
  EXPECT_EQ(dagger::join_pointer("/a", "x/~y"), "/a/x~1~0y");
  EXPECT_EQ(dagger::pointer_steps("/a~1b/~01"), (std::vector<std::string>{"a/b", "~1"}));
}

TEST(utf8, ill_formed_bytes_are_found) {
  EXPECT_EQ(dagger::invalid_utf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
            std::string::npos);
  EXPECT_EQ(dagger::invalid_utf8("ab\xff"), 2u);
  EXPECT_EQ(dagger::invalid_utf8("a\xc3"), 1u);            // cut off
  EXPECT_EQ(dagger::invalid_utf8("\xc0\xaf"), 0u);         // overlong
  EXPECT_EQ(dagger::invalid_utf8("\xe0\x80\xaf"), 0u);     // overlong
  EXPECT_EQ(dagger::invalid_utf8("\xed\xa0\x80"), 0u);     // a surrogate
  EXPECT_EQ(dagger::invalid_utf8("\xf4\x90\x80\x80"), 0u); // above U+10FFFF
}

TEST(utf8, ill_formed_bytes_are_shown_as_replacement_characters) {
  EXPECT_EQ(dagger::to_valid_utf8("a\xff\xfe"
                                  "b\xc3"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b\xef\xbf\xbd");
  EXPECT_EQ(dagger::to_valid_utf8("\xc3\xa4"), "\xc3\xa4");
}

} // namespace
