// YAML text: the core schema, places, limits, and what is refused. Every expectation is from
// the YAML 1.2.2 specification or from JSON.
#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml.hpp>
#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <random>

namespace {

using dagger::json;
using dagger::position;

/// The value of text without faults.
json value_of(std::string_view text) {
  auto read = dagger::parse_yaml(text);
  if (!read) {
    ADD_FAILURE() << text << "\n" << dagger::to_string(read.error());
    return nullptr;
  }
  for (auto& x : read->faults)
    ADD_FAILURE() << text << "\n" << x.message;
  return read->value;
}

/// "line:col: message" of the refusal of `text`.
std::string refusal_of(std::string_view text) {
  auto read = dagger::parse_yaml(text);
  return read ? "accepted" : read.error().where + ": " + read.error().message;
}

/// The same of its faults, one per line.
std::string faults_of(std::string_view text) {
  auto read = dagger::parse_yaml(text);
  if (!read)
    return "refused: " + read.error().message;
  auto all = std::string{};
  for (auto& x : read->faults)
    all += dagger::to_text(x.at) + ": " + x.message + "\n";
  return all;
}

TEST(yaml, plain_scalars_follow_the_core_schema) {
  auto expected = std::vector<std::pair<const char*, json>>{
    {"0777", 777},
    {"yes", "yes"},
    {"NO", "NO"},
    {"on", "on"},
    {"null", nullptr},
    {"~", nullptr},
    {"NULL", nullptr},
    {"nUll", "nUll"},
    {"true", true},
    {"False", false},
    {"tRue", "tRue"},
    {"0o17", 15},
    {"0o18", "0o18"},
    {"0x1F", 31},
    {"0x", "0x"},
    {"0xG", "0xG"},
    {"+5", 5},
    {"-5", -5},
    {"-", "-"},
    {"1.", 1.0},
    {".5", 0.5},
    {".", "."},
    {"1e3", 1000.0},
    {"1e", "1e"},
    {"1_000", "1_000"},
    {"1.2.3", "1.2.3"},
    {"2001-01-01", "2001-01-01"},
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
    {"18446744073709551615", UINT64_MAX},
    {"18446744073709551616", 18446744073709551616.0},
    {"0xffffffffffffffff", UINT64_MAX},
    {"1e-999", 0.0},
  };
  for (auto& [text, value] : expected) {
    auto read = value_of(text);
    if (std::string_view{text} == "-")
      continue; // an entry of a list, at the top of a document
    EXPECT_EQ(read, value) << text;
    EXPECT_EQ(read.type() == json::value_t::number_float,
              value.type() == json::value_t::number_float)
      << text;
    EXPECT_EQ(value_of("a: " + std::string{text}), (json{{"a", value}})) << text;
  }
}

TEST(yaml, quoted_and_block_scalars_are_strings) {
  EXPECT_EQ(value_of("{a: '1', b: \"true\", c: 'null'}"),
            (json{{"a", "1"}, {"b", "true"}, {"c", "null"}}));
  EXPECT_EQ(value_of("a: |\n  12\nb: >-\n  x\n  y\n"), (json{{"a", "12\n"}, {"b", "x y"}}));
}

TEST(yaml, a_value_that_is_not_written_is_null) {
  EXPECT_EQ(value_of("a:\nb: 1\n"), (json{{"a", nullptr}, {"b", 1}}));
  EXPECT_EQ(value_of("- \n- 1\n"), (json{nullptr, 1}));
}

TEST(yaml, what_json_cannot_hold_is_a_fault_with_its_place) {
  EXPECT_EQ(faults_of("a: 1\nb: .inf\nc: [-.Inf, .NaN, 1e999]\n"),
            "2:4: JSON has no number for '.inf'\n"
            "3:5: JSON has no number for '-.Inf'\n"
            "3:12: JSON has no number for '.NaN'\n"
            "3:18: JSON has no number for '1e999'\n");
}

TEST(yaml, duplicate_keys_are_faults_that_name_both_places) {
  EXPECT_EQ(faults_of("a: 1\nb: {x: 1, x: 2}\na: 3\n"), "2:11: duplicate key 'x', first at 2:5\n"
                                                        "3:1: duplicate key 'a', first at 1:1\n");
}

TEST(yaml, keys_must_be_texts) {
  EXPECT_EQ(value_of("1: a\nyes: b\n"), (json{{"1", "a"}, {"yes", "b"}}));
  EXPECT_EQ(faults_of("null: a\n? [x]\n: b\n? {y: 1}\n: c\n"),
            "1:1: a key must be a text, not null\n"
            "2:3: a key must be a text, not a list\n"
            "4:3: a key must be a text, not a map\n");
}

TEST(yaml, tags_of_the_core_schema_are_read_and_others_are_faults) {
  EXPECT_EQ(
    value_of("{a: !!str 5, b: !!int '5', c: !!float 5, d: ! 5, e: !!map {}, f: !!seq []}"),
    (json{
      {"a", "5"}, {"b", 5}, {"c", 5.0}, {"d", "5"}, {"e", json::object()}, {"f", json::array()}}));
  EXPECT_EQ(faults_of("a: !point {x: 1}\nb: !!int x\nc: !!binary aGk=\n"),
            "1:4: unknown tag '!point'\n"
            "2:4: 'x' is no int, as its tag says\n"
            "3:4: unknown tag 'tag:yaml.org,2002:binary'\n");
}

TEST(yaml, anchors_and_merge_keys_are_expanded) {
  EXPECT_EQ(value_of("x: &x {a: 1, b: [2]}\ny: *x\nz: {<<: *x, a: 3}\nw:\n  <<: [*x, {c: 4}]\n"),
            (json{{"x", {{"a", 1}, {"b", {2}}}},
                  {"y", {{"a", 1}, {"b", {2}}}},
                  {"z", {{"a", 3}, {"b", {2}}}},
                  {"w", {{"a", 1}, {"b", {2}}, {"c", 4}}}}));
  EXPECT_EQ(value_of("'<<': 1"), (json{{"<<", 1}}));
  EXPECT_EQ(faults_of("a: {<<: 3}"), "1:9: '<<' takes a map or a list of maps, not number\n");
}

TEST(yaml, every_value_and_key_has_its_place) {
  auto read = dagger::parse_yaml("job: x # comment\n"
                                 "tasks:\n"
                                 "  - name: a\n"
                                 "    after: [b,  \"c\"]\n"
                                 "  -\n"
                                 "    text: |\n"
                                 "      long\n"
                                 "    none:\n"
                                 "    a/b~c: {k: ~}\n");
  ASSERT_TRUE(read);
  auto& at = read->places;
  EXPECT_EQ(at.value(""), (position{1, 1}));
  EXPECT_EQ(at.key("/job"), (position{1, 1}));
  EXPECT_EQ(at.value("/job"), (position{1, 6}));
  EXPECT_EQ(at.key("/tasks"), (position{2, 1}));
  EXPECT_EQ(at.value("/tasks"), (position{3, 3}));
  EXPECT_EQ(at.value("/tasks/0"), (position{3, 5}));
  EXPECT_EQ(at.value("/tasks/0/name"), (position{3, 11}));
  EXPECT_EQ(at.value("/tasks/0/after"), (position{4, 12}));
  EXPECT_EQ(at.value("/tasks/0/after/1"), (position{4, 17}));
  EXPECT_EQ(at.value("/tasks/1/text"), (position{6, 11}));
  EXPECT_EQ(at.key("/tasks/1/none"), (position{8, 5}));
  EXPECT_EQ(at.value("/tasks/1/none"), (position{8, 9}));
  EXPECT_EQ(at.key("/tasks/1/a~1b~0c"), (position{9, 5}));
  EXPECT_EQ(at.key("/tasks/1/a~1b~0c/k"), (position{9, 13}));
  EXPECT_EQ(at.value("/tasks/1/a~1b~0c/k"), (position{9, 16}));
  // What is not there has the place of what should hold it.
  EXPECT_EQ(at.value("/tasks/0/agent"), (position{3, 5}));
  EXPECT_EQ(at.value("/tasks/7"), (position{3, 3}));
}

TEST(yaml, parts_of_an_alias_stand_where_they_are_written) {
  auto read = dagger::parse_yaml("a: &x {k: 1}\nb: *x\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->places.value("/b"), (position{2, 4}));
  EXPECT_EQ(read->places.value("/b/k"), (position{1, 11}));
}

TEST(yaml, syntax_errors_have_a_place) {
  EXPECT_EQ(refusal_of("a: 1\n b: 2\n"), "2:3: not YAML: illegal map value");
  EXPECT_EQ(refusal_of("a: [1, 2\nb: 3"), "2:2: not YAML: a '[' is not closed");
  EXPECT_EQ(refusal_of("a: @x"), "1:4: not YAML: unknown token");
  EXPECT_EQ(refusal_of("a: *x"), "1:4: not YAML: the referenced anchor is not defined");
  EXPECT_EQ(refusal_of("a: &x [*x]"), "1:8: an alias inside the value that it repeats");
}

TEST(yaml, a_quote_that_is_never_closed_is_refused) {
  EXPECT_EQ(refusal_of("a: \"x\n"), "1:4: not YAML: a quote is not closed");
  EXPECT_EQ(refusal_of("a: 1\nb: &x 'it''s\n"), "2:4: not YAML: a quote is not closed");
  EXPECT_EQ(value_of("a: \"x\\\"\""), (json{{"a", "x\""}}));
  EXPECT_EQ(value_of("a: 'it''s'"), (json{{"a", "it's"}}));
}

TEST(yaml, tabs_do_not_indent) {
  auto read = dagger::parse_yaml("a:\n\tb: 1\n");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().where, "2:3");
  EXPECT_EQ(read.error().hint, "indent with spaces, tabs do not count");
}

TEST(yaml, one_document_of_utf8_text_is_needed) {
  EXPECT_EQ(refusal_of(""), "1:1: the file is empty");
  EXPECT_EQ(refusal_of("# only a comment\n"), "1:1: the file is empty");
  EXPECT_EQ(refusal_of("a: 1\n---\nb: 2\n"), "2:1: more than one document in a file");
  EXPECT_EQ(refusal_of("a: 1\nb: \xff\n"), "2:4: not UTF-8");
  EXPECT_EQ(refusal_of("a: 1\n\x04"
                       "b: 2\n"),
            "2:1: control character 4");
  EXPECT_EQ(value_of("\xef\xbb\xbf---\na: 1\n...\n"), (json{{"a", 1}}));
  EXPECT_EQ(value_of("a: 1\r\nb: \xc3\xa4\r\n"), (json{{"a", 1}, {"b", "\xc3\xa4"}}));
}

TEST(yaml, deep_nesting_is_refused_before_it_can_exhaust_a_stack) {
  auto repeated = [](const char* text) {
    auto all = std::string{};
    for (auto i = 0; i < 100'000; ++i)
      all += text;
    return all;
  };
  for (auto text : {"[", "{", "- ", "? ", "[a: ", "{a: ", "[ - "})
    EXPECT_NE(refusal_of(repeated(text)), "accepted") << text;
  EXPECT_EQ(refusal_of(repeated("[")), "1:65: nested deeper than 128 levels");
  EXPECT_EQ(refusal_of(repeated("- ")), "1:257: nested deeper than 128 levels");
  auto most = std::string(dagger::limits::nesting, '[') + std::string(dagger::limits::nesting, ']');
  EXPECT_TRUE(dagger::parse_yaml(most));
  EXPECT_EQ(refusal_of("[" + most + "]"), "1:129: nested deeper than 128 levels");
}

TEST(yaml, aliases_cannot_nest_deeper_than_what_is_written) {
  auto deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_TRUE(dagger::parse_yaml("a: &x " + deep + "\nb: *x\n"));
  EXPECT_EQ(
    refusal_of("a: &x " + deep + "\nb: " + std::string(50, '[') + "*x" + std::string(50, ']')),
    "2:54: nested deeper than 128 levels");
}

TEST(yaml, an_alias_bomb_is_refused) {
  auto bomb = std::string{"a: &a [x, x, x, x, x, x, x, x, x, x]\n"};
  for (auto c = 'b'; c < 'm'; ++c) {
    auto before = std::string{"*"} + static_cast<char>(c - 1);
    bomb += std::string{c} + ": &" + c + " [" + before;
    for (auto i = 0; i < 9; ++i)
      bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_EQ(refusal_of(bomb), "6:40: aliases repeat more than 1048576 values or 64 MiB of text");
  auto text = "a: &a \"" + std::string(1 << 20, 'x') + "\"\nb: [";
  for (auto i = 0; i < 100; ++i)
    text += "*a, ";
  EXPECT_EQ(refusal_of(text + "]"),
            "2:261: aliases repeat more than 1048576 values or 64 MiB of text");
}

TEST(yaml, a_value_that_the_scanner_must_hold_whole_is_bounded) {
  EXPECT_EQ(refusal_of(std::string(8 << 20, '[')), "1:1: a single value of more than 2 MiB");
  EXPECT_EQ(refusal_of(std::string(dagger::limits::file_bytes + 1, ' ')),
            "1:1: larger than 64 MiB");
}

/// Any JSON value, small.
json random_value(std::mt19937& random, int depth) {
  auto pick = [&](int n) { return std::uniform_int_distribution{0, n - 1}(random); };
  auto text = [&] {
    static const auto pieces = std::vector<std::string>{
      "a",   "Z",    "0",  "9", " ",  ":",  "#",  "-",    "?",    "'",   "\"",
      "\\",  "\n",   "\t", "{", "}",  "[",  "]",  ",",    "&",    "*",   "!",
      "|",   ">",    "%",  "@", "`",  "~",  "/",  "\x7f", "null", "no",  "\xc3\xa4",
      "0x1", "\x01", "<<", ".", "..", "e1", "+1", "\r",   "true", "1e3", "$"};
    auto made = std::string{};
    for (auto i = pick(5); i > 0; --i)
      made += pieces[static_cast<std::size_t>(pick(static_cast<int>(pieces.size())))];
    return made;
  };
  switch (pick(depth > 0 ? 8 : 6)) {
  case 0:
    return nullptr;
  case 1:
    return pick(2) == 0;
  case 2:
    return static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random())
                                     >> static_cast<unsigned>(pick(64)))
         * (pick(2) == 0 ? 1 : -1);
  case 3:
    return std::ldexp(static_cast<double>(random()) - 2e9, pick(200) - 100);
  case 4:
  case 5:
    return text();
  case 6: {
    auto made = json::array();
    for (auto i = pick(5); i > 0; --i)
      made.push_back(random_value(random, depth - 1));
    return made;
  }
  default: {
    auto made = json::object();
    for (auto i = pick(5); i > 0; --i)
      made[text()] = random_value(random, depth - 1);
    return made;
  }
  }
}

/// All pointers of `value` have the same places in both documents.
void expect_same_places(const json& value, const std::string& pointer, const dagger::document& a,
                        const dagger::document& b) {
  EXPECT_EQ(a.places.value(pointer), b.places.value(pointer)) << pointer;
  EXPECT_EQ(a.places.key(pointer), b.places.key(pointer)) << pointer;
  if (value.is_object())
    for (auto& [name, member] : value.items())
      expect_same_places(member, dagger::join_pointer(pointer, name), a, b);
  else if (value.is_array())
    for (auto i = std::size_t{0}; i < value.size(); ++i)
      expect_same_places(value[i], pointer + "/" + std::to_string(i), a, b);
}

TEST(yaml, json_text_means_the_same_as_yaml_and_as_json) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  for (auto i = 0; i < 2'000 && !testing::Test::HasFailure(); ++i) {
    auto value = random_value(random, 4);
    auto text = i % 2 == 0 ? dagger::to_text(value) : dagger::to_pretty_text(value);
    SCOPED_TRACE(text);
    auto as_yaml = dagger::parse_yaml(text);
    auto as_json = dagger::parse_json_document(text);
    ASSERT_TRUE(as_yaml) << dagger::to_string(as_yaml.error());
    ASSERT_TRUE(as_json) << dagger::to_string(as_json.error());
    EXPECT_EQ(as_yaml->faults.size(), 0u);
    EXPECT_EQ(as_json->value, value);
    EXPECT_EQ(dagger::to_text(as_yaml->value), dagger::to_text(value));
    expect_same_places(value, "", *as_yaml, *as_json);
  }
}

TEST(yaml, no_bytes_make_it_crash) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  constexpr auto pieces = std::string_view{"ab:- \n[]{},&*!|>'\"%@`#?~<.0\t\\x"};
  auto accepted = 0;
  for (auto i = 0; i < 20'000; ++i) {
    auto text = std::string{};
    for (auto length = random() % 24; length > 0; --length)
      text += pieces[random() % pieces.size()];
    auto read = dagger::parse_yaml(text);
    accepted += read.has_value();
    EXPECT_TRUE(read || read.error().where.find(':') != std::string::npos) << text;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

} // namespace
