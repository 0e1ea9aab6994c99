// Specs as text: whatever a file says is there when it is printed and loaded again.
#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml.hpp>
#include <dagger/codec/yaml_writer.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/spec_text.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

namespace {

using namespace dagger;
using namespace dagger::graph;
using namespace std::chrono_literals;

const std::filesystem::path here = DAGGER_GRAPH_FILES;

constexpr auto any_agents = load_options{.agents = {}, .allow_unknown_agents = true};

void expect_lossless(const spec& x, const std::string& what) {
  for (auto& [name, text] :
       {std::pair{"again.yaml", to_yaml_text(x)}, std::pair{"again.json", to_json_text(x)}}) {
    auto again = load(text, name, any_agents);
    for (auto& problem : again.problems)
      ADD_FAILURE() << what << ": " << to_string(problem) << "\n" << text;
    ASSERT_TRUE(again.file);
    EXPECT_TRUE(*again.file == x) << what << "\n" << text;
  }
  auto again = load_value(to_json(x), "again", any_agents);
  ASSERT_TRUE(again.file);
  EXPECT_TRUE(*again.file == x) << what;
}

TEST(spec_text, all_good_files_survive_being_printed) {
  auto count = 0;
  for (auto& entry : std::filesystem::directory_iterator{here / "good_files"}) {
    auto read = load_file(entry.path(), any_agents);
    ASSERT_TRUE(read.file) << entry.path();
    expect_lossless(*read.file, entry.path().string());
    ++count;
  }
  EXPECT_GE(count, 8);
}

/// Draws specs that are right, of all that they can say.
class drawing {
public:
  explicit drawing(std::uint64_t seed) : random_(seed) {}

  spec flow(bool inner) {
    auto made = spec{};
    made.kind = !inner && coin() ? file_kind::job : file_kind::flow;
    made.name = inner ? "inner" : "drawn: #" + std::to_string(number(0, 99));
    made.description = maybe_text();
    made.version = maybe_text();
    made.author = maybe_text();
    made.signature = maybe_text();
    made.tags = some_texts();
    made.instructions = some_texts();
    made.priority = coin() ? number(-5, 5) : 0;
    if (coin())
      config(made.config);
    if (coin())
      made.limits = {.tasks = count(), .depth = 3, .running = count(), .deadline = time()};
    made.stall_action = coin() ? stall_action::terminate_job : stall_action::fail_wait;
    made.inputs_declared = true;
    for (auto name : {"one", "two"}) {
      auto& input = made.inputs.emplace_back();
      input.name = name;
      if (coin())
        input.schema = {{"description", text()}};
    }
    nodes(made, inner);
    if (coin())
      made.outputs = {{"first", "n0"}, {"in put", "inputs.one"}};
    if (!inner && coin()) {
      made.flows.push_back(std::make_shared<spec>(flow(true)));
      made.nodes[0].action = "flow:inner";
      made.nodes[0].cache.reset();
      made.nodes[0].inputs = {{.name = "one", .value = value(0)}, {.name = "two", .value = 1}};
      made.nodes[0].outputs.clear();
    }
    return made;
  }

private:
  bool coin() {
    return number(0, 1) == 1;
  }

  int number(int from, int to) {
    return std::uniform_int_distribution<int>{from, to}(random_);
  }

