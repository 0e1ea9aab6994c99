// References and templates.
#include <dagger/codec/json.hpp>
#include <dagger/graph/reference.hpp>

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace {

using dagger::json;
using namespace dagger::graph;

is_node nodes(std::set<std::string, std::less<>> ids) {
  return [ids = std::move(ids)](std::string_view id) { return ids.contains(id); };
}

/// Values for references; those that are not listed have none.
resolver values(const json& by_reference) {
  return [by_reference](std::string_view text) -> dagger::result<std::optional<json>> {
    auto found = by_reference.find(std::string{text});
    return found == by_reference.end() ? std::nullopt : std::optional<json>{*found};
  };
}

TEST(reference, the_longest_id_that_fits_wins) {
  auto known = nodes({"a", "a.b", "a.b.c.d"});
  auto read = [&](const char* text) { return parse_reference(text, known).value(); };
  EXPECT_EQ(read("a"), (reference{"a", {}}));
  EXPECT_EQ(read("a.x"), (reference{"a", {"x"}}));
  EXPECT_EQ(read("a.b"), (reference{"a.b", {}}));
  EXPECT_EQ(read("a.b.c"), (reference{"a.b", {"c"}}));
  EXPECT_EQ(read("a.b.c.d.0.name"), (reference{"a.b.c.d", {"0", "name"}}));
  EXPECT_EQ(read("inputs"), (reference{"", {}}));
  EXPECT_EQ(read("inputs.x.y"), (reference{"", {"x", "y"}}));
}

TEST(reference, local_names_go_before_ids) {
  auto known = nodes({"item", "item.x", "a"});
  constexpr std::string_view locals[] = {"item", "index"};
  auto read = [&](const char* text) { return parse_reference(text, known, locals).value(); };
  EXPECT_EQ(read("item.x.y"), (reference{"item", {"x", "y"}, true}));
  EXPECT_EQ(read("index"), (reference{"index", {}, true}));
  EXPECT_EQ(read("a.item"), (reference{"a", {"item"}}));
  EXPECT_EQ(parse_reference("item.x.y", known).value(), (reference{"item.x", {"y"}}));
  EXPECT_EQ(longest_id(std::vector<std::string>{"item", "x", "y"}, known), 2u);
  EXPECT_EQ(longest_id(std::vector<std::string>{"b", "item"}, known), 0u);
}

TEST(reference, what_is_none_is_refused) {
  auto known = nodes({"a"});
  auto unknown = parse_reference("b.c.d", known);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "not_found");
  EXPECT_EQ(unknown.error().message, "unknown task 'b'");
  EXPECT_EQ(unknown.error().where, "b");
  for (auto text : {"", ".", "a.", ".a", "a..b", "a b", "${a}", "a.$x", "inputs."}) {
    auto read = parse_reference(text, known);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, "invalid_input") << text;
  }
}

TEST(reference, a_very_long_one_costs_little) {
  auto dots = std::string{"x"};
  for (auto i = 0; i < 1'000'000; ++i)
    dots += ".x";
  auto asked = 0;
  auto read = parse_reference(dots, [&](std::string_view) { return ++asked < 0; });
  EXPECT_FALSE(read);
  EXPECT_LE(asked, 64); // ids have at most 128 bytes
}

TEST(reference, all_references_of_a_template_are_found_with_their_pointers) {
  auto found = references_in(
    {{"a", "${x.y} and ${ z }"}, {"b", {1, "$${no}", {{"c/d", "$$${w}"}}}}, {"e", "${open"}});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].pointer + " " + found[0].text, "/a x.y");
  EXPECT_EQ(found[1].pointer + " " + found[1].text, "/a z");
  EXPECT_EQ(found[2].pointer + " " + found[2].text, "/b/2/c~1d w");
  EXPECT_EQ(found[3].pointer, "/e");
  EXPECT_TRUE(found[3].open);
  EXPECT_FALSE(found[2].open);
}

TEST(reference, a_whole_string_keeps_the_type_and_others_become_text) {
  auto known = values({{"n", 3}, {"s", "text"}, {"l", {1, "x"}}, {"z", nullptr}});
  auto made = resolve({{"whole", "${l}"},
                       {"number", "${ n }"},
                       {"null", "${z}"},
                       {"mixed", "a ${n} b ${s} c ${l}${z}"},
                       {"plain", "no $ {reference}"},
                       {"deep", {{{"x", "${s}"}}}}},
                      known);
  ASSERT_TRUE(made);
  EXPECT_EQ(*made, (json{{"whole", {1, "x"}},
                         {"number", 3},
                         {"null", nullptr},
                         {"mixed", "a 3 b text c [1,\"x\"]null"},
                         {"plain", "no $ {reference}"},
                         {"deep", {{{"x", "text"}}}}}));
}

