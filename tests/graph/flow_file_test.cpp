// Flow files: what they say, what becomes of them, and that nothing of it is lost on the way back
// to text.
#include <dagger/codec/json.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/flow_tasks.hpp>
#include <dagger/graph/spec_text.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace {

using namespace dagger;
using namespace dagger::graph;
using namespace std::chrono_literals;

const std::filesystem::path here = DAGGER_GRAPH_FILES;

/// What `dagger check` prints.
std::string said_of(const loaded& x) {
  auto all = std::string{};
  for (auto& problem : x.problems)
    all += "error: " + to_string(problem) + "\n";
  for (auto& warning : x.warnings)
    all += "warning: " + to_string(warning) + "\n";
  return all;
}

/// A flow that must be good, whoever its agents are.
spec good(std::string_view text) {
  auto read = load(text, "flow.yaml", {.agents = {}, .allow_unknown_agents = true});
  EXPECT_EQ(said_of(read), "") << text;
  return read.file ? std::move(*read.file) : spec{};
}

spec good_file(const std::filesystem::path& path) {
  auto read = load_file(path, {.agents = {}, .allow_unknown_agents = true});
  EXPECT_TRUE(read.file) << said_of(read);
  return read.file ? std::move(*read.file) : spec{};
}

spec good_file(const char* name) {
  return good_file(here / "good_files" / name);
}

plan::job_spec made_of(const spec& file, const json& inputs = json::object()) {
  auto made = instantiate(file, inputs, "run");
  if (made) {
    EXPECT_EQ(plan::problems(*made), std::vector<error>{});
    return std::move(*made);
  }
  for (auto& x : made.error())
    ADD_FAILURE() << to_string(x);
  return {};
}

const plan::task_spec& task_named(const plan::job_spec& x, std::string_view name) {
  for (auto& task : x.tasks)
    if (task.name == name)
      return task;
  ADD_FAILURE() << "no task " << name;
  return x.tasks.front();
}

std::vector<std::string> names_of(const std::vector<task_ref>& xs) {
  auto made = std::vector<std::string>{};
  for (auto& x : xs)
    made.push_back(x.name);
  return made;
}

node_program program_of(const plan::task_spec& x) {
  EXPECT_TRUE(x.templated);
  auto made = decode(x.input.value());
  EXPECT_TRUE(made) << to_string(made.error());
  return made ? std::move(*made) : node_program{};
}

using texts = std::vector<std::string>;

TEST(flow_file, a_plain_pipeline_needs_no_inputs_section) {
  auto file = good_file("flow_pipeline.yaml");
  EXPECT_EQ(file.kind, file_kind::flow);
  ASSERT_EQ(file.inputs.size(), 2u);
  EXPECT_FALSE(file.inputs[0].fallback);
  auto refused = instantiate(file, {{"server_url", "x"}}, "run");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().at(0).message, "missing, and it has no default");
  auto made = made_of(file, {{"server_url", "x"}, {"table", "t"}});
  ASSERT_EQ(made.tasks.size(), 3u);
  auto& fetch = made.tasks[0];
  EXPECT_EQ(fetch.agent, "fetch");
  EXPECT_EQ(fetch.timeout, 120s);
  EXPECT_EQ(fetch.retry->max_attempts, 2u);
  EXPECT_EQ(names_of(made.tasks[2].after), (texts{"clean_orders"}));
  EXPECT_EQ(program_of(fetch).outputs, (std::vector<node_output>{{.name = "orders"}}));
  EXPECT_EQ(made.on_failure, on_failure::stop);
}

TEST(flow_file, keys_of_older_programs_mean_what_they_meant) {
  auto file = good_file("flow_seed_keys.yaml");
  auto& node = file.nodes.at(0);
  EXPECT_EQ(node.retry.max_attempts, 1u); // onfailure: false
  EXPECT_EQ(node.failure, "notify");
  EXPECT_EQ(node.instructions, (texts{"once"}));
  EXPECT_EQ(node.inputs.at(0).description, "The first");
  EXPECT_EQ(file.signature, "none");
  auto made = made_of(file, {{"x", 1}});
  auto& handler = task_named(made, "only.failure");
  EXPECT_EQ(handler.agent, "notify");
  EXPECT_EQ(handler.run_if, run_if::one_failed);
  EXPECT_TRUE(handler.optional);
  EXPECT_EQ(program_of(handler).failure_of, "only");
  EXPECT_EQ(made.outputs.value(), (json{{"only", "only"}})); // as if there were no handler
}

