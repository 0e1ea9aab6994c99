// Every example as a user would run it.
#include "programs.hpp"

#include <csignal>

namespace {

using examples::json;
using examples::outputs_of;
using examples::program;
using examples::run_job;
using support::content_of;

testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

TEST(examples, the_calculator_works_from_cpp) {
  const auto end = support::run({program("calculator")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, "40 + 2 = 42.0\n"
                     "1 / 8 = 0.125\n"
                     "1 / 0 : calculator.division_by_zero: cannot divide 1 by zero\n");
}

TEST(examples, the_calculator_runs_its_job_file) {
  const auto end =
    run_job("calculator", "calculator/calculator.yaml", {"-i", "a=20", "-i", "b=-5"});
  EXPECT_EQ(outputs_of(end), (json{{"result", 2.5}}));
}

TEST(examples, a_division_by_zero_fails_the_job_with_a_code_of_its_own) {
  const auto end = run_job("calculator", "calculator/calculator.yaml", {"-i", "c=0"});
  EXPECT_EQ(end.code, 1);
  EXPECT_EQ(end.out, "");
  EXPECT_TRUE(has(end.err, "calculator.division_by_zero: cannot divide 42.0 by zero"));
}

TEST(examples, a_value_that_is_no_number_never_reaches_the_calculator) {
  const auto end = run_job("calculator", "calculator/calculator.yaml", {"-i", "a=many"});
  EXPECT_EQ(end.code, 2);
  EXPECT_TRUE(has(end.err, "inputs.a"));
}

TEST(examples, the_calculator_shows_its_schemas) {
  const auto agents = outputs_of(support::run({program("calculator"), "agents", "--json"}));
  EXPECT_TRUE(has(agents.dump(), R"("enum":["add","sub","mul","div"])"));
}

TEST(examples, the_diamond_prints_its_value_and_its_picture) {
  const auto end = support::run({program("diamond")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_TRUE(end.out.starts_with("40\ndigraph {\n")) << end.out;
  EXPECT_TRUE(has(end.out, "n2 -> n4;"));
}

TEST(examples, research_asks_for_what_it_lacks_while_it_runs) {
  const auto store = support::folder{};
  const auto end =
    run_job("research", "research/research.yaml", {"--store", store / "s", "--id", "r"});
  EXPECT_EQ(outputs_of(end)["report"], "executive_summary:\n- detailed advanced machine learning");

  const auto graph =
    support::run({program("research"), "graph", "r", "--store", store / "s", "--format", "json"});
  EXPECT_TRUE(has(outputs_of(graph).dump(), "data_gatherer-2"));
}

TEST(examples, research_draws_what_it_did) {
  const auto plain = support::run({program("research")});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(plain.out, "summary:\n- detailed advanced AI\n");
  const auto mermaid = support::run({program("research"), "mermaid"});
  EXPECT_TRUE(has(mermaid.out, "flowchart"));
  EXPECT_TRUE(has(mermaid.out, "data_gatherer-2"));
  const auto dot = support::run({program("research"), "dot"});
  EXPECT_TRUE(has(dot.out, "digraph"));
  EXPECT_TRUE(has(dot.out, "data_gatherer-2"));
}

TEST(examples, a_file_that_does_not_grow_is_seen_in_three_rounds) {
  const auto place = support::folder{};
  const auto file = place.write("upload", "12345");
  const auto end = run_job("stateful", "stateful/stateful.yaml", {"-i", "file=" + file});
  EXPECT_EQ(outputs_of(end), (json{{"bytes", 5}, {"rounds", 3}}));
}

TEST(examples, state_kept_between_visits_outlives_the_process) {
  const auto place = support::folder{};
  const auto words = std::vector<std::string>{program("stateful"),
                                              "run",
                                              examples::file("stateful/stateful.yaml"),
                                              "-v",
                                              "--store",
                                              place / "s",
                                              "--id",
                                              "x",
                                              "-i",
                                              "file=" + place / "upload",
                                              "-i",
                                              "pause_ms=20"};
  {
    auto first = support::process{words};
    ASSERT_TRUE(first.says("visit 4"));
    first.send(SIGKILL);
    EXPECT_EQ(first.wait().signal, SIGKILL);
  }
  place.write("upload", "12345");
  const auto end = outputs_of(support::run(words));
  EXPECT_EQ(end["bytes"], 5);
  // Without the rounds of the first process these would be three.
  EXPECT_GE(end["rounds"], 6);
}

TEST(examples, an_actor_answers_all_bids_when_it_has_the_last_one) {
  const auto end = run_job("actor_agent", "actor_agent/auction.yaml");
  EXPECT_EQ(outputs_of(end), (json{{"ada", false}, {"bob", true}, {"cy", false}}));
}

TEST(examples, a_job_that_kills_its_process_is_finished_by_the_next_one) {
  const auto place = support::folder{};
  const auto ledger = place / "ledger";
  const auto run = [&] {
    return run_job("crash", "crash/crash.yaml",
                   {"-i", "ledger=" + ledger, "--store", place / "s", "--id", "x"});
  };
  EXPECT_EQ(run().signal, SIGKILL);
  EXPECT_EQ(content_of(ledger), "one, attempt 1\ntwo, attempt 1\nthree, attempt 1\n");
  EXPECT_EQ(outputs_of(run()), (json{{"attempts", 2}}));
  const auto all = "one, attempt 1\ntwo, attempt 1\nthree, attempt 1\n"
                   "three, attempt 2\nfour, attempt 1\nfive, attempt 1\n";
  EXPECT_EQ(content_of(ledger), all);
  // It has ended: the same result again, and nothing runs.
  EXPECT_EQ(outputs_of(run()), (json{{"attempts", 2}}));
  EXPECT_EQ(content_of(ledger), all);
}

TEST(examples, a_planning_agent_adds_what_a_stalled_job_lacks) {
  const auto store = support::folder{};
  const auto end =
    run_job("planning", "planning/planning.yaml", {"--store", store / "s", "--id", "p"});
  EXPECT_EQ(outputs_of(end), (json{{"report", "12 machines sold, 400 each"}}));
  const auto graph = outputs_of(
    support::run({program("planning"), "graph", "p", "--store", store / "s", "--format", "json"}));
  EXPECT_TRUE(has(graph.dump(), "planning-1"));
}

TEST(examples, what_the_planning_agent_does_not_know_fails_the_wait) {
  const auto end =
    run_job("planning", "planning/planning.yaml", {"-i", R"(needs=["figures", "unicorns"])"});
  EXPECT_EQ(end.code, 1);
  EXPECT_TRUE(has(end.err, "task 'report' (agent reporter): wait_unmet"));
  EXPECT_TRUE(has(end.err, "unicorns"));
}

TEST(examples, a_small_job_does_not_wait_for_a_large_one) {
  const auto end = support::run({program("fair"), "20000"});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_TRUE(has(end.out, "large: 20000 tasks in "));
  EXPECT_TRUE(has(end.out, "small: 1 task in "));
  EXPECT_TRUE(has(end.out, "small ended before large\n"));
  EXPECT_EQ(support::run({program("fair"), "many"}).code, 2);
}

} // namespace
