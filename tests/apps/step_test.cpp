// `dagger run --step`: a person, or a pipe, says when each node begins.
#include "call.hpp"

#include <csignal>
#include <filesystem>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto steps_flow = R"(name: steps
inputs: {list: {default: [5, 6]}}
config: {timeout: 50ms, max_parallel: 8}
nodes:
  - {id: first, action: set, timeout: 50ms, inputs: [{name: v, expr: 1 + 1}]}
  - {id: never, action: set, when: first.v > 2, inputs: {v: 1}}
  - {id: each, action: set, for_each: inputs.list, dependencies: [first], inputs: {v: "${item}"}}
  - {id: inner, action: 'flow:twice', inputs: {n: "${first.v}"}, dependencies: [each]}
outputs: {each: each.v, inner: inner.v}
flows:
  - name: twice
    inputs: {n: {type: integer}}
    nodes: [{id: sum, action: set, timeout: 50ms, inputs: [{name: v, expr: inputs.n * 2}]}]
    outputs: {v: sum.v}
)";

ended step(const folder& room, const std::string& text, const std::string& input,
           std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"run", room.write("steps.yaml", text), "--step"});
  return call(more, {.input = input});
}

/// The tasks that were asked about, in order.
std::vector<std::string> asked_in(const std::string& err) {
  auto found = std::vector<std::string>{};
  for (auto at = err.find("next: "); at != err.npos; at = err.find("next: ", at + 1)) {
    const auto from = err.find('\'', at) + 1;
    found.push_back(err.substr(from, err.find('\'', from) - from));
  }
  return found;
}

TEST(step, every_node_element_and_node_of_a_sub_flow_is_asked_about) {
  const auto room = folder{};
  const auto x = step(room, steps_flow, "run\nrun\nrun\nr\nrun\nrun\n");
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(json::parse(x.out), (json{{"each", {5, 6}}, {"inner", 4}}));
  EXPECT_EQ(asked_in(x.err), (std::vector<std::string>{"first", "each", "each[0]", "each[1]",
                                                       "inner", "inner/sum"}));
  EXPECT_TRUE(holds(x.err, "next: node 'first' (action set)\n(step) run\n  first completed\n"));
  EXPECT_TRUE(holds(x.err, "  never skipped: when: first.v > 2\n"));
}

TEST(step, what_it_gets_and_what_others_returned_can_be_looked_at) {
  const auto room = folder{};
  const auto x = step(room, steps_flow,
                      "list\noutputs\ninspect\nrun\ninspect first\ninspect\ninspect never\n"
                      "inspect frist\nlist\ncontinue\n");
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(json::parse(x.out), (json{{"each", {5, 6}}, {"inner", 4}}));
  EXPECT_TRUE(holds(x.err, "(step) list\n> next     first  set\n  waiting  never  set\n"));
  EXPECT_TRUE(holds(x.err, "(step) outputs\n{}\n(step) inspect\n{\n  \"v\": 2\n}\n"));
  EXPECT_TRUE(holds(x.err, "(step) inspect first\n{\n  \"v\": 2\n}\n"));
  EXPECT_TRUE(holds(x.err, "\"over\": [\n    5,\n    6\n  ]"));
  EXPECT_TRUE(holds(x.err, "(step) inspect never\nready\n"));
  EXPECT_TRUE(holds(x.err, "there is no node 'frist': did you mean 'first'?\n"));
  EXPECT_TRUE(holds(x.err, "  completed  first  set\n"));
  EXPECT_EQ(asked_in(x.err), (std::vector<std::string>{"first", "each"}));
}

TEST(step, a_skipped_node_takes_along_what_needs_it_and_an_element_leaves_a_gap) {
  const auto room = folder{};
  const auto all = step(room, steps_flow, "run\nskip\n", {"--json"});
  EXPECT_TRUE(ended_with(all, 0));
  const auto nodes = valid(all.out, "run")["nodes"];
  EXPECT_EQ(nodes["each"]["state"], "skipped");
  EXPECT_EQ(nodes["inner"]["state"], "skipped");
  EXPECT_TRUE(holds(all.err, "  each skipped: skipped by hand\n"));
  const auto one = step(room, steps_flow, "run\nrun\nskip\nrun\ncontinue\n");
  EXPECT_TRUE(ended_with(one, 0));
  EXPECT_EQ(json::parse(one.out)["each"], (json{nullptr, 6}));
}