TEST(flow_file, all_keys_arrive_where_they_belong) {
  auto made = made_of(good_file("flow_everything.yaml"), {{"database_url", "db"}});
  EXPECT_EQ(made.limits, (job_limits{.tasks = 1000, .depth = 4, .running = 6, .deadline = 1h}));
  EXPECT_EQ(made.on_failure, on_failure::carry_on);
  EXPECT_EQ(made.resources, (resources{{"gpu", 4}, {"memory_gb", 64}}));
  auto& extract = task_named(made, "extract.data");
  EXPECT_EQ(extract.retry, (retry_policy{.max_attempts = 3,
                                         .initial = 1s,
                                         .backoff = backoff::linear,
                                         .max = 60s,
                                         .jitter = 0.1,
                                         .retry_on = {"timeout", "unavailable"},
                                         .abort_on = {"invalid_input"}}));
  EXPECT_EQ(extract.timeout, 300s);
  EXPECT_EQ(extract.total_timeout, 1h);
  EXPECT_EQ(extract.heartbeat, 10s);
  EXPECT_EQ(extract.kind, task_kind::story);
  auto program = program_of(extract);
  EXPECT_EQ(program.agent, "fetch");
  ASSERT_EQ(program.inputs.size(), 5u);
  EXPECT_EQ(program.inputs[2].source, input_source::expr);
  EXPECT_EQ(program.inputs[2].text.path, "nodes[0].inputs[2].expr");
  EXPECT_TRUE(program.inputs[4].is_file);
  EXPECT_EQ(names_of(task_named(made, "transform_data").after), (texts{"extract.data"}));
  auto& load = task_named(made, "load_data");
  EXPECT_EQ(load.priority, 10);
  EXPECT_EQ(load.resources, (resources{{"memory_gb", 16}}));
  EXPECT_EQ(load.compensate, "undo");
  EXPECT_EQ(load.on_failure, on_failure::carry_on);
  EXPECT_TRUE(load.optional);
  EXPECT_EQ(names_of(load.after), (texts{"per_customer"}));
  EXPECT_EQ(program_of(load).cache, (cache_rule{.ttl = 24h, .hash_content = true}));
  EXPECT_FALSE(program_of(task_named(made, "script")).enabled);
  auto& report = task_named(made, "report");
  EXPECT_EQ(report.run_if, run_if::all_done);
  EXPECT_EQ(report.input.value(), (json{{"text", "loaded ${load_data.loaded_count}"}}));
  EXPECT_EQ(names_of(task_named(made, "load_data.failure").after), (texts{"load_data"}));
}

TEST(flow_file, a_for_each_is_a_task_with_a_body) {
  auto made = made_of(good_file("flow_everything.yaml"), {{"database_url", "db"}});
  auto& task = task_named(made, "per_customer");
  EXPECT_EQ(task.agent, for_each_agent);
  EXPECT_EQ(task.max_children, 16u);
  EXPECT_FALSE(task.retry); // that is for the elements
  auto program = program_of(task);
  EXPECT_EQ(program.tolerate, (tolerance{2.5, true}));
  EXPECT_EQ(program.when.text, ""); // it reads the element
  ASSERT_EQ(program.inputs.size(), 1u);
  EXPECT_EQ(program.inputs[0].text.text, "transform_data.clean_data");
  EXPECT_EQ(program.policy.retry->max_attempts, 3u);
  ASSERT_TRUE(program.body);
  auto& body = *program.body;
  EXPECT_EQ(body.agent, "enrich");
  EXPECT_EQ(body.when.text, "item.active");
  EXPECT_EQ(body.upstream, (texts{"transform_data"}));
  auto own = json{{"item", {{"active", true}}}, {"index", 3}};
  auto element = part_of(body, part_name("per_customer", 3), program.policy, {2, own});
  EXPECT_EQ(element.name, "per_customer[3]");
  EXPECT_EQ(element.agent, "enrich");
  EXPECT_TRUE(element.optional);
  EXPECT_TRUE(element.templated);
  EXPECT_TRUE(element.after.empty());
  EXPECT_FALSE(part_in(task.input.value()));
  auto read = part_in(element.input.value());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->visit, 2u);
  EXPECT_EQ(read->scope, own);
}

TEST(flow_file, a_repeat_within_a_for_each_is_a_body_within_a_body) {
  auto file = good(R"(
name: both
nodes:
  - id: each
    action: try
    for_each: inputs.xs
    when: inputs.go
    repeat: {until: nodes.each.done, max: 4}
    retry: {max_attempts: 2}
    inputs: [{name: x, reference: item}, {name: last, expr: previous and previous.x}]
)");
  auto made = made_of(file, {{"xs", {1}}, {"go", true}});
  auto outer = program_of(made.tasks.at(0));
  EXPECT_EQ(outer.agent, for_each_agent);
  EXPECT_EQ(outer.when.text, "inputs.go");
  EXPECT_FALSE(outer.policy.retry);
  ASSERT_TRUE(outer.body && outer.body->body);
  EXPECT_EQ(outer.body->agent, repeat_agent);
  EXPECT_EQ(outer.body->until.text, "nodes.each.done");
  EXPECT_EQ(outer.body->max_iterations, 4u);
  EXPECT_EQ(outer.body->policy.retry->max_attempts, 2u);
  EXPECT_EQ(outer.body->body->agent, "try");
}

