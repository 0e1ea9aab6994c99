// `dagger flow`: runs that are changed from another terminal, while a process works on them and
// while none does. What is refused stands in refusal_test.cpp.
#include "call.hpp"

#include <csignal>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto nightly_file = R"(name: nightly
nodes:
  - {id: ask, action: asks}
  - {id: sum, action: set, dependencies: [ask], inputs: {v: 1}}
  - {id: old, action: set, dependencies: [ask]}
  - {id: extra, action: set, enabled: false, dependencies: [ask], inputs: {v: 2}}
)";

/// Refers to a task and says which of its inputs it has from where.
constexpr auto report_file = R"(id: report
action: set
inputs:
  - {name: by, reference: ask.answer.by}
  - {name: sum, expr: sum.v * 10}
)";

/// One run in one store, and the commands about it.
class room_of_run {
public:
  std::vector<std::string> run_words() const {
    return own_command({"run", file_, "--id", "run-1", "--store", store(), "-v", "--json"});
  }

  /// With the store at the end.
  ended say(std::vector<std::string> words, const process_options& options = {}) const {
    words.insert(words.end(), {"--store", store()});
    return run(own_command(std::move(words)), options);
  }

  ended flow(std::vector<std::string> words, const process_options& options = {}) const {
    words.insert(words.begin(), {"flow", "run-1"});
    return say(std::move(words), options);
  }

  /// All that the tests change.
  void change() const {
    const auto added = flow({"add-node", "-f", report_, "--json"});
    EXPECT_TRUE(ended_with(added, 0));
    const auto shape = valid(added.out, "flow_change");
    EXPECT_EQ(shape["change"], "add-node");
    EXPECT_EQ(shape["tasks"]["total"], 5);
    EXPECT_TRUE(ended_with(flow({"add-node", "-f", report_}), 0)); // the same
    const auto removed = flow({"remove-node", "old", "--json"});
    EXPECT_TRUE(ended_with(removed, 0));
    EXPECT_EQ(valid(removed.out, "flow_change")["tasks"]["total"], 4);
    EXPECT_TRUE(ended_with(flow({"set-input", "sum", "v=4", "text=so"}), 0));
    EXPECT_TRUE(ended_with(flow({"enable", "extra"}), 0));
    const auto piped =
      flow({"add-node", "-f", "-"}, {.input = "[{id: off, action: set, dependencies: [sum]}]"});
    EXPECT_TRUE(ended_with(piped, 0));
    const auto off = flow({"disable", "off"});
    EXPECT_TRUE(ended_with(off, 0));
    EXPECT_EQ(off.out + off.err, "");
  }

  void expect_changed(const ended& end) const {
    EXPECT_TRUE(ended_with(end, 0));
    const auto shape = valid(end.out, "run");
    EXPECT_EQ(shape["outputs"]["report"], (json{{"by", "Ann"}, {"sum", 40}})) << end.out;
    EXPECT_EQ(shape["outputs"]["extra"], (json{{"v", 2}}));
    const auto shown = valid(say({"show", "run-1", "--json", "--history"}).out, "show");
    auto events = json::array();
    for (auto& x : shown["history"])
      for (auto word : {"enabled", "disabled", "input_set", "added", "skipped"})
        if (x["event"] == word && x["task"] != "ask")
          events.push_back(x["task"].get<std::string>() + " " + word);
    for (auto x : {"report added", "old skipped", "sum input_set", "extra enabled", "off added",
                   "off disabled", "off skipped"})
      EXPECT_NE(std::find(events.begin(), events.end(), x), events.end()) << x << "\n" << events;
    const auto text = say({"show", "run-1", "--history"}).out;
    EXPECT_TRUE(holds(text, "old  skipped  removed\n"));
    EXPECT_TRUE(holds(text, "off  waiting  disabled\n"));
    EXPECT_TRUE(holds(text, "sum  waiting  input_set\n"));
    const auto picture = say({"graph", "run-1"}).out;
    EXPECT_TRUE(holds(picture, "report"));
    EXPECT_FALSE(holds(picture, "\"old\"")) << picture;
  }

  std::string store() const {
    return room_ / "s";
  }

private:
  folder room_;
  std::string file_ = room_.write("nightly.yaml", nightly_file);
  std::string report_ = room_.write("report.yaml", report_file);
};

const auto approval = std::vector<std::string>{"signal", "run-1", "approve", R"({"by": "Ann"})"};

TEST(flow, is_changed_while_another_process_works_on_it) {
  const auto at = room_of_run{};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("waits for signal"));
  at.change();
  EXPECT_TRUE(ended_with(at.say(approval), 0));
  at.expect_changed(running.wait());
}

TEST(flow, is_changed_while_nobody_works_on_it_and_nothing_of_it_runs) {
  const auto at = room_of_run{};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("waits for signal"));
    running.send(SIGINT);
    EXPECT_TRUE(ended_with(running.wait(), 130));
  }
  at.change();
  const auto now = at.flow({"add-node", "-f", "-"}, {.input = "{id: now, action: set}"});
  EXPECT_TRUE(ended_with(now, 0));
  const auto shown = valid(at.say({"show", "run-1", "--task", "now", "--json"}).out, "show");
  EXPECT_EQ(shown["tasks"][0]["state"], "ready") << shown;
  EXPECT_TRUE(holds(at.say({"show", "run-1"}).out, "disabled, it will be skipped"));
  const auto picture = at.say({"graph", "run-1"}).out;
  EXPECT_TRUE(holds(picture, "off\\nset\\ndisabled")) << picture;
  EXPECT_TRUE(ended_with(at.say(approval), 0));
  at.expect_changed(run(at.run_words()));
}

TEST(flow, changes_survive_the_death_of_the_process_that_took_them) {
  const auto at = room_of_run{};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("waits for signal"));
    at.change();
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
  }
  EXPECT_TRUE(ended_with(at.say(approval), 0));
  at.expect_changed(run(at.run_words()));
}

TEST(flow, its_run_is_told_as_nodes_and_that_of_a_job_as_tasks) {
  const auto room = folder{};
  const auto flow = room.write("flow.yaml", "name: f\nnodes: [{id: a, action: set}]\n");
  const auto shape = valid(call({"run", flow, "--json"}).out, "run");
  EXPECT_EQ(shape["nodes"]["a"]["state"], "completed");
  EXPECT_FALSE(shape.contains("tasks"));
  const auto job = room.write("job.yaml", hello_file);
  const auto other = valid(call({"run", job, "--json"}).out, "run");
  EXPECT_EQ(other["tasks"]["greet"]["state"], "completed");
  EXPECT_FALSE(other.contains("nodes"));
}

} // namespace
