// Pictures as DOT, Mermaid and JSON: what they say, and that no label can break them.
#include <dagger/codec/json.hpp>
#include <dagger/graph/render.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/schemas.hpp>
#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>

namespace {

using namespace dagger;
using namespace dagger::graph;
using namespace std::chrono_literals;

picture sample() {
  auto made = picture{};
  made.title = "research";
  auto node = [](std::string id, std::optional<task_state> state) {
    auto x = picture_node{};
    x.id = id;
    x.label = {id, "agent"};
    x.state = state;
    return x;
  };
  made.nodes = {node("a", task_state::completed), node("b", task_state::running),
                node("c", std::nullopt)};
  made.nodes[0].attempts = 3;
  made.nodes[0].started = timestamp{1h};
  made.nodes[0].ended = timestamp{1h + 3'250ms};
  made.nodes[1].group = "inner";
  made.edges = {{0, 1, edge_kind::after}, {1, 2, edge_kind::waits}, {0, 2, edge_kind::added}};
  return made;
}

/// Text of all kinds of bytes, with a taste for those that drawing programs read as markup.
std::string nasty(std::mt19937& random) {
  constexpr auto liked = std::string_view{"\"\\<>&;#{}[]()|`'%:\n\r\t$-=~*_/@!?,. "};
  auto made = std::string{};
  for (auto n = random() % 12; n > 0; --n)
    made += random() % 3 == 0 ? static_cast<char>(random()) : liked[random() % liked.size()];
  return made;
}

/// What Graphviz makes of `dot`; empty if it refuses it.
std::string svg_of(const std::string& dot) {
  auto folder = dagger::test::temporary_folder{};
  auto in = folder.path() / "in.dot", out = folder.path() / "out.svg",
       errors = folder.path() / "errors";
  std::ofstream{in, std::ios::binary} << dot;
  auto command =
    "dot -Tsvg -o '" + out.string() + "' '" + in.string() + "' 2> '" + errors.string() + "'";
  auto status = std::system(command.c_str());
  auto read = [](auto& path) {
    auto file = std::ifstream{path, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  EXPECT_EQ(status, 0) << read(errors) << dot;
  EXPECT_EQ(read(errors), "") << dot;
  return status == 0 ? read(out) : "";
}

TEST(render, dot_shows_states_attempts_durations_groups_and_kinds_of_edges) {
  EXPECT_EQ(to_dot(sample()), R"(digraph {
  label="research"; labelloc=t; fontname="sans-serif";
  rankdir=TB;
  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="sans-serif"];
  n0 [label="a\nagent\ncompleted, 3 attempts, 3.2 s", fillcolor="#d3f9d8", color="#2b8a3e"];
  n2 [label="c\nagent"];
  subgraph cluster_1 {
  label="inner";
  n1 [label="b\nagent\nrunning", fillcolor="#a5d8ff", color="#1864ab"];
  }
  n0 -> n1;
  n1 -> n2 [style=dashed];
  n0 -> n2 [style=dotted, arrowhead=open];
}
)");
}

TEST(render, mermaid_says_the_same) {
  auto right = sample();
  right.direction = picture::direction::right;
  EXPECT_EQ(to_mermaid(right), R"(---
title: "research"
---
flowchart LR
  n0["a<br/>agent<br/>completed, 3 attempts, 3.2 s"]:::completed
  n2["c<br/>agent"]
  subgraph g1["inner"]
  n1["b<br/>agent<br/>running"]:::running
  end
  n0 --> n1
  n1 -. waits .-> n2
  n0 -. added .-> n2
  classDef running fill:#a5d8ff,stroke:#1864ab,color:#000
  classDef completed fill:#d3f9d8,stroke:#2b8a3e,color:#000
)");
}

TEST(render, visits_are_not_called_attempts) {
  auto one = picture{};
  auto& node = one.nodes.emplace_back();
  node.label = {"a"};
  node.state = task_state::completed;
  auto says = [&](std::uint32_t visits, std::uint32_t attempts) {
    node.visits = visits;
    node.attempts = attempts;
    auto text = to_mermaid(one);
    auto begin = text.find("completed");
    return text.substr(begin, text.find('"', begin) - begin);
  };
  EXPECT_EQ(says(1, 1), "completed");
  EXPECT_EQ(says(1, 2), "completed, 2 attempts");
  EXPECT_EQ(says(2, 2), "completed, 2 visits");
  EXPECT_EQ(says(2, 3), "completed, 2 visits, 3 attempts");
}

TEST(render, json_follows_its_schema) {
  auto schema = schema::validator::compile(parse_json(schemas::text("graph")).value()).value();
  auto made = to_json(sample());
  EXPECT_TRUE(schema.check(made).empty()) << schema::to_text(schema.check(made));
  EXPECT_EQ(made["nodes"][0], (json{{"id", "a"},
                                    {"label", {"a", "agent"}},
                                    {"state", "completed"},
                                    {"visits", 1},
                                    {"attempts", 3},
                                    {"started", "1970-01-01T01:00:00.000Z"},
                                    {"ended", "1970-01-01T01:00:03.250Z"}}));
  EXPECT_EQ(made["edges"][1], (json{{"from", "b"}, {"to", "c"}, {"kind", "waits"}}));
}

TEST(render, mermaid_reads_no_character_of_a_label_as_markup) {
  auto one = picture{};
  one.nodes.emplace_back().label = {"a\"b#c<d>&e`f\\g\nh;1. x", "- y %%"};
  EXPECT_EQ(to_mermaid(one),
            "flowchart TB\n  n0[\"a#34;b#35;c#60;d#62;#38;e#96;f#92;g<br/>h#59;1#46; "
            "x<br/>#45; y #37;#37;\"]\n");
}

TEST(render, graphviz_accepts_and_shows_whatever_stands_in_a_label) {
  auto special = picture{};
  special.title = "a \"title\" \\ <b>&amp;</b>\nnext";
  special.nodes.emplace_back().label = {"\\N \\\"", "<tr> &lt; \xff \xc3\xa4 ]; }", "end\\"};
  special.nodes.emplace_back().label = {"plain"};
  special.nodes[1].group = "\"group\\";
  special.edges = {{0, 1, edge_kind::after}};
  auto svg = svg_of(to_dot(special));
  for (auto shown :
       {"a &quot;title&quot; \\ &lt;b&gt;&amp;amp;&lt;/b&gt;", "\\N \\&quot;",
        "&lt;tr&gt; &amp;lt; \xef\xbf\xbd \xc3\xa4 ]; }", "end\\", "&quot;group\\", "plain"})
    EXPECT_NE(svg.find(shown), std::string::npos) << shown << "\n" << svg;
}

TEST(render, random_bytes_in_every_text_stay_well_formed) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  auto all = picture{};
  all.title = nasty(random);
  for (auto i = 0u; i < 100; ++i) {
    auto& node = all.nodes.emplace_back();
    node.id = "x" + nasty(random);
    for (auto n = random() % 3; n > 0; --n)
      node.label.push_back(nasty(random));
    if (random() % 4 == 0)
      node.group = nasty(random);
    if (i > 0)
      all.edges.push_back({static_cast<std::uint32_t>(random() % i), i, edge_kind::after});
  }
  auto svg = svg_of(to_dot(all));
  auto boxes = std::size_t{0};
  for (auto at = svg.find("class=\"node\""); at != svg.npos;
       at = svg.find("class=\"node\"", at + 1))
    ++boxes;
  EXPECT_EQ(boxes, 100u);
  EXPECT_TRUE(parse_json(dagger::to_text(to_json(all))));
  auto mermaid = to_mermaid(all);
  // Three lines of front matter if there is a title, the head, then one line for each box and
  // edge, and two for each group.
  auto lines = static_cast<std::size_t>(std::count(mermaid.begin(), mermaid.end(), '\n'));
  auto groups = std::set<std::string>{};
  for (auto& node : all.nodes)
    if (!node.group.empty())
      groups.insert(node.group);
  EXPECT_EQ(lines, (all.title.empty() ? 1 : 4) + 100 + 99 + 2 * groups.size()) << mermaid;
}

TEST(render, definitions_have_pictures) {
  auto job = plan::job_spec{};
  job.id = "id";
  auto add = [&](std::string name, std::string agent, std::vector<task_ref> after) {
    auto& task = job.tasks.emplace_back();
    task.name = std::move(name);
    task.agent = std::move(agent);
    task.after = std::move(after);
  };
  add("first", "worker", {});
  add("", "worker", {"first"});
  add("worker", "worker", {task_ref::nth(1), "nobody", task_ref::nth(77)});
  auto made = picture_of(job);
  EXPECT_EQ(made.title, "id");
  ASSERT_EQ(made.nodes.size(), 3u);
  EXPECT_EQ(made.nodes[0].label, (std::vector<std::string>{"first", "worker"}));
  EXPECT_EQ(made.nodes[1].id, "worker-1");
  EXPECT_EQ(made.nodes[2].label, (std::vector<std::string>{"worker"}));
  EXPECT_EQ(made.edges,
            (std::vector<picture_edge>{{0, 1, edge_kind::after}, {1, 2, edge_kind::after}}));
}

TEST(render, a_hundred_thousand_boxes_are_drawn_in_every_format) {
  auto big = picture{};
  for (auto i = 0u; i < 100'000; ++i) {
    auto& node = big.nodes.emplace_back();
    node.id = "task_" + std::to_string(i);
    node.label = {node.id};
    node.group = "g" + std::to_string(i % 1'000);
    if (i > 0)
      big.edges.push_back({i / 2, i, edge_kind::after});
  }
  EXPECT_GT(to_dot(big).size(), 100'000u * 20);
  EXPECT_GT(to_mermaid(big).size(), 100'000u * 20);
  EXPECT_EQ(to_json(big)["nodes"].size(), 100'000u);
}

} // namespace
