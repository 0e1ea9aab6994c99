// Examples that wait for somebody, answered by a second process.
#include "programs.hpp"

#include <csignal>

namespace {

using examples::json;
using examples::outputs_of;
using examples::program;

/// One program with one job in a store of its own.
class stage {
public:
  stage(std::string name, std::string id) : name_(std::move(name)), id_(std::move(id)) {}

  /// `NAME run FILE -v ...`
  std::vector<std::string> run(const std::vector<std::string>& more = {}) const {
    auto words = std::vector<std::string>{
      program(name_), "run",     examples::file(name_ + "/" + name_ + ".yaml"),
      "-v",           "--store", place_ / "s",
      "--id",         id_};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  /// `NAME COMMAND ID ...`, as another process.
  support::ended say(const std::string& command, const std::vector<std::string>& more = {}) const {
    auto words = std::vector<std::string>{program(name_), command, id_};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--store", place_ / "s"});
    return support::run(words);
  }

private:
  support::folder place_;
  std::string name_;
  std::string id_;
};

testing::AssertionResult done(const support::ended& end) {
  if (end.code == 0)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "exit " << end.code << ": " << end.err;
}

TEST(approval, a_person_answers_from_another_terminal_while_the_job_runs) {
  const auto trip = stage{"approval", "trip"};
  auto running = support::process{trip.run({"-i", "amount=1200"})};
  ASSERT_TRUE(running.says("ask suspended"));
  EXPECT_TRUE(done(trip.say("signal", {"approve", R"({"ok": true, "by": "ada"})"})));
  EXPECT_EQ(outputs_of(running.wait()), (json{{"paid", 1200}, {"why", "approved by ada"}}));
}

TEST(approval, a_refusal_is_an_answer) {
  const auto trip = stage{"approval", "trip"};
  auto running = support::process{trip.run({"-i", "amount=1200"})};
  ASSERT_TRUE(running.says("ask suspended"));
  EXPECT_TRUE(done(trip.say("signal", {"approve", R"({"ok": false})"})));
  EXPECT_EQ(outputs_of(running.wait()), (json{{"paid", 0}, {"why", "refused by somebody"}}));
}

TEST(approval, what_is_no_answer_is_refused_and_the_task_waits_on) {
  const auto trip = stage{"approval", "trip"};
  auto running = support::process{trip.run({"-i", "amount=7"})};
  ASSERT_TRUE(running.says("ask suspended"));
  EXPECT_EQ(trip.say("signal", {"approve", R"({"ok": "perhaps"})"}).code, 2);
  EXPECT_EQ(trip.say("signal", {"aprove", R"({"ok": true})"}).code, 2);
  EXPECT_TRUE(done(trip.say("signal", {"approve", R"({"ok": true, "by": "bob"})"})));
  EXPECT_EQ(outputs_of(running.wait()), (json{{"paid", 7}, {"why", "approved by bob"}}));
}

TEST(approval, without_an_answer_the_deadline_gives_one) {
  const auto trip = stage{"approval", "trip"};
  const auto end = support::run(trip.run({"-i", "amount=7", "-i", "patience_ms=50"}));
  EXPECT_EQ(outputs_of(end), (json{{"paid", 0}, {"why", "refused by the deadline"}}));
}

TEST(approval, the_wait_outlives_the_process_and_so_does_the_answer) {
  const auto trip = stage{"approval", "trip"};
  const auto words = trip.run({"-i", "amount=3"});
  {
    auto running = support::process{words};
    ASSERT_TRUE(running.says("ask suspended"));
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().signal, SIGKILL);
  }
  EXPECT_TRUE(done(trip.say("signal", {"approve", R"({"ok": true, "by": "cy"})"})));
  EXPECT_EQ(outputs_of(support::run(words)), (json{{"paid", 3}, {"why", "approved by cy"}}));
}

TEST(review, a_rejected_draft_is_written_again_until_it_is_accepted) {
  const auto offer = stage{"review", "offer"};
  auto running = support::process{offer.run()};
  ASSERT_TRUE(running.says("letter suspended"));
  EXPECT_EQ(offer.say("accept", {"post"}).code, 2);
  EXPECT_TRUE(done(offer.say("reject", {"letter", "what about the price?"})));
  ASSERT_TRUE(running.says("letter suspended", 2));
  EXPECT_TRUE(done(offer.say("reject", {"letter", "and the warranty?"})));
  ASSERT_TRUE(running.says("letter suspended", 3));
  EXPECT_TRUE(done(offer.say("accept", {"letter"})));
  EXPECT_EQ(outputs_of(running.wait()),
            (json{{"sent", "Dear Ms Hopper, Our machine counts everything. It costs 400. If it "
                           "breaks within five years, we repair it."},
                  {"drafts", 3}}));
}

TEST(review, a_final_rejection_fails_the_job) {
  const auto offer = stage{"review", "offer"};
  auto running = support::process{offer.run()};
  ASSERT_TRUE(running.says("letter suspended"));
  EXPECT_TRUE(done(offer.say("reject", {"letter", "we buy nothing", "--final"})));
  const auto end = running.wait();
  EXPECT_EQ(end.code, 1);
  EXPECT_NE(end.err.find("rejected: we buy nothing"), std::string::npos) << end.err;
}

} // namespace
