// Answers from another terminal: signals, reviews, pauses, cancellations, while a process works on
// the job and while none does.
#include "call.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>

#include <sys/stat.h>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto approval_file = R"(job: approval
tasks:
  - {name: ask, agent: asks}
  - {name: report, agent: set, after: [ask], inputs: {by: "${ask.answer.by}"}}
)";

constexpr auto draft_file = R"(job: draft
tasks:
  - {name: draft, agent: drafts}
  - {name: print, agent: set, after: [draft], inputs: {text: "${draft.feedback.rejected}"}}
)";

/// One job in one store, and the commands about it.
class desk {
public:
  explicit desk(std::string_view file) : file_(room.write("job.yaml", file)) {}

  std::vector<std::string> run_words() const {
    return own_command({"run", file_, "--id", "job-1", "--store", store(), "-v"});
  }

  /// With the store at the end.
  ended say(std::vector<std::string> words) const {
    words.insert(words.end(), {"--store", store()});
    return run(own_command(std::move(words)));
  }

  json shown() const {
    return valid(say({"show", "job-1", "--json"}).out, "show");
  }

  std::string store() const {
    return room / "s";
  }

  folder room;

private:
  std::string file_;
};

TEST(answer, a_signal_from_another_process_reaches_the_task_that_waits_for_it) {
  const auto at = desk{approval_file};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("task 'ask' waits for signal 'approve': own_agents signal job-1 approve "
                           "JSON --store "
                           + at.store()));
  const auto x = at.say({"signal", "job-1", "approve", R"({"by": "Ann"})"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(x.out + x.err, "");
  const auto end = running.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"report", {{"by", "Ann"}}}}));
}

TEST(answer, a_signal_while_nobody_works_is_there_when_somebody_does) {
  const auto at = desk{approval_file};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("waits for signal"));
    running.send(SIGINT);
    EXPECT_TRUE(ended_with(running.wait(), 130));
  }
  EXPECT_EQ(at.shown()["tasks"][0]["reason"].get<std::string>().find("waits for signal 'approve'"),
            0u);
  EXPECT_EQ(at.shown()["tasks"][0]["waits"][0]["name"], "approve");
  EXPECT_TRUE(
    ended_with(run(own_command({"signal", "job-1", "approve", "-", "--store", at.store()}),
                   {.input = R"({"by": "Bob"})"}),
               0));
  // Applied, and nothing has run: not even the task that is ready now.
  EXPECT_EQ(at.shown()["tasks"][0]["state"], "ready");
  EXPECT_EQ(at.shown()["state"], "running");
  const auto end = at.say({"resume", "job-1"});
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"report", {{"by", "Bob"}}}}));
}

TEST(answer, a_signal_that_nobody_waits_for_is_kept_if_that_is_asked_for) {
  const auto at = desk{"job: late\n"
                       "tasks:\n"
                       "  - {name: nap, agent: sleep, inputs: {duration: 1h}}\n"
                       "  - {name: ask, agent: asks, after: [nap]}\n"};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("nap suspended"));
  const auto refused = at.say({"signal", "job-1", "approve", R"({"by": "Ann"})"});
  EXPECT_TRUE(ended_with(refused, 2));
  EXPECT_TRUE(holds(refused.err, "error: "));
  EXPECT_TRUE(ended_with(at.say({"signal", "job-1", "approve", R"({"by": "Ann"})", "--queue"}), 0));
  running.send(SIGINT);
  EXPECT_TRUE(ended_with(running.wait(), 130));
}

TEST(answer, a_review_is_rejected_with_a_reason_and_then_accepted) {
  const auto at = desk{draft_file};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("task 'draft' in review: own_agents accept job-1 draft --store "
                           + at.store() + ", or own_agents reject job-1 draft REASON --store "
                           + at.store()));
  EXPECT_TRUE(ended_with(at.say({"reject", "job-1", "draft", "no figures"}), 0));
  ASSERT_TRUE(running.says("draft suspended, visit 2"));
  EXPECT_TRUE(ended_with(at.say({"accept", "job-1", "draft"}), 0));
  const auto end = running.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"print", {{"text", "no figures"}}}}));
}

TEST(answer, a_final_rejection_fails_the_task) {
  const auto at = desk{draft_file};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("in review"));
  EXPECT_TRUE(ended_with(at.say({"reject", "job-1", "draft", "never", "--final"}), 0));
  const auto end = running.wait();
  EXPECT_TRUE(ended_with(end, 1));
  EXPECT_TRUE(holds(end.err, "rejected: never"));
}

