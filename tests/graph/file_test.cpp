// Loading of files: a folder of bad flow and job files with what must be said of each; good job
// files, and what becomes of them with inputs.
#include <dagger/codec/json.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace {

using namespace dagger;
using namespace dagger::graph;
using namespace std::chrono_literals;

const std::filesystem::path here = DAGGER_GRAPH_FILES;

/// The agents of these tests; one has a schema.
const std::vector<known_agent>& agents() {
  static const auto gatherer = schema::validator::compile(json::parse(R"({
    "type": "object", "required": ["query"], "additionalProperties": false,
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}}})"));
  static const auto known = std::vector<known_agent>{
    {"research_agent"}, {"report_writer"}, {"data_gatherer", &*gatherer}, {"shell", nullptr, true}};
  return known;
}

std::string content(const std::filesystem::path& path) {
  auto in = std::ifstream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Everything that is said of a file, as `dagger check` prints it.
std::string said_of(const loaded& x) {
  auto all = std::string{};
  for (auto& problem : x.problems)
    all += "error: " + to_string(problem) + "\n";
  for (auto& warning : x.warnings)
    all += "warning: " + to_string(warning) + "\n";
  return all;
}

loaded load_text(std::string_view text) {
  return load(text, "job.yaml", {.agents = agents()});
}

/// A file that must be good.
spec good(std::string_view text) {
  auto read = load_text(text);
  EXPECT_EQ(said_of(read), "");
  return read.file ? std::move(*read.file) : spec{};
}

spec good_file(const char* name) {
  auto read = load_file(here / "good_files" / name, {.agents = agents()});
  EXPECT_EQ(said_of(read), "") << name;
  return read.file ? std::move(*read.file) : spec{};
}

std::string said_of(const instance& x) {
  auto all = std::string{};
  if (!x)
    for (auto& problem : x.error())
      all += to_string(problem) + "\n";
  return all;
}

TEST(file, every_bad_file_gets_exactly_what_stands_beside_it) {
  auto jobs = 0;
  auto flows = 0;
  for (auto& entry : std::filesystem::directory_iterator{here / "bad_files"}) {
    auto& path = entry.path();
    if (path.extension() == ".expected")
      continue;
    ++(path.filename().string().starts_with("flow_") ? flows : jobs);
    auto name = path.filename().string();
    auto read = load(content(path), name, {.agents = agents()});
    EXPECT_FALSE(read.file) << name;
    EXPECT_FALSE(read.problems.empty()) << name;
    for (auto& problem : read.problems)
      EXPECT_TRUE(problem.code == code::invalid_input || problem.code == code::limit) << name;
    EXPECT_EQ(said_of(read), content(path.string() + ".expected")) << name;
  }
  EXPECT_GE(jobs, 40);
  EXPECT_GE(flows, 29);
}

TEST(job_file, a_name_that_leads_nowhere_is_told) {
  auto read = load_file(here / "no_such_file.yaml", {});
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_EQ(read.problems[0].message, "cannot read the file");
  EXPECT_EQ(read.problems[0].where, (here / "no_such_file.yaml").string());
  EXPECT_EQ(load_file(here, {}).problems.at(0).message, "is a directory, not a file");
}

TEST(job_file, an_endless_file_is_refused) {
  auto read = load_file("/dev/zero", {});
  ASSERT_EQ(read.problems.size(), 1u);
  EXPECT_EQ(read.problems[0].code, "too_large");
}

TEST(job_file, the_example_of_the_contract_becomes_a_definition) {
  auto made = instantiate(good_file("research.yaml"), json::object(), "r-1");
  ASSERT_TRUE(made) << said_of(made);
  EXPECT_EQ(made->id, "r-1");
  EXPECT_EQ(made->name, "research");
  EXPECT_EQ(made->inputs.value(), (json{{"topic", "advanced machine learning"}}));
  EXPECT_EQ(made->outputs.value(), (json{{"report", "report.report"}}));
  EXPECT_EQ(made->allowed_agents,
            (std::vector<std::string>{"research_agent", "data_gatherer", "report_writer"}));
  ASSERT_EQ(made->tasks.size(), 2u);
  EXPECT_EQ(made->tasks[0].input.value(), (json{{"topic", "advanced machine learning"}}));
  EXPECT_FALSE(made->tasks[0].templated);
  EXPECT_EQ(made->tasks[1].after, (std::vector<task_ref>{"research"}));
  EXPECT_TRUE(plan::problems(*made).empty());
}

TEST(job_file, all_keys_arrive_where_they_belong) {
  auto file = good_file("everything.yaml");
  EXPECT_EQ(file.version, "3");
  EXPECT_EQ(file.author, "somebody");
  auto made = instantiate(file, {{"any", {1, 2}}}, "e");
  ASSERT_TRUE(made) << said_of(made);
  EXPECT_EQ(made->description, "Says all that a job file can say");
  EXPECT_EQ(made->tags, (std::vector<std::string>{"nightly", "etl"}));
  EXPECT_EQ(made->priority, 5);
  EXPECT_EQ(made->limits, (job_limits{.tasks = 100, .depth = 3, .running = 2, .deadline = 2h}));
  EXPECT_EQ(made->stall_action, stall_action::notify_planning_agent);
  EXPECT_EQ(made->planning_agent, "research_agent");
  EXPECT_EQ(made->on_failure, on_failure::stop);
  EXPECT_EQ(made->resources, (resources{{"gpu", 2}, {"memory_gb", 64}}));
  ASSERT_EQ(made->tasks.size(), 4u);
  auto& first = made->tasks[0];
  EXPECT_EQ(first.name + "|" + first.agent + "|" + first.description,
            "first.1|research_agent|Comes first");
  EXPECT_EQ(first.kind, task_kind::objective);
  EXPECT_EQ(first.priority, -3);
  EXPECT_TRUE(first.optional && first.at_most_once && !first.templated);
  EXPECT_EQ(first.retry, (retry_policy{.max_attempts = 4}));
  EXPECT_EQ(first.timeout, 300s);
  EXPECT_EQ(first.total_timeout, 1h);
  EXPECT_EQ(first.heartbeat, 5s);
  EXPECT_EQ(first.run_if, run_if::all_success);
  EXPECT_EQ(first.on_failure, on_failure::carry_on);
  EXPECT_EQ(first.max_children, 16u);
  EXPECT_EQ(first.resources, (resources{{"gpu", 1}}));
  EXPECT_EQ(first.compensate, "data_gatherer");
  EXPECT_EQ(made->tasks[1].run_if, run_if::none_failed);
  EXPECT_EQ(made->tasks[1].on_failure, std::nullopt);
  EXPECT_EQ(
    first.input.value(),
    (json{{"url", "https://example.org/"}, {"rows", 10}, {"literal", {{"a", {1, "${x}"}}}}}));
  auto& second = made->tasks[1];
  EXPECT_EQ(second.after, (std::vector<task_ref>{"first.1"})); // implied
  EXPECT_TRUE(second.templated);
  EXPECT_EQ(second.input.value(), (json{{"query", "${first.1.items.0} of [1,2]"}}));
  EXPECT_EQ(second.retry, (retry_policy{.max_attempts = 3,
                                        .initial = 250ms,
                                        .backoff = backoff::linear,
                                        .multiplier = 1.5,
                                        .max = 1min,
                                        .jitter = 0.1,
                                        .retry_on = {"timeout", "unavailable"},
                                        .abort_on = {"invalid_input"}}));
  EXPECT_EQ(made->tasks[3].name, "fourth");
  EXPECT_EQ(made->tasks[3].after, (std::vector<task_ref>{"second"}));
  EXPECT_TRUE(plan::problems(*made).empty());
}

TEST(job_file, the_same_file_in_json_means_the_same) {
  auto yaml = good("{job: research, tasks: [{name: research, agent: research_agent, inputs: "
                   "{emoji: \"\\U0001F600\"}}, {name: report, agent: report_writer, after: "
                   "[research]}]}");
  auto made = instantiate(good_file("research.json"), json::object(), "a");
  auto same = instantiate(yaml, json::object(), "b");
  ASSERT_TRUE(made && same);
  EXPECT_EQ(plan::difference(*made, *same), "");
  EXPECT_EQ(plan::hash_of(*made), plan::hash_of(*same));
}

TEST(job_file, without_a_section_the_inputs_are_what_references_name_all_required) {
  auto file = good_file("undeclared_inputs.yaml");
  EXPECT_EQ(said_of(instantiate(file, {{"b", 1}}, "i")),
            "inputs.a: missing, and it has no default\n  give it with -i a=VALUE\n");
  EXPECT_EQ(said_of(instantiate(file, {{"a", 1}, {"b", 2}, {"c", 3}}, "i")),
            "inputs: unknown input 'c'\n");
  auto made = instantiate(file, {{"a", 1}, {"b", "x"}}, "i");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->tasks[0].input.value(), (json{{"x", "x"}, {"y", 1}}));
}