TEST(flow_file, a_sub_flow_is_carried_by_the_task_that_runs_it) {
  auto made = made_of(good_file("flow_sub_flows.yaml"));
  auto first = program_of(task_named(made, "first"));
  EXPECT_EQ(first.agent, sub_flow_agent);
  auto middle = load_value(first.flow, "middle", {.agents = {}, .allow_unknown_agents = true});
  ASSERT_TRUE(middle.file) << said_of(middle);
  auto values = input_values(*middle.file, {{"rows", {1, 2}}, {"label", "first"}});
  ASSERT_TRUE(values);
  auto where = placement{.prefix = "first/", .inputs = *values, .of_sub_flow = true};
  auto tasks = flow_tasks(*middle.file, where);
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 1u);
  EXPECT_EQ(tasks->at(0).name, "first/add");
  EXPECT_EQ(tasks->at(0).agent, sub_flow_agent);
  auto add = program_of(tasks->at(0));
  EXPECT_EQ(add.scope, (json{{"inputs", {{"rows", {1, 2}}, {"label", "first"}}}}));
  auto inner = load_value(add.flow, "inner", {.agents = {}, .allow_unknown_agents = true});
  ASSERT_TRUE(inner.file) << said_of(inner);
  auto deepest = placement{
    .prefix = "first/add/", .inputs = {{"xs", {1, 2}}, {"name", "first"}}, .of_sub_flow = true};
  auto leaves = flow_tasks(*inner.file, deepest);
  ASSERT_TRUE(leaves);
  EXPECT_EQ(leaves->at(0).input.value(), (json{{"xs", {1, 2}}, {"name", "first"}}));
  auto sum = json{{"n", 3}};
  auto output = sub_flow_output(*inner.file, deepest, [&](std::string_view task) {
    return task == "first/add/total" ? &sum : nullptr;
  });
  EXPECT_EQ(output.value(), (json{{"total", {{"n", 3}}}}));
}

TEST(flow_file, sub_flows_may_stand_in_files_beside_it) {
  auto file = good_file(here / "neighbours" / "main.yaml");
  ASSERT_EQ(file.sub_flows.count("count"), 1u);
  EXPECT_EQ(file.sub_flows.find("count")->second->nodes.at(0).id, "one");
  // Printed, it needs them no more.
  auto again = load_value(to_json(file), "main", {.agents = {}, .allow_unknown_agents = true});
  ASSERT_TRUE(again.file) << said_of(again);
  EXPECT_TRUE(*again.file == file);
  auto broken = load_file(here / "neighbours" / "broken_main.yaml",
                          {.agents = {}, .allow_unknown_agents = true});
  ASSERT_EQ(broken.problems.size(), 1u);
  EXPECT_EQ(broken.problems[0].where, (here / "neighbours" / "broken.yaml").string() + ":3:45");
  auto round =
    load_file(here / "neighbours" / "round.yaml", {.agents = {}, .allow_unknown_agents = true});
  ASSERT_EQ(round.problems.size(), 1u);
  EXPECT_EQ(round.problems[0].message,
            "nodes[0].action: a flow that runs itself: round -> and_round -> round");
}

TEST(flow_file, a_hundred_levels_of_flows_are_refused_not_followed) {
  auto text = std::string{"name: deep\nnodes: [{id: a, action: \"flow:f0\"}]\nflows:\n"};
  for (auto i = 0; i < 100; ++i)
    text += "  - {name: f" + std::to_string(i) + ", nodes: [{id: a, action: \"flow:f"
          + std::to_string(i + 1) + "\"}]}\n";
  text += "  - {name: f100, nodes: [{id: a, action: x}]}\n";
  auto read = load(text, "deep.yaml", {.agents = {}, .allow_unknown_agents = true});
  ASSERT_FALSE(read.problems.empty());
  EXPECT_NE(read.problems[0].message.find("more than 64 flows that run flows"), std::string::npos);
}

