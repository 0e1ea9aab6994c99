// Jobs that are interrupted: by kill -9, by Ctrl-C once and twice, by a crash of their own agent.
#include "call.hpp"

#include <csignal>
#include <filesystem>

namespace {

using namespace support;
using ::dagger::json;

/// `first`, then a nap of this length, then `last`.
std::string nap_file(const std::string& duration) {
  return "job: nap\n"
         "tasks:\n"
         "  - {name: first, agent: set, inputs: {x: 1}}\n"
         "  - {name: nap, agent: sleep, after: [first], inputs: {duration: "
       + duration
       + "}}\n"
         "  - {name: last, agent: set, after: [nap], inputs: {y: \"${first.x}\"}}\n";
}

std::vector<std::string> run_words(const folder& room, const std::string& text) {
  return {"run", room.write("nap.yaml", text), "--id", "nap-1", "--store", room / "s", "-v"};
}

json shown(const folder& room) {
  return valid(call({"show", "nap-1", "--store", room / "s", "--json", "--history"}).out, "show");
}

TEST(resume, a_killed_run_goes_on_where_it_was) {
  const auto room = folder{};
  {
    auto running = process{dagger_command(run_words(room, nap_file("2s")))};
    ASSERT_TRUE(running.says("nap suspended"));
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
  }
  const auto before = shown(room);
  EXPECT_EQ(before["state"], "running");
  EXPECT_EQ(before["tasks"][0]["state"], "completed");
  EXPECT_EQ(before["tasks"][1]["state"], "suspended");
  const auto x = call({"resume", "nap-1", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(json::parse(x.out), (json{{"last", {{"y", 1}}}}));
  const auto after = shown(room);
  EXPECT_EQ(after["state"], "completed");
  EXPECT_EQ(after["tasks"][0]["attempts"], before["tasks"][0]["attempts"]);
  // The timer went on while nobody was there: the due time is that of the first run.
  const auto woken = after["tasks"][1]["attempts"][1]["started"].get<std::string>();
  EXPECT_LT(before["tasks"][1]["attempts"][0]["started"].get<std::string>(), woken);
}

TEST(resume, run_with_the_id_of_an_unfinished_job_goes_on) {
  const auto room = folder{};
  const auto words = run_words(room, nap_file("1s"));
  {
    auto running = process{dagger_command(words)};
    ASSERT_TRUE(running.says("nap suspended"));
    running.send(SIGKILL);
    running.wait();
  }
  const auto x = call(words);
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(x.err.find("first running"), std::string::npos) << x.err;
  EXPECT_EQ(json::parse(x.out), (json{{"last", {{"y", 1}}}}));
}

TEST(resume, one_interrupt_stops_nicely_and_says_how_to_go_on) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto room = folder{};
    auto running = process{dagger_command(run_words(room, nap_file("1h")))};
    ASSERT_TRUE(running.says("nap suspended"));
    running.send(signal);
    const auto x = running.wait();
    EXPECT_TRUE(ended_with(x, 130));
    EXPECT_EQ(x.out, "");
    EXPECT_TRUE(holds(x.err, "interrupted: job nap-1 is not finished; once more ends at once\n"
                             "  go on: dagger resume nap-1 --store "
                               + (room / "s") + "\n"));
    EXPECT_EQ(shown(room)["state"], "running");
  }
}

TEST(resume, a_second_interrupt_ends_at_once) {
  const auto room = folder{};
  const auto file = room.write("hang.yaml", "job: hang\n"
                                            "tasks: [{name: t, agent: deaf}]\n");
  auto running = process{own_command({"run", file, "--id", "nap-1", "--store", room / "s", "-v"})};
  ASSERT_TRUE(running.says("t running"));
  running.send(SIGINT);
  ASSERT_TRUE(running.says("interrupted"));
  running.send(SIGINT);
  EXPECT_TRUE(ended_with(running.wait(), 130));
  EXPECT_EQ(shown(room)["tasks"][0]["state"], "running");
}

TEST(resume, a_hung_agent_does_not_keep_the_program) {
  const auto room = folder{};
  const auto file = room.write("hang.yaml", "job: hang\n"
                                            "tasks: [{name: t, agent: hang}]\n");
  const auto x =
    run(own_command({"run", file, "--id", "nap-1", "--store", room / "s", "--timeout", "300ms"}));
  EXPECT_TRUE(ended_with(x, 3));
  EXPECT_TRUE(holds(x.err, "go on: own_agents resume nap-1"));
}

TEST(resume, an_agent_that_kills_its_process_is_survived) {
  const auto room = folder{};
  const auto file = room.write("crash.yaml", "job: crash\n"
                                             "inputs: {file: true}\n"
                                             "tasks: [{name: t, agent: crash_once, inputs: {file: "
                                             "\"${inputs.file}\"}}]\n");
  const auto words = own_command(
    {"run", file, "-i", "file=" + (room / "mark"), "--id", "nap-1", "--store", room / "s"});
  EXPECT_EQ(run(words).signal, SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(room / "mark"));
  EXPECT_TRUE(holds(call({"show", "nap-1", "--store", room / "s"}).out,
                    "go on: dagger resume nap-1 --store " + (room / "s")));
  const auto x = run(words);
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.out, "\"survived\": true"));
  EXPECT_EQ(shown(room)["tasks"][0]["attempts"].size(), 2u);
}

