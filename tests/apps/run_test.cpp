// `dagger run` from the file to the printed result.
#include "call.hpp"

namespace {

using namespace support;
using ::dagger::json;

TEST(run, prints_the_outputs_and_nothing_else) {
  const auto room = folder{};
  const auto x = call({"run", room.write("hello.yaml", hello_file), "-i", "name=moon"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(x.out, "{\n  \"greeting\": \"hello moon\"\n}\n");
  EXPECT_EQ(x.err, "");
}

TEST(run, json_obeys_its_schema) {
  const auto room = folder{};
  const auto x = call({"run", room.write("hello.yaml", hello_file), "--json", "--id", "hello-1"});
  EXPECT_TRUE(ended_with(x, 0));
  const auto shape = valid(x.out, "run");
  EXPECT_EQ(shape["id"], "hello-1");
  EXPECT_EQ(shape["state"], "completed");
  EXPECT_EQ(shape["outputs"], (json{{"greeting", "hello world"}}));
  EXPECT_EQ(shape["tasks"]["greet"]["state"], "completed");
  EXPECT_EQ(shape["tasks"]["greet"]["attempts"], 1);
}

TEST(run, inputs_come_from_a_file_from_a_pipe_and_from_arguments_that_win) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  const auto inputs = room.write("inputs.json", R"({"name": "file"})");
  EXPECT_TRUE(holds(call({"run", file, "--inputs", inputs}).out, "hello file"));
  EXPECT_TRUE(holds(call({"run", file, "--inputs", "-"}, {.input = R"({"name": "pipe"})"}).out,
                    "hello pipe"));
  EXPECT_TRUE(holds(call({"run", file, "--inputs", inputs, "-i", "name=word"}).out, "hello word"));
}

TEST(run, values_are_json_where_they_are_json) {
  const auto room = folder{};
  const auto file =
    room.write("job.yaml", "job: a\n"
                           "inputs: {x: true}\n"
                           "tasks: [{name: t, agent: set, inputs: {x: \"${inputs.x}\"}}]\n"
                           "outputs: {x: t.x}\n");
  const auto value = [&](const std::string& word) {
    return json::parse(call({"run", file, "-i", "x=" + word}).out)["x"];
  };
  EXPECT_EQ(value("3"), 3);
  EXPECT_EQ(value("[1, {\"a\": null}]"), (json::array({1, {{"a", nullptr}}})));
  EXPECT_EQ(value("three"), "three");
  EXPECT_EQ(value("\"3\""), "3");
  EXPECT_EQ(value(""), "");
  EXPECT_EQ(value("a=b"), "a=b");
}

TEST(run, a_finished_id_prints_its_result_again) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  const auto words =
    std::vector<std::string>{"run", file, "--json", "--id", "once", "--store", room / "runs.db"};
  const auto first = call(words);
  EXPECT_TRUE(ended_with(first, 0));
  const auto again = call(words);
  EXPECT_TRUE(ended_with(again, 0));
  EXPECT_EQ(again.out, first.out);
  const auto resumed =
    call({"resume", "once", "--json"}, {.environment = {{"DAGGER_STORE", room / "runs.db"}}});
  EXPECT_TRUE(ended_with(resumed, 0));
  EXPECT_EQ(resumed.out, first.out);
}

TEST(run, the_same_id_for_another_job_is_a_conflict) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(call({"run", file, "--id", "one", "--store", room / "s"}), 0));
  const auto other = call({"run", file, "-i", "name=x", "--id", "one", "--store", room / "s"});
  EXPECT_TRUE(ended_with(other, 2));
  EXPECT_EQ(other.out, "");
  EXPECT_TRUE(holds(other.err, "error: "));
  EXPECT_TRUE(holds(other.err, "one"));
  EXPECT_TRUE(holds(other.err, "inputs"));
}