TEST(answer, a_review_is_decided_while_nobody_works) {
  const auto at = desk{draft_file};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("in review"));
    running.send(SIGTERM);
    EXPECT_TRUE(ended_with(running.wait(), 130));
  }
  EXPECT_TRUE(holds(at.say({"show", "job-1"}).out, "in review"));
  EXPECT_TRUE(ended_with(at.say({"accept", "job-1", "draft"}), 0));
  EXPECT_EQ(at.shown()["tasks"][0]["state"], "completed");
  EXPECT_EQ(at.shown()["tasks"][1]["state"], "ready");
}

TEST(answer, a_cancelled_job_ends_with_3_when_its_tasks_have_stopped) {
  const auto at = desk{"job: long\n"
                       "tasks:\n"
                       "  - {name: work, agent: patient}\n"
                       "  - {name: after, agent: set, after: [work]}\n"};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("work running"));
  EXPECT_TRUE(ended_with(at.say({"cancel", "job-1"}), 0));
  const auto end = running.wait();
  EXPECT_TRUE(ended_with(end, 3));
  EXPECT_TRUE(holds(end.err, "error: job job-1 cancelled"));
  EXPECT_EQ(at.shown()["state"], "cancelled");
}

TEST(answer, a_second_cancel_does_not_wait_for_what_runs) {
  const auto at = desk{"job: deaf\ntasks: [{name: work, agent: deaf}]\n"};
  auto running = process{at.run_words()};
  ASSERT_TRUE(running.says("work running"));
  EXPECT_TRUE(ended_with(at.say({"cancel", "job-1"}), 0));
  ASSERT_TRUE(running.says("job job-1 cancelling"));
  EXPECT_TRUE(ended_with(at.say({"cancel", "job-1"}), 0));
  ASSERT_TRUE(running.says("job job-1 cancelled"));
  EXPECT_TRUE(ended_with(running.wait(), 3));
}

TEST(answer, a_job_that_nobody_works_on_is_cancelled_at_once) {
  const auto at = desk{"job: deaf\ntasks: [{name: work, agent: deaf}]\n"};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("work running"));
    running.send(SIGKILL);
    running.wait();
  }
  EXPECT_TRUE(ended_with(at.say({"cancel", "job-1"}), 0));
  EXPECT_EQ(at.shown()["state"], "cancelled");
  EXPECT_TRUE(ended_with(at.say({"resume", "job-1"}), 3));
}

TEST(answer, a_paused_job_ends_with_5_when_its_tasks_have_ended_and_is_resumed) {
  const auto at = desk{"job: two\n"
                       "inputs: {fifo: true}\n"
                       "tasks:\n"
                       "  - {name: first, agent: reads, inputs: {fifo: \"${inputs.fifo}\"}}\n"
                       "  - {name: second, agent: set, after: [first], inputs: {text: "
                       "\"${first.text}\"}}\n"};
  const auto fifo = at.room / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  auto words = at.run_words();
  words.insert(words.end(), {"-i", "fifo=" + fifo});
  auto running = process{words};
  ASSERT_TRUE(running.says("first running"));
  EXPECT_TRUE(ended_with(at.say({"pause", "job-1"}), 0));
  ASSERT_TRUE(running.says("job job-1 paused"));
  std::ofstream{fifo} << "hello\n";
  const auto end = running.wait();
  EXPECT_TRUE(ended_with(end, 5));
  EXPECT_EQ(end.out, "");
  EXPECT_TRUE(
    holds(end.err, "job job-1 is paused\n  go on: own_agents resume job-1 --store " + at.store()));
  EXPECT_EQ(at.shown()["tasks"][0]["state"], "completed");
  EXPECT_EQ(at.shown()["tasks"][1]["reason"], "the job is paused");
  // `run` finds it paused and leaves it so; `resume` goes on.
  EXPECT_TRUE(ended_with(run(words), 5));
  const auto resumed = at.say({"resume", "job-1"});
  EXPECT_TRUE(ended_with(resumed, 0));
  EXPECT_EQ(json::parse(resumed.out), (json{{"second", {{"text", "hello"}}}}));
}