TEST(resume, other_jobs_of_the_store_stay_as_they_are) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  const auto hello = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(
    call({"run", file, "--id", "nap-1", "--store", room / "s", "--timeout", "200ms"}), 3));
  const auto before = shown(room);
  EXPECT_TRUE(ended_with(call({"run", hello, "--id", "other", "--store", room / "s"}), 0));
  EXPECT_EQ(shown(room), before);
}

TEST(resume, an_id_that_is_not_there_is_refused) {
  const auto room = folder{};
  const auto hello = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(call({"run", hello, "--id", "other", "--store", room / "s"}), 0));
  const auto x = call({"resume", "othre", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_TRUE(holds(x.err, "othre"));
}

TEST(resume, a_crash_of_the_process_is_not_blamed_on_the_store) {
  const auto room = folder{};
  const auto file = room.write("segv.yaml", "job: segv\n"
                                            "tasks: [{name: t, agent: segfault}]\n");
  const auto x = run(own_command({"run", file, "--id", "nap-1", "--store", room / "s"}));
  EXPECT_NE(x.code, 4);
  EXPECT_TRUE(holds(x.err, "error: crashed by signal 11 with the store " + (room / "s") + " open"));
}

/// A flow that naps before it touches files, all by relative names.
constexpr auto files_flow = R"(name: files
nodes:
  - {id: nap, action: sleep, inputs: {duration: 1s}}
  - {id: read, action: read_file, dependencies: [nap], inputs: {path: in.txt}}
  - {id: written, action: write_file, dependencies: [nap], inputs: {path: w.txt, content: x}}
  - {id: shout, action: shell, dependencies: [nap], inputs: {script: "tr a-z A-Z < in.txt > {out}"},
     outputs: [{name: out, file: made/out.txt}], cache: up_to_date}
  - {id: below, action: shell, dependencies: [nap], inputs: {script: pwd, cwd: sub}}
  - {id: listed, action: glob, dependencies: [written], inputs: {pattern: "w.*"}}
  - id: late
    action: shell
    dependencies: [shout]
    inputs: [{name: script, value: "cat {text}"}, {name: text, reference: shout.out}]
outputs: {read: read.content, below: below.stdout, listed: listed.paths, late: late.stdout,
          out: shout.out}
)";

TEST(resume, relative_paths_begin_where_the_run_was_started) {
  for (const auto* command : {"resume", "run"}) {
    const auto home = folder{};
    const auto elsewhere = folder{};
    const auto file = home.write("files.yaml", files_flow);
    home.write("in.txt", "hello");
    std::filesystem::create_directory(home / "sub");
    std::filesystem::create_directory(home / "made");
    const auto words =
      std::vector<std::string>{"run", file, "--id", "nap-1", "--store", home / "s", "-v"};
    {
      auto running = process{dagger_command(words), {.directory = home.path()}};
      ASSERT_TRUE(running.says("nap suspended"));
      running.send(SIGKILL);
      running.wait();
    }
    const auto again = std::string{command} == "run"
                       ? words
                       : std::vector<std::string>{"resume", "nap-1", "--store", home / "s"};
    const auto x = call(again, {.directory = elsewhere.path()});
    EXPECT_TRUE(ended_with(x, 0));
    const auto real = std::filesystem::canonical(home.path());
    EXPECT_EQ(json::parse(x.out), (json{{"read", "hello"},
                                        {"below", (real / "sub").string() + "\n"},
                                        {"listed", {"w.txt"}},
                                        {"late", "HELLO"},
                                        {"out", "made/out.txt"}}))
      << x.err;
    EXPECT_EQ(content_of(home / "made/out.txt"), "HELLO");
    EXPECT_EQ(content_of(home / "w.txt"), "x");
    EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
  }
}

TEST(resume, a_flow_prints_nodes_as_run_does) {
  const auto room = folder{};
  const auto file = room.write("flow.yaml", "name: nap\n"
                                            "nodes:\n"
                                            "  - {id: nap, action: sleep, inputs: {duration: 1s}}\n"
                                            "  - {id: last, action: set, dependencies: [nap]}\n");
  const auto words =
    std::vector<std::string>{"run", file, "--id", "nap-1", "--store", room / "s", "-v", "--json"};
  {
    auto running = process{dagger_command(words)};
    ASSERT_TRUE(running.says("nap suspended"));
    running.send(SIGKILL);
    running.wait();
  }
  const auto resumed = call({"resume", "nap-1", "--store", room / "s", "--json"});
  EXPECT_TRUE(ended_with(resumed, 0));
  const auto shape = valid(resumed.out, "run");
  EXPECT_EQ(shape["nodes"]["last"]["state"], "completed");
  EXPECT_FALSE(shape.contains("tasks"));
  EXPECT_EQ(json::parse(call(words).out), shape)
    << "a finished run is told by `run` in the same way";
}

} // namespace