TEST(step, each_attempt_is_asked_about_and_a_failure_is_told) {
  const auto room = folder{};
  const auto x = step(room, R"(name: broken
nodes:
  - {id: a, action: fail, retry: {max_attempts: 2, initial: 1ms}, inputs: {message: no luck}}
  - {id: b, action: set, inputs: {v: "${a.v}"}}
)",
                      "run\nrun\n");
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "  a backoff: "));
  EXPECT_TRUE(holds(x.err, "next: node 'a' (action fail), attempt 2\n(step) run\n  a failed: "));
  EXPECT_TRUE(holds(x.err, "  b skipped: "));
  EXPECT_TRUE(holds(x.err, "no luck"));
}

TEST(step, leaving_and_the_end_of_the_input_end_the_run_with_130) {
  const auto room = folder{};
  for (const auto* input : {"run\nquit\n", "run\n", "run\nq"}) {
    const auto x = step(room, steps_flow, input);
    EXPECT_TRUE(ended_with(x, 130));
    EXPECT_EQ(x.out, "");
    EXPECT_TRUE(holds(x.err, "left: job steps-"));
    EXPECT_EQ(asked_in(x.err), (std::vector<std::string>{"first", "each"}));
  }
  const auto nothing = step(room, steps_flow, "");
  EXPECT_TRUE(ended_with(nothing, 130));
}

TEST(step, what_is_no_command_is_told_and_nothing_happens) {
  const auto room = folder{};
  const auto x =
    step(room, steps_flow, "\nskpi\nrun away\nhelp\n" + std::string(9'000, 'x') + "\n");
  EXPECT_TRUE(ended_with(x, 130));
  EXPECT_TRUE(holds(x.err, "unknown command 'skpi': did you mean 'skip'?\n"));
  EXPECT_TRUE(holds(x.err, "run takes no argument: try help\n"));
  EXPECT_TRUE(holds(x.err, "  inspect [NODE]"));
  EXPECT_TRUE(holds(x.err, "a line that long is no command\n"));
  EXPECT_EQ(asked_in(x.err), (std::vector<std::string>{"first"}));
}

TEST(step, a_store_or_inputs_from_standard_input_do_not_go_with_it) {
  const auto room = folder{};
  const auto kept = step(room, steps_flow, "run\n", {"--store", room / "s"});
  EXPECT_TRUE(ended_with(kept, 2));
  EXPECT_EQ(kept.err, "error: --step goes through runs in memory only\n  leave --store out\n");
  EXPECT_FALSE(std::filesystem::exists(room / "s"));
  const auto inputs = step(room, steps_flow, "{}", {"--inputs", "-"});
  EXPECT_TRUE(ended_with(inputs, 2));
  EXPECT_TRUE(holds(inputs.err, "both want standard input"));
  const auto from_environment =
    call({"run", room.write("steps.yaml", steps_flow), "--step"},
         {.input = "continue\n", .environment = {{"DAGGER_STORE", room / "s"}}});
  EXPECT_TRUE(ended_with(from_environment, 0));
  EXPECT_FALSE(std::filesystem::exists(room / "s"));
}

TEST(step, a_person_types_at_a_terminal_and_may_interrupt) {
  const auto room = folder{};
  const auto words = dagger_command({"run", room.write("steps.yaml", steps_flow), "--step"});
  auto asked = process{words, {.interactive = true}};
  ASSERT_TRUE(asked.says("next: node 'first'"));
  asked.type("run\n");
  ASSERT_TRUE(asked.says("next: node 'each'"));
  asked.type("continue\n");
  const auto x = asked.wait();
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.err, "\"inner\": 4"));
  auto interrupted = process{words, {.interactive = true}};
  ASSERT_TRUE(interrupted.says("(step) "));
  interrupted.send(SIGINT);
  EXPECT_TRUE(ended_with(interrupted.wait(), 130));
}

TEST(step, jobs_are_gone_through_in_their_words) {
  const auto room = folder{};
  const auto file = room.write("job.yaml", hello_file);
  const auto x = call({"run", file, "--step"}, {.input = "list\nrun\n"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.err, "next: task 'greet' (agent set)\n"));
  EXPECT_EQ(json::parse(x.out), (json{{"greeting", "hello world"}}));
}

} // namespace
