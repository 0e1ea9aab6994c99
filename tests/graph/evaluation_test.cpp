// From programs to inputs: what nodes of flows get when they run.
#include <dagger/graph/evaluation.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/flow_tasks.hpp>

#include <gtest/gtest.h>

#include <map>

namespace {

using namespace dagger;
using namespace dagger::graph;

/// The outputs of tasks; those that are not there have none.
class world {
public:
  world(std::map<std::string, json, std::less<>> outputs) : outputs_(std::move(outputs)) {}

  output_of look() const {
    return [this](std::string_view task) {
      auto found = outputs_.find(task);
      return found == outputs_.end() ? nullptr : &found->second;
    };
  }

private:
  std::map<std::string, json, std::less<>> outputs_;
};

/// The program of the first node of a flow, ready to run.
compiled_program program_in(const std::string& text, const json& inputs = json::object()) {
  auto read = load(text, "flow.yaml", {.agents = {}, .allow_unknown_agents = true});
  for (auto& x : read.problems)
    ADD_FAILURE() << to_string(x);
  auto job = instantiate(read.file.value(), inputs, "run").value();
  auto made = compiled_program::compile(decode(job.tasks.at(0).input.value()).value());
  EXPECT_TRUE(made) << to_string(made.error());
  return std::move(*made);
}

/// A flow of a node `x` with these keys, behind nodes that are there to be referred to.
std::string flow_with(const std::string& keys) {
  return "name: f\nnodes:\n  - id: x\n    action: act\n" + keys
       + "  - {id: a, action: act}\n  - {id: a.b, action: act}\n  - {id: c, action: act}\n";
}

json input_of(const compiled_program& x, const json& inputs, const world& outputs) {
  auto made = x.evaluate(inputs, outputs.look());
  if (!made) {
    ADD_FAILURE() << to_string(made.error());
    return {};
  }
  EXPECT_TRUE(std::holds_alternative<evaluated>(*made));
  return std::holds_alternative<evaluated>(*made) ? std::get<evaluated>(*made).input : json{};
}

TEST(evaluation, all_sources_of_inputs_give_their_values) {
  auto x = program_in(flow_with(R"(
    inputs:
      - {name: literal, value: {deep: ["${inputs.n}", "n=${inputs.n}", "$${n}"]}}
      - {name: whole, reference: inputs}
      - {name: path, reference: a.rows.1.id}
      - {name: dotted, reference: a.b.rows}
      - {name: absent, reference: c.rows}
      - {name: sum, expr: 'nodes.a.rows[1].id + a.b.rows + inputs.n'}
      - {name: none, expr: 'c.rows == nil and nodes.c.rows == nil'}
)"),
                      {{"n", 3}});
  auto made = input_of(
    x, {{"n", 3}}, world{{{"a", {{"rows", {{{"id", 1}}, {{"id", 2}}}}}}, {"a.b", {{"rows", 10}}}}});
  EXPECT_EQ(made, (json{{"literal", {{"deep", {3, "n=3", "${n}"}}}},
                        {"whole", {{"n", 3}}},
                        {"path", 2},
                        {"dotted", 10},
                        {"absent", nullptr},
                        {"sum", 14},
                        {"none", true}}));
}

TEST(evaluation, a_condition_that_does_not_hold_leaves_the_node_out) {
  auto x = program_in(flow_with("    when: '#nodes.a.rows > 1'\n"));
  auto none = x.evaluate({}, world{{{"a", {{"rows", {1}}}}}}.look());
  ASSERT_TRUE(none);
  ASSERT_TRUE(std::holds_alternative<left_out>(*none));
  EXPECT_EQ(std::get<left_out>(*none).reason, "when: #nodes.a.rows > 1");
  EXPECT_EQ(input_of(x, {}, world{{{"a", {{"rows", {1, 2}}}}}}), json::object());
}

TEST(evaluation, a_disabled_node_is_left_out) {
  auto x = program_in(flow_with("    enabled: false\n"));
  auto made = x.evaluate({}, world{{}}.look());
  ASSERT_TRUE(made);
  EXPECT_EQ(std::get<left_out>(*made).reason, "disabled");
}

TEST(evaluation, failures_name_the_place_in_the_file) {
  auto x = program_in(flow_with("    inputs:\n"
                                "      - {name: bad, expr: 'a.rows.x + 1'}\n"));
  auto made = x.evaluate({}, world{{}}.look());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().where.substr(0, 11), "flow.yaml:6");
  EXPECT_EQ(made.error().message.substr(0, 24), "nodes[0].inputs[0].expr:");
  x = program_in(flow_with("    outputs: [{name: y}]\n    inputs: {deep: [\"${a.rows.7}\"]}\n"));
  made = x.evaluate({}, world{{{"a", {{"rows", {1}}}}}}.look());
  ASSERT_FALSE(made);
  EXPECT_EQ(to_string(made.error()),
            "flow.yaml:6:20: nodes[0].inputs.deep: no '7' in 'rows' of the output of 'a', which "
            "is a list of 1");
}