TEST(job_file, all_that_is_wrong_with_given_inputs_is_told) {
  auto file = good(R"(
job: inputs
inputs:
  count: {type: integer, minimum: 1}
  names: {type: array, items: {type: string}}
  topic: {type: string}
tasks:
  - name: a
    agent: research_agent
    inputs: {c: "${inputs.count}", n: "${inputs.names.1}", t: "${inputs.topic}"}
)");
  auto made = instantiate(file, {{"count", 0}, {"names", {"x", 3, 4}}, {"topc", 1}}, "i");
  EXPECT_EQ(said_of(made), "inputs.count: must be at least 1, is 0\n"
                           "inputs.names[1]: must be string, is integer\n"
                           "inputs.names[2]: must be string, is integer\n"
                           "inputs.topic: missing, and it has no default\n"
                           "  give it with -i topic=VALUE\n"
                           "inputs: unknown input 'topc'\n"
                           "  did you mean 'topic'?\n");
  // What only shows when values are put in has the place in the file.
  made = instantiate(file, {{"count", 1}, {"names", {"x"}}, {"topic", "t"}}, "i");
  EXPECT_EQ(said_of(made), "job.yaml:10:39: tasks[0].inputs.n: no '1' in 'names' of the inputs, "
                           "which is a list of 1\n");
  EXPECT_EQ(said_of(instantiate(file, 3, "i")), "inputs: must be a JSON object, not number\n");
}