TEST(flow_file, a_job_file_says_the_same_in_other_words) {
  auto flow = good(R"(
name: x
nodes:
  - {id: a, action: fetch, when: inputs.go, outputs: [{name: rows}]}
  - {id: b, action: store, dependencies: [a], run_if: all_done, inputs: {r: "${a.rows}"}}
config: {on_failure: continue}
)");
  auto job = good(R"(
job: x
tasks:
  - {name: a, agent: fetch, when: inputs.go, outputs: [{name: rows}]}
  - {name: b, agent: store, after: [a], run_if: all_done, inputs: {r: "${a.rows}"}}
)");
  auto x = made_of(flow, {{"go", true}});
  auto y = made_of(job, {{"go", true}});
  EXPECT_EQ(x.tasks.at(1), y.tasks.at(1));
  EXPECT_EQ(x.on_failure, y.on_failure);
  auto a = program_of(x.tasks.at(0));
  auto b = program_of(y.tasks.at(0));
  b.when = a.when; // it stands at another place
  EXPECT_EQ(a, b);
}

TEST(flow_file, inputs_that_look_like_a_program_stay_inputs) {
  auto file = good(R"(
name: tricky
nodes:
  - {id: a, action: fetch}
  - {id: b, action: fetch, inputs: {dagger.program: {agent: "${a.x}"}}}
)");
  auto made = made_of(file);
  auto program = program_of(made.tasks.at(1));
  EXPECT_EQ(program.agent, "fetch");
  EXPECT_EQ(program.inputs.at(0).name, "dagger.program");
}

TEST(flow_file, unknown_actions_may_be_warnings) {
  auto text = "name: x\nnodes:\n  - {id: a, action: elsewhere, failure: nowhere}\n";
  auto refused = load(text, "x.yaml", {});
  EXPECT_EQ(refused.problems.size(), 2u);
  auto allowed = load(text, "x.yaml",
                      {.agents = {}, .allow_unknown_agents = true, .warn_of_unknown_agents = true});
  EXPECT_EQ(said_of(allowed), "warning: x.yaml:3:13: nodes[0].action: unknown action 'elsewhere'\n"
                              "warning: x.yaml:3:32: nodes[0].failure: unknown action 'nowhere'\n");
}

TEST(flow_file, nodes_that_never_run_are_warned_of) {
  auto read = load(R"(name: x
nodes:
  - {id: off, action: x, enabled: false}
  - {id: needs, action: x, dependencies: [off, on]}
  - {id: any, action: x, dependencies: [off, on], run_if: one_success}
  - {id: "on", action: x}
  - {id: last, action: x, dependencies: [needs], run_if: one_success}
  - {id: done, action: x, dependencies: [needs], run_if: all_done}
)",
                   "x.yaml", {.agents = {}, .allow_unknown_agents = true});
  EXPECT_EQ(said_of(read),
            "warning: x.yaml:4:5: nodes[1]: this node never runs, because 'off' does not\n"
            "warning: x.yaml:7:5: nodes[4]: this node never runs, because 'needs' does not\n");
}

TEST(flow_file, a_hundred_thousand_nodes_are_checked) {
  auto text = std::string{"name: big\nnodes:\n"};
  for (auto i = 0; i < 100'000; ++i) {
    text += "  - id: n" + std::to_string(i) + "\n    action: x\n    outputs: [{name: y}]\n";
    if (i > 0)
      text += "    inputs: [{name: x, reference: n" + std::to_string(i / 2) + ".y}]\n";
  }
  EXPECT_EQ(good(text).nodes.size(), 100'000u);
}

TEST(flow_file, without_times_nothing_of_it_or_of_its_sub_flows_can_be_late) {
  const auto x = good(R"(
name: late
config: {timeout: 1s, max_parallel: 2}
nodes:
  - {id: a, action: x, timeout: 1s, retry: {max_attempts: 2, initial: 3s}}
  - {id: b, action: 'flow:inner'}
  - {id: c, action: 'flow:inner'}
flows:
  - name: inner
    config: {timeout: 1s}
    nodes: [{id: a, action: x, timeout: 1s}, {id: b, action: x}]
)");
  const auto slow = without_times(x);
  EXPECT_FALSE(slow.config.timeout || slow.nodes[0].timeout);
  EXPECT_EQ(slow.config.max_parallel, 2u);
  EXPECT_EQ(slow.nodes[0].retry, x.nodes[0].retry);
  const auto& inner = *slow.sub_flows.at("inner");
  EXPECT_FALSE(inner.config.timeout || inner.nodes[0].timeout);
  EXPECT_EQ(inner.nodes.size(), 2u);
  EXPECT_EQ(slow.flows[0], slow.sub_flows.at("inner")) << "it is one";
  EXPECT_TRUE(x.nodes[0].timeout && x.flows[0]->config.timeout) << "the other is as it was";
}

} // namespace
