// Requests that are wrong: exit code 2, what is wrong and what was meant, and nothing has changed;
// the same whether an engine holds the store or none does.
#include "call.hpp"

#include <csignal>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto file_text = R"(job: mixed
tasks:
  - {name: ask, agent: asks}
  - {name: draft, agent: drafts}
  - {name: after, agent: set, after: [ask, draft]}
)";

/// A job that waits for a signal and a review, and a finished one beside it.
class refusal : public testing::TestWithParam<bool> {
protected:
  refusal() {
    const auto done = room_.write("done.yaml", hello_file);
    EXPECT_TRUE(ended_with(call({"run", done, "--id", "done", "--store", store()}), 0));
    const auto file = room_.write("job.yaml", file_text);
    holder_.emplace(own_command({"run", file, "--id", "job-1", "--store", store(), "-v"}));
    EXPECT_TRUE(holder_->says("waits for signal"));
    EXPECT_TRUE(holder_->says("in review"));
    if (!GetParam())
      end_holder();
    before_ = everything();
  }

  ~refusal() override {
    EXPECT_EQ(everything(), before_);
    if (GetParam())
      end_holder();
  }

  /// Refused with this exit code; what it says.
  std::string refused(std::vector<std::string> words, int code = 2) {
    words.insert(words.end(), {"--store", store()});
    const auto x = run(own_command(std::move(words)));
    EXPECT_TRUE(ended_with(x, code));
    EXPECT_EQ(x.out, "");
    EXPECT_TRUE(x.err.starts_with("error: ")) << x.err;
    return x.err;
  }

  std::string store() const {
    return room_ / "s";
  }

  folder room_;

private:
  void end_holder() {
    holder_->send(SIGINT);
    EXPECT_TRUE(ended_with(holder_->wait(), 130));
  }

  /// All that users see of both jobs. Reasons differ by who looks, not by what is stored.
  std::string everything() const {
    auto text = std::string{};
    for (const auto* id : {"job-1", "done"}) {
      auto x = valid(run(own_command({"show", id, "--json", "--history", "--store", store()})).out,
                     "show");
      text += x.dump();
    }
    return text;
  }

  std::optional<process> holder_;
  std::string before_;
};

INSTANTIATE_TEST_SUITE_P(store, refusal, testing::Bool(),
                         [](const auto& x) { return std::string{x.param ? "held" : "free"}; });

TEST_P(refusal, an_unknown_job_names_the_nearest_one) {
  for (const auto& words : {std::vector<std::string>{"signal", "job-2", "approve"},
                            {"accept", "job-2", "draft"},
                            {"reject", "job-2", "draft", "no"},
                            {"pause", "job-2"},
                            {"cancel", "job-2"},
                            {"retry", "job-2"},
                            {"purge", "job-2"},
                            {"flow", "job-2", "disable", "after"},
                            {"resume", "job-2"}}) {
    if (words.front() == "resume" && GetParam())
      continue; // a `run` that holds the store takes up no other job, whichever it is
    EXPECT_TRUE(holds(refused(words), "job-2")) << words.front();
  }
  EXPECT_TRUE(
    holds(refused({"cancel", "job-2"}), "there is no job 'job-2'\n  did you mean 'job-1'?"));
}

TEST_P(refusal, a_signal_of_a_wrong_name_names_the_nearest_one) {
  EXPECT_TRUE(holds(refused({"signal", "job-1", "aprove", R"({"by": "x"})"}), "approve"));
  EXPECT_TRUE(holds(refused({"signal", "job-1", "no such/name", "1", "--queue"}), "no such/name"));
  EXPECT_TRUE(holds(refused({"signal", "done", "approve", "1", "--queue"}), "done"));
}

TEST_P(refusal, a_signal_against_the_schema_says_what_breaks_it) {
  EXPECT_TRUE(holds(refused({"signal", "job-1", "approve", "3"}), "must be object"));
  EXPECT_TRUE(holds(refused({"signal", "job-1", "approve", "{}"}), "by"));
  EXPECT_TRUE(holds(refused({"signal", "job-1", "approve", "{by: x}"}), "JSON:1:2"));
  EXPECT_TRUE(holds(refused({"signal", "job-1", "approve"}), "must be object"));
}