  std::uint32_t count() {
    return static_cast<std::uint32_t>(number(20, 1'000));
  }

  duration time() {
    return std::chrono::duration_cast<duration>(1ms * number(1, 100'000));
  }

  std::optional<duration> maybe_time() {
    return coin() ? std::optional{time()} : std::nullopt;
  }

  /// Texts of which a careless printer would make something else.
  std::string text() {
    static const auto texts = std::vector<std::string>{"plain",
                                                       "two words",
                                                       "yes",
                                                       "null",
                                                       "~",
                                                       "1.5",
                                                       "0x1f",
                                                       "true",
                                                       "- list",
                                                       "a: b",
                                                       "a #b",
                                                       "#",
                                                       "'",
                                                       "\"",
                                                       "\\",
                                                       "line\nbreak\n",
                                                       "\n",
                                                       "tail \n",
                                                       " lead",
                                                       "trail ",
                                                       "tab\there",
                                                       "caf\xc3\xa9",
                                                       "\xf0\x9f\x98\x80",
                                                       "\xc2\x85",
                                                       "\xe2\x80\xa8",
                                                       "\xef\xbb\xbf",
                                                       std::string{"nul\0", 4},
                                                       "\x7f",
                                                       "{a}",
                                                       "[a]",
                                                       "*a",
                                                       "&a",
                                                       "!a",
                                                       "%a",
                                                       "@a",
                                                       "`a`",
                                                       "|",
                                                       ">",
                                                       "?",
                                                       "---",
                                                       "...",
                                                       "<<",
                                                       "=",
                                                       ".inf",
                                                       "a\n  b\nc\n",
                                                       "a\n\nb\n",
                                                       "  a\nb\n",
                                                       "\r\n",
                                                       "a, b",
                                                       "?a",
                                                       "-",
                                                       "1e3",
                                                       "1_000",
                                                       "12:30",
                                                       std::string(300, 'x')};
    return texts[static_cast<std::size_t>(number(0, static_cast<int>(texts.size()) - 1))];
  }

  std::string maybe_text() {
    return coin() ? text() : "";
  }

  std::vector<std::string> some_texts() {
    auto made = std::vector<std::string>{};
    for (auto i = number(-1, 3); i > 0; --i)
      made.push_back(text());
    return made;
  }

  json value(int depth) {
    switch (number(0, depth > 3 ? 5 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return coin();
    case 2:
      return number(-1000, 1000);
    case 3:
      return number(-1000, 1000) / 7.0;
    case 4:
      return coin() ? json(1e300) : json(std::uint64_t{18'446'744'073'709'551'615u});
    case 5:
      return text();
    case 6: {
      auto made = json::array();
      for (auto i = number(0, 3); i > 0; --i)
        made.push_back(value(depth + 1));
      return made;
    }
    default: {
      auto made = json::object();
      for (auto i = number(0, 3); i > 0; --i)
        made[text()] = value(depth + 1);
      return made;
    }
    }
  }

  void retry(retry_rule& to) {
    to.max_attempts = count();
    if (coin())
      to.backoff = static_cast<backoff>(number(0, 2));
    to.initial = maybe_time();
    to.max = maybe_time();
    if (coin())
      to.multiplier = number(0, 40) / 8.0;
    if (coin())
      to.jitter = number(0, 8) / 8.0;
    if (coin())
      to.retry_on = some_texts();
    if (coin())
      to.abort_on = some_texts();
  }

  void config(flow_config& to) {
    if (coin())
      to.max_parallel = count();
    to.timeout = maybe_time();
    if (coin())
      to.on_failure = static_cast<on_failure>(number(0, 2));
    if (coin())
      to.durability = static_cast<durability>(number(0, 2));
    if (coin())
      to.resources = {{"gpu", 1'000}, {"memory_gb", 64}};
    if (coin())
      retry(to.retry);
  }

  node_input input(int n, const node& of, int before) {
    auto made = node_input{.name = "x" + std::to_string(n)};
    made.description = maybe_text();
    switch (number(0, 3)) {
    case 0:
      made.value = value(0);
      break;
    case 1:
      made.source = input_source::reference;
      made.text = !of.for_each.empty() && coin() ? "item.y"
                : before > 0 ? "n" + std::to_string(number(0, before - 1)) + ".y.0"
                             : "inputs.one";
      break;
    case 2:
      made.source = input_source::expr;
      made.text = "inputs.two or 'a # b: c' -- why\n";
      break;
    default:
      made.source = input_source::file;
      made.text = "in/${inputs.one}.txt";
    }
    return made;
  }

  void nodes(spec& to, bool inner) {
    auto size = number(1, 5);
    for (auto i = 0; i < size; ++i)
      to.nodes.push_back(one_node(i, inner));
  }

  node one_node(int i, bool inner) {
    auto made = node{.id = "n" + std::to_string(i), .action = coin() ? "act" : "my.action"};
    made.description = maybe_text();
    made.instructions = some_texts();
    for (auto j = 0; j < i; ++j)
      if (coin())
        made.dependencies.push_back("n" + std::to_string(j));
    if (coin())
      made.for_each = "inputs.two";
    if (!made.for_each.empty() && coin())
      made.max_parallel = count();
    if (!made.for_each.empty())
      made.tolerate = coin() ? tolerance{number(0, 400) / 4.0, true}
                             : tolerance{static_cast<double>(number(0, 9)), false};
    if (coin())
      made.repeat = repeat_rule{"nodes." + made.id + ".y > 1", count()};
    for (auto j = number(-1, 3); j > 0; --j)
      made.inputs.push_back(input(j, made, i));
    if (inner || coin())
      made.inputs.push_back({.name = "z", .value = "${inputs.one} $${x} ${inputs.two}"});
    for (auto j = number(-1, 2); j > 0; --j)
      made.outputs.push_back({.name = j == 1 ? "y" : text() + "y",
                              .description = maybe_text(),
                              .schema = coin() ? json(true) : json{{"type", "array"}},
                              .file = coin() ? "out.txt" : ""});
    if (!made.outputs.empty() && made.outputs.back().name != "y")
      made.outputs.back().name = "y";
    options(made, i);
    return made;
  }

  void options(node& to, int before) {
    if (coin())
      to.max_children = count();
    if (coin())
      to.when = "inputs.one ~= \"x: 'y'\"";
    if (before > 0 && !to.dependencies.empty())
      to.run_if = static_cast<run_if>(number(0, 4));
    if (coin())
      retry(to.retry);
    to.timeout = maybe_time();
    to.total_timeout = maybe_time();
    to.heartbeat = maybe_time();
    to.priority = coin() ? number(-9, 9) : 0;
    if (coin())
      to.resources = {{"gpu", 3}, {"disk", 1}};
    if (coin())
      to.cache =
        coin() ? cache_rule{true, maybe_time(), coin()} : cache_rule{false, time(), coin()};
    to.optional = coin();
    to.at_most_once = coin();
    to.kind = static_cast<task_kind>(number(0, 3));
    if (coin())
      to.on_failure = static_cast<on_failure>(number(0, 2));
    to.failure = coin() ? "notify" : "";
    to.compensate = coin() ? "undo" : "";
  }

  std::mt19937_64 random_;
};

TEST(spec_text, random_specs_survive_being_printed) {
  auto texts_seen = std::size_t{0};
  for (auto seed = std::uint64_t{1}; seed <= 200; ++seed) {
    auto x = drawing{seed}.flow(false);
    expect_lossless(x, "seed " + std::to_string(seed));
    texts_seen += to_yaml_text(x).size();
    if (HasFailure())
      return;
  }
  EXPECT_GT(texts_seen, 50'000u);
}

TEST(spec_text, files_are_printed_as_people_write_them) {
  auto read =
    load(R"({"name": "f", "nodes": [{"id": "a", "action": "x", "inputs": {"n": 1, "s": "yes"},
    "when": "inputs.x", "timeout": 90}, {"id": "b", "action": "y", "dependencies": ["a"],
    "inputs": [{"name": "r", "reference": "a.out"}, {"name": "script", "value": "one\ntwo\n"}]}]})",
         "f.json", any_agents);
  ASSERT_TRUE(read.file);
  EXPECT_EQ(to_yaml_text(*read.file), R"(name: f
nodes:
  - id: a
    action: x
    when: inputs.x
    inputs:
      n: 1
      s: "yes"
    timeout: 90s
  - id: b
    action: y
    dependencies:
      - a
    inputs:
      - name: r
        reference: a.out
      - name: script
        value: |
          one
          two
)");
}

} // namespace