TEST(run, a_failed_job_says_which_task_failed_and_why) {
  const auto room = folder{};
  const auto file =
    room.write("fails.yaml", "job: fails\n"
                             "tasks:\n"
                             "  - {name: guard, agent: fail, inputs: {message: too few rows, "
                             "code: rows.missing}}\n"
                             "  - {name: report, agent: set, after: [guard]}\n");
  const auto words = std::vector<std::string>{"run", file, "--id", "f-1", "--store", room / "s"};
  const auto x = call(words);
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_EQ(x.out, "");
  EXPECT_EQ(x.err, "error: job f-1 failed\n"
                   "  task 'guard' (agent fail): rows.missing: too few rows\n"
                   "  look at it: dagger show f-1 --store "
                     + (room / "s") + "\n");
  auto with_json = words;
  with_json.push_back("--json");
  const auto again = call(with_json);
  EXPECT_TRUE(ended_with(again, 1));
  const auto shape = valid(again.out, "run");
  EXPECT_EQ(shape["state"], "failed");
  EXPECT_EQ(shape["error"]["code"], "rows.missing");
  EXPECT_EQ(shape["tasks"]["report"]["state"], "skipped");
  EXPECT_TRUE(holds(call({"run", file}).err, "add --store DIR to keep its history"));
}

TEST(run, a_time_out_ends_with_3_and_leaves_the_job_resumable) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  const auto x = call({"run", file, "--id", "slow", "--store", room / "s", "--timeout", "300ms"});
  EXPECT_TRUE(ended_with(x, 3));
  EXPECT_EQ(x.out, "");
  EXPECT_EQ(x.err, "error: job slow is not finished: --timeout 300ms has passed\n"
                   "  go on: dagger resume slow --store "
                     + (room / "s") + "\n");
  const auto shape = valid(call({"show", "slow", "--json", "--store", room / "s"}).out, "show");
  EXPECT_EQ(shape["state"], "running");
  EXPECT_EQ(shape["tasks"][2]["state"], "waiting");
}

TEST(run, verbose_prints_a_line_per_event) {
  const auto room = folder{};
  const auto x = call({"run", room.write("hello.yaml", hello_file), "-v", "--id", "talks"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.err, " greet running\n"));
  EXPECT_TRUE(holds(x.err, " greet completed\n"));
  EXPECT_TRUE(holds(x.err, " job talks completed\n"));
}

TEST(run, a_terminal_shows_a_live_line_that_is_gone_at_the_end) {
  const auto room = folder{};
  const auto file = room.write("nap.yaml", "job: nap\n"
                                           "tasks: [{name: nap, agent: sleep, inputs: {duration: "
                                           "1s}}]\n");
  const auto x = call({"run", file}, {.environment = {{"TERM", "xterm"}}, .terminal = true});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.err, "[........................] 0/1  1 suspended"));
  EXPECT_TRUE(x.err.ends_with("\r\x1b[2K")) << x.err;
}

TEST(run, ten_thousand_tasks_run_from_a_file) {
  const auto room = folder{};
  auto text = std::string{"job: wide\ntasks:\n"};
  for (auto i = 0; i < 10'000; ++i)
    text += "  - {name: t" + std::to_string(i) + ", agent: set, inputs: {n: " + std::to_string(i)
          + (i >= 100 ? "}, after: [t" + std::to_string(i % 100) + "]}" : "}}") + "\n";
  const auto x =
    call({"run", room.write("wide.yaml", text), "--json", "--id", "wide", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  const auto shape = valid(x.out, "run");
  EXPECT_EQ(shape["tasks"].size(), 10'000u);
  EXPECT_EQ(shape["outputs"].size(), 9'900u);
  EXPECT_EQ(shape["outputs"]["t9999"]["n"], 9'999);
}

TEST(run, parallel_bounds_what_agents_say) {
  const auto room = folder{};
  const auto file = room.write("job.yaml", "job: a\n"
                                           "tasks:\n"
                                           "  - {name: t, agent: together}\n"
                                           "  - {name: u, agent: together}\n");
  const auto met = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"run", file});
    return json::parse(run(own_command(more)).out)["u"]["met"];
  };
  EXPECT_EQ(met({}), true);
  EXPECT_EQ(met({"--parallel", "2"}), true);
  EXPECT_EQ(met({"--parallel", "1"}), false);
}

} // namespace