TEST_P(refusal, only_what_is_in_review_is_accepted_or_rejected) {
  EXPECT_TRUE(holds(refused({"accept", "job-1", "ask"}), "ask"));
  EXPECT_TRUE(holds(refused({"accept", "job-1", "after"}), "after"));
  EXPECT_TRUE(holds(refused({"accept", "job-1", "draaft"}), "draaft"));
  EXPECT_TRUE(holds(refused({"reject", "job-1", "ask", "no"}), "ask"));
  EXPECT_TRUE(holds(refused({"reject", "done", "greet", "no", "--final"}), "done"));
  refused({"reject", "job-1", "draft"});
}

TEST_P(refusal, only_a_finished_job_is_retried_or_purged) {
  EXPECT_TRUE(holds(refused({"retry", "job-1"}), "job-1"));
  EXPECT_TRUE(holds(refused({"retry", "job-1", "--from", "ask"}), "job-1"));
  EXPECT_TRUE(holds(refused({"purge", "job-1"}), "only finished jobs can be purged"));
  // All or none.
  EXPECT_TRUE(holds(refused({"purge", "done", "job-1"}), "job-1"));
}

TEST_P(refusal, a_retry_needs_something_to_do) {
  EXPECT_TRUE(holds(refused({"retry", "done"}), "done"));
  EXPECT_TRUE(holds(refused({"retry", "done", "--from", "geret"}), "geret"));
  const auto file = room_.write("new.yaml", hello_file);
  EXPECT_TRUE(holds(refused({"retry", "done", "--from", "greet", "--with", file}), "exclude"));
  EXPECT_TRUE(holds(refused({"retry", "done", "-i", "name=x"}), "--with FILE"));
  EXPECT_TRUE(holds(refused({"retry", "done", "--with", room_ / "none.yaml"}), "none.yaml"));
  const auto bad = room_.write("bad.yaml", "job: a\ntasks: [{name: t, agent: nobody}]\n");
  EXPECT_TRUE(holds(refused({"retry", "done", "--with", bad}), "unknown agent 'nobody'"));
}

TEST_P(refusal, a_finished_job_is_not_paused_or_cancelled) {
  EXPECT_TRUE(holds(refused({"pause", "done"}), "done"));
  EXPECT_TRUE(holds(refused({"cancel", "done"}), "done"));
}

TEST_P(refusal, only_what_has_not_started_is_changed) {
  EXPECT_TRUE(
    holds(refused({"flow", "job-1", "remove-node", "ask"}), "cannot be changed any more"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "disable", "ask"}), "cannot be changed any more"));
  EXPECT_TRUE(
    holds(refused({"flow", "job-1", "set-input", "draft", "v=1"}), "cannot be changed any more"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "disable", "afetr"}), "did you mean 'after'?"));
  EXPECT_TRUE(holds(refused({"flow", "done", "disable", "greet"}),
                    "job 'done' cannot be changed: it is completed"));
}

TEST_P(refusal, all_that_is_wrong_with_a_node_is_told) {
  const auto file = room_.write("node.yaml", "id: more\n"
                                             "acton: set\n"
                                             "action: sett\n"
                                             "inputs: [{name: a, reference: aks.answer}]\n");
  EXPECT_EQ(refused({"flow", "job-1", "add-node", "-f", file}),
            "error: " + file + ":2:1: acton: unknown key 'acton'\n  did you mean 'action'?\n"
              + "error: " + file + ":3:9: action: unknown action 'sett'\n  did you mean 'set'?\n"
              + "error: " + file
              + ":4:31: inputs[0].reference: unknown node 'aks'\n  did you mean 'ask'?\n");
  const auto added = [&](const char* text) {
    return refused({"flow", "job-1", "add-node", "-f", room_.write("n.yaml", text)});
  };
  EXPECT_TRUE(holds(added("{id: after, action: set}"), "already, and it is not the same"));
  EXPECT_TRUE(holds(added("[{id: a, action: set, dependencies: [b]},"
                          " {id: b, action: set, dependencies: [a]}]"),
                    "cycle: a -> b -> a"));
  EXPECT_TRUE(
    holds(added("{id: a, action: set, inputs: {x: '${inputs.x}'}}"), "unknown input 'x'"));
  EXPECT_TRUE(holds(added("text\xff"), "UTF-8"));
  EXPECT_TRUE(
    holds(refused({"flow", "job-1", "add-node", "-f", room_ / "none.yaml"}), "none.yaml"));
}