TEST(evaluation, elements_have_their_own_names) {
  auto x = program_in(flow_with(R"(
    for_each: a.rows
    when: item.n % 2 == 0
    inputs:
      - {name: item, reference: item.n}
      - {name: nth, expr: index + 1}
      - {name: text, value: "${item.n} of ${a.count}"}
)"));
  auto outputs = world{{{"a", {{"rows", {{{"n", 1}}, {{"n", 2}}}}, {"count", 2}}}}};
  auto over = input_of(x, {}, outputs);
  EXPECT_EQ(over["over"].size(), 2u);
  auto body = compiled_program::compile(*x.program().body).value();
  auto first = body.evaluate(json{{"item", over["over"][0]}, {"index", 0}}, {}, outputs.look());
  ASSERT_TRUE(first);
  EXPECT_TRUE(std::holds_alternative<left_out>(*first));
  auto second = body.evaluate(json{{"item", over["over"][1]}, {"index", 1}}, {}, outputs.look());
  ASSERT_TRUE(second);
  EXPECT_EQ(std::get<evaluated>(*second).input,
            (json{{"item", 2}, {"nth", 2}, {"text", "2 of 2"}}));
}

TEST(evaluation, what_is_iterated_over_must_be_a_list) {
  auto x = program_in(flow_with("    for_each: a.rows\n"));
  EXPECT_EQ(input_of(x, {}, world{{{"a", {{"rows", json::object()}}}}}),
            (json{{"over", json::array()}})); // as Lua gives it
  auto made = x.evaluate({}, world{{{"a", {{"rows", 3}}}}}.look());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "nodes[0].for_each: a list is needed, this is number");
}

TEST(evaluation, a_repeat_is_done_when_its_condition_holds_of_its_output) {
  auto x = program_in(flow_with("    repeat: {until: nodes.x.score >= a.least, max: 3}\n"));
  auto outputs = world{{{"a", {{"least", 0.5}}}}};
  EXPECT_FALSE(x.is_done({{"score", 0.4}}, {}, outputs.look()).value());
  EXPECT_TRUE(x.is_done({{"score", 0.5}}, {}, outputs.look()).value());
  auto failed = x.is_done({{"scroe", 1}}, {}, outputs.look());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message.substr(0, 22), "nodes[0].repeat.until:");
}

TEST(evaluation, files_are_named_so_that_they_can_be_looked_for) {
  auto x = program_in(R"(
name: files
inputs: {list: {type: string, format: path}}
nodes:
  - id: x
    action: act
    inputs:
      - {name: a, file: "in/${inputs.list}.txt"}
      - {name: b, reference: inputs.list}
      - {name: c, reference: y.made}
      - {name: d, reference: y.count}
  - id: y
    action: act
    outputs: [{name: made, file: out.txt}, {name: count}]
)",
                      {{"list", "l"}});
  auto made =
    x.evaluate({{"list", "l"}}, world{{{"y", {{"made", "out.txt"}, {"count", 1}}}}}.look());
  ASSERT_TRUE(made);
  using file = std::pair<std::string, std::string>;
  EXPECT_EQ(std::get<evaluated>(*made).files,
            (std::vector<file>{{"a", "in/l.txt"}, {"b", "l"}, {"c", "out.txt"}}));
}

TEST(evaluation, outputs_must_be_those_that_are_declared) {
  auto x = program_in(flow_with("    outputs:\n"
                                "      - {name: n, schema: {type: integer}}\n"
                                "      - {name: rows}\n"));
  EXPECT_TRUE(x.check({{"n", 1}, {"rows", nullptr}}).empty());
  EXPECT_EQ(schema::to_text(x.check({{"n", "1"}, {"row", 2}, {"more", 3}})),
            "/n: must be integer, is string\n"
            "missing outputs: 'rows'\n"
            "outputs that are not declared: 'more', 'row'");
  EXPECT_EQ(schema::to_text(x.check(3)), "must be an object with the declared outputs, is number");
  EXPECT_TRUE(program_in(flow_with("    when: 'true'\n")).check(3).empty());
}

TEST(evaluation, programs_survive_being_stored) {
  auto full = node_program{
    .node = "x",
    .agent = "act",
    .enabled = false,
    .when = {"a.b > 1", "flow.yaml", {3, 4}, "nodes[0].when"},
    .inputs = {{.name = "v", .value = {1, {{"x", nullptr}}}},
               {.name = "f", .source = input_source::file, .text = {"a/b"}, .is_file = true}},
    .outputs = {{.name = "y", .schema = {{"type", "array"}}, .file = "z"}},
    .cache = cache_rule{true, std::chrono::hours{1}, true},
    .upstream = {"a", "a.b"},
    .prefix = "p/",
    .scope = {{"item", 3}},
    .failure_of = "w",
    .tolerate = {2.5, true},
    .max_parallel = 7,
    .until = {"true"},
    .max_iterations = 9,
    .flow = {{"name", "f"}},
    .body = std::make_shared<const node_program>(node_program{.agent = "inner"}),
    .policy = {.retry = retry_policy{.max_attempts = 3, .retry_on = {"a"}},
               .timeout = std::chrono::seconds{2},
               .heartbeat = std::chrono::seconds{1},
               .priority = -4,
               .at_most_once = true,
               .resources = {{"gpu", 2}}}};
  for (auto& x : {full, node_program{.agent = "plain"}}) {
    auto again = decode(json::parse(encode(x).dump()));
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_TRUE(*again == x);
  }
  EXPECT_FALSE(decode({{"dagger.program", {{"agent", "x"}, {"new", 1}}}}));
  EXPECT_FALSE(decode({{"x", 1}}));
  EXPECT_FALSE(is_program({{"dagger.program", 1}, {"x", 1}}));
}

} // namespace