TEST(answer, a_failed_job_is_retried_without_what_has_completed) {
  const auto at =
    desk{"job: repair\n"
         "inputs: {ledger: true, file: true}\n"
         "tasks:\n"
         "  - {name: one, agent: needs_file, inputs: {ledger: \"${inputs.ledger}\"}}\n"
         "  - {name: two, agent: needs_file, after: [one], inputs: {ledger: "
         "\"${inputs.ledger}\", file: \"${inputs.file}\"}}\n"
         "  - {name: three, agent: needs_file, after: [two], inputs: {ledger: "
         "\"${inputs.ledger}\"}}\n"};
  const auto ledger = at.room / "ledger";
  auto words = at.run_words();
  words.insert(words.end(), {"-i", "ledger=" + ledger, "-i", "file=" + (at.room / "file")});
  EXPECT_TRUE(ended_with(run(words), 1));
  EXPECT_EQ(content_of(ledger), "one\ntwo\n");
  at.room.write("file", "");
  EXPECT_TRUE(ended_with(at.say({"retry", "job-1"}), 0));
  EXPECT_EQ(content_of(ledger), "one\ntwo\n");
  EXPECT_EQ(at.shown()["state"], "running");
  EXPECT_TRUE(ended_with(at.say({"resume", "job-1"}), 0));
  EXPECT_EQ(content_of(ledger), "one\ntwo\ntwo\nthree\n");
  EXPECT_TRUE(ended_with(at.say({"retry", "job-1", "--from", "two"}), 0));
  EXPECT_TRUE(ended_with(at.say({"resume", "job-1"}), 0));
  EXPECT_EQ(content_of(ledger), "one\ntwo\ntwo\nthree\ntwo\nthree\n");
}

TEST(answer, a_retry_takes_a_new_file_for_what_has_not_completed) {
  const auto at = desk{"job: repair\n"
                       "inputs: {name: {type: string}}\n"
                       "tasks:\n"
                       "  - {name: one, agent: set, inputs: {name: \"${inputs.name}\"}}\n"
                       "  - {name: two, agent: throws, after: [one]}\n"};
  auto words = at.run_words();
  words.insert(words.end(), {"-i", "name=moon"});
  EXPECT_TRUE(ended_with(run(words), 1));
  const auto better = at.room.write(
    "better.yaml", "job: repair\n"
                   "inputs: {name: {type: string}, more: {type: integer}}\n"
                   "tasks:\n"
                   "  - {name: one, agent: set, inputs: {name: \"${inputs.name}\"}}\n"
                   "  - {name: two, agent: set, after: [one], inputs: {x: \"${one.name}\", n: "
                   "\"${inputs.more}\", who: \"${inputs.name}\"}}\n");
  EXPECT_TRUE(ended_with(at.say({"retry", "job-1", "--with", better, "-i", "more=2"}), 0));
  const auto end = at.say({"resume", "job-1"});
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(json::parse(end.out), (json{{"two", {{"x", "moon"}, {"n", 2}, {"who", "moon"}}}}));
  // The failed task that it replaced is shown as such, and counted nowhere.
  const auto counts = json{{"total", 2}, {"completed", 2}};
  EXPECT_EQ(valid(at.say({"jobs", "--json"}).out, "jobs")[0]["tasks"], counts);
  EXPECT_TRUE(holds(at.say({"jobs"}).out, " 2/2 "));
  EXPECT_TRUE(holds(at.say({"show", "job-1"}).out, "\n  2 tasks, 2 completed\n"));
  const auto tasks = at.shown()["tasks"];
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[1]["replaced"], true);
  const auto again = valid(run(own_command({"run", better, "--id", "job-1", "-i", "name=moon", "-i",
                                            "more=2", "--json", "--store", at.store()}))
                             .out,
                           "run");
  EXPECT_EQ(again["tasks"].size(), 2u);
  EXPECT_EQ(again["tasks"]["two"]["state"], "completed");
}

TEST(answer, the_counts_after_a_retry_from_a_task_leave_replaced_children_out) {
  const auto at = desk{"job: growing\ntasks: [{name: parent, agent: family}]\n"};
  EXPECT_TRUE(ended_with(run(at.run_words()), 0));
  const auto counts = json{{"total", 3}, {"completed", 3}};
  EXPECT_EQ(valid(at.say({"jobs", "--json"}).out, "jobs")[0]["tasks"], counts);
  for (auto i = 0; i < 2; ++i) {
    EXPECT_TRUE(ended_with(at.say({"retry", "job-1", "--from", "parent"}), 0));
    const auto end = at.say({"resume", "job-1", "--json"});
    EXPECT_TRUE(ended_with(end, 0));
    EXPECT_EQ(valid(end.out, "run")["tasks"].size(), 3u);
    EXPECT_EQ(valid(at.say({"jobs", "--json"}).out, "jobs")[0]["tasks"], counts);
  }
  EXPECT_EQ(at.shown()["tasks"].size(), 7u);
  const auto graph = valid(at.say({"graph", "job-1", "--format", "json"}).out, "graph");
  EXPECT_EQ(graph["nodes"].size(), 3u);
  EXPECT_TRUE(ended_with(at.say({"store", "check"}), 0));
}