TEST(job_file, a_given_value_that_looks_like_a_reference_stays_text) {
  auto file = good(R"(
job: quoting
tasks:
  - {name: a, agent: research_agent, inputs: {x: "${inputs.x}"}}
  - {name: b, agent: research_agent, inputs: {x: "${inputs.x} ${a.y}", z: ["${inputs.x}"]}}
)");
  auto made = instantiate(file, {{"x", "${a.secret}$"}}, "i");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->tasks[0].input.value(), (json{{"x", "${a.secret}$"}}));
  EXPECT_EQ(made->tasks[1].input.value(),
            (json{{"x", "$${a.secret}$ ${a.y}"}, {"z", {"$${a.secret}$"}}}));
}

TEST(job_file, what_is_hardly_meant_is_a_warning) {
  auto read = load_text(R"(
job: warned
inputs: {used: {type: string}, lost: {type: string}}
tasks:
  - name: a
    agent: research_agent
    retry: {backoff: fixed}
    inputs: {x: "${inputs.used}"}
)");
  ASSERT_TRUE(read.file);
  EXPECT_EQ(said_of(read), "warning: job.yaml:3:32: inputs.lost: this input is not used\n"
                           "warning: job.yaml:7:5: tasks[0].retry: without max_attempts, nothing "
                           "is tried again\n");
}

TEST(job_file, agents_that_are_not_here_may_be_allowed) {
  auto text = "job: x\ntasks:\n  - {name: a, agent: elsewhere}\nallowed_agents: [elsewhere]\n";
  EXPECT_FALSE(load(text, "x.yaml", {.agents = agents()}).file);
  EXPECT_TRUE(load(text, "x.yaml", {.agents = agents(), .allow_unknown_agents = true}).file);
}

TEST(job_file, a_hundred_thousand_tasks_are_loaded_with_all_their_edges) {
  auto text = std::string{"job: big\ntasks:\n"};
  for (auto i = 0; i < 100'000; ++i) {
    text += "  - name: task_" + std::to_string(i) + "\n    agent: research_agent\n";
    if (i > 0)
      text += "    inputs: {x: \"${task_" + std::to_string(i / 2) + ".x}\"}\n";
  }
  auto made = instantiate(good(text), json::object(), "big");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->tasks.size(), 100'000u);
  EXPECT_EQ(made->tasks[99'999].after, (std::vector<task_ref>{"task_49999"}));
}

TEST(job_file, one_task_may_need_a_hundred_thousand_others) {
  auto text = std::string{"job: wide\ntasks:\n"};
  auto all = std::string{};
  for (auto i = 0; i < 100'000; ++i) {
    text += "  - {name: t" + std::to_string(i) + ", agent: research_agent}\n";
    all += "\n      - ${t" + std::to_string(i) + "}";
  }
  text += "  - name: sum\n    agent: report_writer\n    inputs:\n     all:" + all + "\n";
  auto file = good(text);
  auto made = instantiate(file, json::object(), "wide");
  ASSERT_TRUE(made) << said_of(made);
  EXPECT_EQ(made->tasks.back().after.size(), 100'000u);
}

TEST(job_file, the_number_of_problems_is_bounded) {
  auto text = std::string{"job: big\ntasks:\n"};
  for (auto i = 0; i < 50'000; ++i)
    text += "  - {name: task_" + std::to_string(i) + ", agent: resarch_agent, afterr: []}\n";
  EXPECT_EQ(load_text(text).problems.size(), limits::problems);
}

TEST(job_file, input_arguments_are_json_if_they_are_json) {
  auto read = [](const char* text) { return parse_input_argument(text).value(); };
  EXPECT_EQ(read("n=3"), (std::pair<std::string, json>{"n", 3}));
  EXPECT_EQ(read("n=[1, {\"a\": null}]"),
            (std::pair<std::string, json>{"n", {1, {{"a", nullptr}}}}));
  EXPECT_EQ(read("n=three"), (std::pair<std::string, json>{"n", "three"}));
  EXPECT_EQ(read("n=\"3\""), (std::pair<std::string, json>{"n", "3"}));
  EXPECT_EQ(read("n="), (std::pair<std::string, json>{"n", ""}));
  EXPECT_EQ(read("n=a=b"), (std::pair<std::string, json>{"n", "a=b"}));
  EXPECT_FALSE(parse_input_argument("n"));
  EXPECT_FALSE(parse_input_argument("=3"));
  EXPECT_FALSE(parse_input_argument("n=\xff"));
}

} // namespace