TEST_P(refusal, a_change_takes_what_it_needs_and_nothing_else) {
  EXPECT_TRUE(holds(refused({"flow", "job-1", "ad-node"}), "did you mean 'add-node'?"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "add-node"}), "-f FILE"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "add-node", "x", "-f", "-"}), "-f FILE"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "disable"}), "wants the id of a node"));
  EXPECT_TRUE(
    holds(refused({"flow", "job-1", "disable", "after", "-f", "-"}), "-f is for add-node"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "enable", "after", "x=1"}), "takes no values"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "set-input", "after"}), "name=value"));
  EXPECT_TRUE(holds(refused({"flow", "job-1", "set-input", "after", "x"}), "name=value"));
}

TEST(refusals, acting_needs_a_store_that_is_there) {
  const auto room = folder{};
  for (const auto& words : {std::vector<std::string>{"signal", "a", "b"},
                            {"accept", "a", "b"},
                            {"reject", "a", "b", "c"},
                            {"pause", "a"},
                            {"cancel", "a"},
                            {"retry", "a"},
                            {"purge", "a"},
                            {"flow", "a", "disable", "b"},
                            {"resume", "a"}}) {
    const auto nowhere = call(words);
    EXPECT_TRUE(ended_with(nowhere, 2)) << words.front();
    EXPECT_TRUE(holds(nowhere.err, "add --store DIR or set DAGGER_STORE"));
    auto missing = words;
    missing.insert(missing.end(), {"--store", room / "none"});
    EXPECT_TRUE(ended_with(call(missing), 2)) << words.front();
  }
}

TEST(refusals, a_task_that_exceeds_a_limit_of_its_job_fails) {
  const auto room = folder{};
  const auto file =
    room.write("job.yaml", "job: many\n"
                           "limits: {tasks: 4}\n"
                           "tasks: [{name: root, agent: adds, inputs: {count: 4}}]\n");
  const auto x = run(own_command({"run", file, "--id", "many", "--store", room / "s"}));
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "task 'root' (agent adds): limit: "));
  const auto shape =
    valid(run(own_command({"show", "many", "--json", "--store", room / "s"})).out, "show");
  EXPECT_EQ(shape["tasks"].size(), 1u);
}

TEST(refusals, a_cycle_of_waits_is_named) {
  const auto room = folder{};
  const auto file = room.write("job.yaml", "job: circle\n"
                                           "tasks:\n"
                                           "  - {name: a, agent: awaits, inputs: {task: b}}\n"
                                           "  - {name: b, agent: awaits, inputs: {task: a}}\n");
  const auto x = run(own_command({"run", file, "--id", "circle", "--store", room / "s"}));
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "wait_cycle: "));
  EXPECT_TRUE(holds(x.err, "a -> b"));
}

TEST(refusals, serve_tells_all_that_is_wrong_and_makes_no_store) {
  const auto room = folder{};
  const auto unnamed = room.write("a.yaml", "job: two words\ntasks: [{name: t, agent: set}]\n");
  const auto unknown = room.write("b.yaml", "job: b\ntasks: [{name: t, agent: nobody}]\n");
  const auto lacking = room.write("c.yaml", "job: c\ninputs: {x: true}\n"
                                            "tasks: [{name: t, agent: set, inputs: {x: "
                                            "\"${inputs.x}\"}}]\n");
  const auto x = call({"serve", unnamed, unknown, lacking, "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_TRUE(holds(x.err, unnamed));
  EXPECT_TRUE(holds(x.err, "unknown agent 'nobody'"));
  EXPECT_TRUE(holds(x.err, lacking + ": inputs.x: missing"));
  EXPECT_FALSE(std::filesystem::exists(room / "s"));
}

} // namespace