TEST(answer, a_job_whose_parent_was_purged_is_shown) {
  const auto at = desk{"job: above\ntasks: [{name: t, agent: submits, inputs: {id: below}}]\n"};
  EXPECT_TRUE(ended_with(run(at.run_words()), 0));
  EXPECT_TRUE(ended_with(at.say({"resume", "below"}), 0));
  EXPECT_TRUE(holds(at.say({"show", "below"}).out, "submitted by job job-1"));
  EXPECT_TRUE(ended_with(at.say({"purge", "job-1"}), 0));
  const auto text = at.say({"show", "below"});
  EXPECT_TRUE(ended_with(text, 0));
  EXPECT_EQ(text.out.find("submitted by"), std::string::npos) << text.out;
  const auto shape = at.say({"show", "below", "--json"});
  EXPECT_TRUE(ended_with(shape, 0));
  EXPECT_FALSE(valid(shape.out, "show").contains("parent"));
}

TEST(answer, purged_jobs_are_gone_and_their_ids_free) {
  const auto at = desk{hello_file};
  EXPECT_TRUE(ended_with(run(at.run_words()), 0));
  EXPECT_TRUE(ended_with(at.say({"purge", "job-1"}), 0));
  EXPECT_TRUE(ended_with(at.say({"show", "job-1"}), 2));
  EXPECT_EQ(valid(at.say({"jobs", "--json"}).out, "jobs"), json::array());
  auto words = at.run_words();
  words.insert(words.end(), {"-i", "name=another"});
  EXPECT_TRUE(ended_with(run(words), 0));
  EXPECT_TRUE(ended_with(at.say({"store", "check"}), 0));
}

TEST(answer, many_jobs_are_purged_by_one_command) {
  const auto at = desk{hello_file};
  auto purge = std::vector<std::string>{"purge"};
  for (auto i = 0; i < 5; ++i) {
    purge.push_back("job-" + std::to_string(i));
    auto words = at.run_words();
    *std::ranges::find(words, "job-1") = purge.back();
    EXPECT_TRUE(ended_with(run(words), 0));
  }
  EXPECT_TRUE(ended_with(at.say(purge), 0));
  EXPECT_EQ(valid(at.say({"jobs", "--json"}).out, "jobs"), json::array());
  EXPECT_TRUE(ended_with(at.say({"store", "check"}), 0));
}

TEST(answer, an_event_for_another_job_is_applied_by_whoever_holds_the_store) {
  const auto at = desk{approval_file};
  {
    auto running = process{at.run_words()};
    ASSERT_TRUE(running.says("waits for signal"));
    running.send(SIGINT);
    running.wait();
  }
  const auto other = at.room.write("other.yaml", long_file);
  auto holder = process{own_command({"run", other, "--id", "other", "--store", at.store(), "-v"})};
  ASSERT_TRUE(holder.says("nap suspended"));
  EXPECT_TRUE(ended_with(at.say({"signal", "job-1", "approve", R"({"by": "Ann"})"}), 0));
  // Applied, and not run: the holder works on its own job.
  EXPECT_EQ(at.shown()["tasks"][0]["state"], "ready");
  const auto refused = at.say({"resume", "job-1"});
  EXPECT_TRUE(ended_with(refused, 4));
  EXPECT_TRUE(holds(refused.err, "(own_agents run)"));
  holder.send(SIGINT);
  EXPECT_TRUE(ended_with(holder.wait(), 130));
}

TEST(answer, a_deadline_of_the_job_ends_it_with_3) {
  const auto at = desk{"job: bounded\n"
                       "limits: {deadline: 300ms}\n"
                       "tasks: [{name: nap, agent: sleep, inputs: {duration: 1h}}]\n"};
  const auto end = run(at.run_words());
  EXPECT_TRUE(ended_with(end, 3));
  EXPECT_TRUE(holds(end.err, "job job-1 failed: its deadline has passed"));
  EXPECT_EQ(at.shown()["error"]["code"], "timeout");
}

} // namespace