TEST(reference, dollars_before_a_brace_are_halved_and_an_odd_one_refers) {
  auto known = values({{"x", 1}});
  auto of = [&](const char* text) { return resolve(text, known).value(); };
  EXPECT_EQ(of("$${x}"), "${x}");
  EXPECT_EQ(of("$$${x}"), "$1");
  EXPECT_EQ(of("$$$${x}"), "$${x}");
  EXPECT_EQ(of("$$ $x {y}"), "$$ $x {y}");
  EXPECT_EQ(of("$${"), "${");
}

TEST(reference, what_cannot_be_resolved_is_named_with_its_pointer) {
  auto missing = resolve({{"a", {"${x}"}}}, values(json::object()));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().where, "/a/0");
  EXPECT_EQ(missing.error().message, "'x' has no value");
  auto open = resolve("${x", values({{"x", 1}}));
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().message, "'${' without '}'");
}

TEST(reference, resolving_some_leaves_a_template_that_gives_the_same_in_the_end) {
  auto tmpl = json{{"a", "${early} ${late}"}, {"b", "${early}"}, {"c", "$${late}"}, {"d", "{x}"}};
  auto half = resolve_some(tmpl, values({{"early", "${late} and $"}}));
  ASSERT_TRUE(half);
  auto made = resolve(*half, values({{"late", "L"}}));
  ASSERT_TRUE(made);
  EXPECT_EQ(
    *made,
    (json{{"a", "${late} and $ L"}, {"b", "${late} and $"}, {"c", "${late}"}, {"d", "{x}"}}));
}

TEST(reference, inserted_text_is_never_taken_for_a_reference) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  auto text = [&](std::string_view alphabet) {
    auto made = std::string{};
    for (auto n = random() % 6; n > 0; --n)
      made += alphabet[random() % alphabet.size()];
    return made;
  };
  for (auto i = 0; i < 20'000; ++i) {
    // A template of texts and references, and what it must become, made side by side.
    auto early = text("$${}x"), late = text("$${}y");
    auto tmpl = std::string{}, expected = std::string{};
    auto parts = 2 + random() % 4;
    for (auto part = 0u; part < parts; ++part) {
      auto kind = random() % 3;
      auto plain = text("{}ab");
      if (kind == 0 || part == 0) // beginning with a letter, so that no dollar is before a '{'
        tmpl += "a" + plain, expected += "a" + plain;
      else
        tmpl += kind == 1 ? "${early}" : "${late}", expected += kind == 1 ? early : late;
    }
    auto half = resolve_some(tmpl, values({{"early", early}}));
    ASSERT_TRUE(half) << tmpl;
    auto made = resolve(*half, values({{"late", late}}));
    ASSERT_TRUE(made) << tmpl << " " << half->dump();
    ASSERT_EQ(*made, expected) << tmpl << " " << early << " " << late << " " << half->dump();
    ASSERT_EQ(resolve(escape(early), values({})).value(), early);
  }
}

TEST(reference, a_value_cannot_be_nested_beyond_the_limit_by_inserting_it) {
  auto deep = json::parse(std::string(100, '[') + std::string(100, ']'));
  auto tmpl = json("${x}");
  for (auto i = 0; i < 28; ++i)
    tmpl = json::array({tmpl});
  EXPECT_TRUE(resolve(tmpl, values({{"x", deep}})));
  auto made = resolve(json::array({tmpl}), values({{"x", deep}}));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "limit");
}

TEST(reference, a_path_is_followed_and_what_is_missing_is_told_with_what_there_is) {
  auto output = json{{"report", {{"pages", {"one", "two"}}}}, {"summary", "s"}};
  auto read = [&](std::vector<std::string> path) {
    return read_output({"writer", std::move(path)}, &output);
  };
  EXPECT_EQ(read({}).value(), output);
  EXPECT_EQ(read({"report", "pages", "1"}).value(), "two");
  EXPECT_EQ(read({"rpeort"}).error().message,
            "no 'rpeort' in the output of 'writer', which has 'report', 'summary'");
  EXPECT_EQ(read({"rpeort"}).error().hint, "did you mean 'report'?");
  EXPECT_EQ(read({"report", "pages", "2"}).error().message,
            "no '2' in 'pages' of 'report' of the output of 'writer', which is a list of 2");
  EXPECT_EQ(read({"report", "pages", "-1"}).error().code, "not_found");
  EXPECT_EQ(read({"summary", "x"}).error().message,
            "no 'x' in 'summary' of the output of 'writer', which is a string");
}

TEST(reference, a_node_without_output_reads_null) {
  EXPECT_EQ(read_output({"writer", {"report", "x"}}, nullptr).value(), nullptr);
}

} // namespace
