// What the planner once did wrong, a test each.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

plan::task_spec task_of(std::string name) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = "a";
  return t;
}

} // namespace

TEST(regression, an_attempt_that_was_given_back_leaves_no_time_out_behind) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = 100ms});
  p.submit(job_of("j", {task_of("x")}));
  p.now += 60ms;
  p.report({1, 0, 1, 1}, plan::given_back{});
  ASSERT_EQ(p.assigned().size(), 1u);
  EXPECT_EQ(p.assigned().front().attempt, (plan::attempt_id{1, 0, 1, 1})) << "it was not counted";
  EXPECT_EQ(p.real().wake_at(), p.now + 100ms);
  p.pass_to(p.now + 40ms);
  EXPECT_TRUE(p.commands.empty());
  EXPECT_EQ(p.tasks("j").front().state, task_state::running);
}

TEST(regression, slots_of_a_lost_agent_are_nobodys) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("x")}));
  p.apply(plan::agent_lost{"a"});
  p.apply(plan::slots_changed{"a", 1});
  EXPECT_TRUE(p.commands.empty());
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  EXPECT_EQ(p.assigned().size(), 1u);
}

TEST(regression, only_the_clock_says_that_a_time_has_come) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 3, .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("waits"), task_of("x"), task_of("y")}));
  auto wait = plan::suspended{};
  wait.any_of = {condition::all({"x", "y"}), condition::time(20ms)};
  p.report({1, 0, 1, 1}, wait);
  p.now += 25ms;
  p.report({1, 1, 1, 1}, plan::completed{text_payload("1")});
  EXPECT_EQ(p.tasks("j").front().state, task_state::suspended);
  p.pass_to(p.now);
  EXPECT_EQ(p.tasks("j").front().visit, 2u);
}

TEST(regression, a_deadline_that_passed_before_a_condition_counts_even_if_both_are_seen_late) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("x")}));
  auto wait = plan::suspended{};
  wait.any_of = {condition::time(20ms)};
  wait.deadline = 10ms;
  p.report({1, 0, 1, 1}, wait);
  p.pass_to(p.now + 1h);
  const auto x = p.tasks("j").front();
  EXPECT_EQ(x.state, task_state::failed);
  ASSERT_TRUE(x.error.has_value());
  EXPECT_EQ(x.error->code, "timeout");
}

TEST(regression, users_see_when_a_wait_or_pause_ends_and_nothing_when_it_has) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = {.max_attempts = 2}, .timeout = {}});
  p.submit(job_of("j", {task_of("x")}));
  p.report({1, 0, 1, 1}, plan::failed{{.code = "exception", .message = ""}, {}});
  EXPECT_EQ(p.tasks("j").front().due, p.now + 1s);
  p.pass_to(p.now + 1s);
  EXPECT_EQ(p.tasks("j").front().due, std::nullopt);
  auto wait = plan::suspended{};
  wait.any_of = {condition::time(2s)};
  wait.deadline = 1h;
  p.report({1, 0, 1, 2}, wait);
  EXPECT_EQ(p.tasks("j").front().due, p.now + 2s);
}

TEST(regression, a_refused_submit_does_not_take_a_job_up) {
  auto disk_of = bare_planner{};
  disk_of.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  disk_of.submit(job_of("j", {task_of("x")}));
  auto disk = disk_of.store->read();
  auto first = plan::effects{};
  auto p = plan::planner::restore(*disk, plan::scope::named, disk_of.now, first);
  ASSERT_TRUE(p.has_value());
  (void)p->apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}}, *disk, disk_of.now);
  auto other = job_of("j", {task_of("y")});
  auto hash = plan::hash_of(other);
  const auto refused =
    p->apply(plan::job_submitted{std::make_shared<const plan::job_spec>(other), hash, 1}, *disk,
             disk_of.now);
  EXPECT_TRUE(refused.writes.empty());
  ASSERT_EQ(refused.commands.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<plan::refuse>(refused.commands[0]));
}

TEST(regression, who_resumes_a_job_that_ends_by_being_taken_up_is_answered) {
  auto dead = bare_planner{};
  dead.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  auto once = task_of("x");
  once.at_most_once = true;
  dead.submit(job_of("j", {once}));
  auto disk = dead.store->read();
  auto first = plan::effects{};
  auto p = plan::planner::restore(*disk, plan::scope::named, dead.now, first);
  ASSERT_TRUE(p.has_value());
  const auto resumed = p->apply(plan::job_resumed{"j", 7}, *disk, dead.now);
  ASSERT_EQ(resumed.commands.size(), 2u);
  const auto* answer = std::get_if<plan::answer>(&resumed.commands[1]);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->client, 7u);
  EXPECT_EQ(answer->state, job_state::failed);
}

TEST(regression, who_expects_a_task_may_mean_one_by_the_name_that_is_made_for_it) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 2, .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("waits"), task_of("adds")}));
  auto wait = plan::suspended{};
  wait.any_of = {condition::of_expected({"a-2"})};
  p.report({1, 0, 1, 1}, wait);
  auto adds = plan::report{};
  adds.attempt = {1, 1, 1, 1};
  adds.added = {task_of("")};
  adds.outcome = plan::completed{text_payload("1")};
  p.apply(plan::tasks_reported{{adds}});
  ASSERT_EQ(p.tasks("j").size(), 3u);
  EXPECT_EQ(p.tasks("j")[2].name, "a-2");
  EXPECT_EQ(p.tasks("j")[0].waited, std::vector<std::uint32_t>{2});
  ASSERT_EQ(p.assigned().size(), 1u);
  p.report(p.assigned().front().attempt, plan::completed{text_payload("2")});
  EXPECT_EQ(p.tasks("j")[0].state, task_state::running);
  EXPECT_EQ(p.tasks("j")[0].visit, 2u);
}

TEST(regression, a_task_that_expects_the_one_it_adds_by_its_made_name_waits_for_it) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("x")}));
  auto both = plan::report{};
  both.attempt = {1, 0, 1, 1};
  both.added = {task_of("")};
  auto wait = plan::suspended{};
  wait.any_of = {condition::of_expected({"a-1"})};
  both.outcome = wait;
  p.apply(plan::tasks_reported{{both}});
  EXPECT_EQ(p.tasks("j")[0].state, task_state::suspended);
  EXPECT_EQ(p.tasks("j")[0].waited, std::vector<std::uint32_t>{1});
  ASSERT_EQ(p.assigned().size(), 1u);
  p.report(p.assigned().front().attempt, plan::completed{text_payload("2")});
  EXPECT_EQ(p.tasks("j")[0].visit, 2u);
}

TEST(regression, a_task_that_closes_a_cycle_under_its_made_name_is_refused) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 2, .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("waits"), task_of("adds")}));
  auto wait = plan::suspended{};
  wait.any_of = {condition::of_expected({"a-2"})};
  p.report({1, 0, 1, 1}, wait);
  auto adds = plan::report{};
  adds.attempt = {1, 1, 1, 1};
  adds.added = {task_of("")};
  adds.added.front().after = {task_ref{"waits"}};
  adds.outcome = plan::completed{text_payload("1")};
  p.apply(plan::tasks_reported{{adds}});
  ASSERT_TRUE(p.tasks("j")[1].error);
  EXPECT_EQ(p.tasks("j")[1].error->code, code::wait_cycle);
}

namespace {

/// A job of which `waits` misses a name and `drafts` is in review; all on disk.
void leave_a_review(bare_planner& p, stall_action action) {
  p.apply(plan::agent_joined{.agent = "a", .slots = 2, .retry = {}, .timeout = {}});
  auto spec = job_of("j", {task_of("waits"), task_of("drafts")});
  spec.stall_action = action;
  p.submit(spec);
  p.report({1, 1, 1, 1}, plan::in_review{.output = text_payload("1")});
  auto wait = plan::suspended{};
  wait.any_of = {condition::of_expected({"figures"})};
  p.report({1, 0, 1, 1}, wait);
  ASSERT_EQ(p.tasks("j")[0].state, task_state::suspended);
}

/// Another engine, which does not work on that job, accepts the draft; then nothing is left that
/// could go on.
plan::planner accepted_by_another(bare_planner& p) {
  auto disk = p.store->read();
  auto first = plan::effects{};
  auto other = plan::planner::restore(*disk, plan::scope::named, p.now, first);
  EXPECT_TRUE(other.has_value());
  auto done = other->apply(plan::review_decided{.job = "j", .task = "drafts", .accepted = true},
                           *disk, p.now);
  disk.reset();
  const auto* one = &done.writes;
  EXPECT_TRUE(p.store->commit({&one, 1}).has_value());
  other->confirm();
  EXPECT_EQ(p.tasks("j")[0].state, task_state::suspended);
  EXPECT_EQ(p.job("j").state, job_state::running);
  return std::move(*other);
}

std::size_t rows_of_active(const store::store& s) {
  auto rows = std::size_t{0};
  EXPECT_TRUE(s.read()->scan(store::table::active, {}, store::direction::up, [&](auto, auto&) {
    ++rows;
    return true;
  }));
  return rows;
}

} // namespace

TEST(regression, a_job_that_stalled_while_nobody_worked_on_it_is_looked_at_by_the_next_engine) {
  auto p = bare_planner{};
  leave_a_review(p, stall_action::fail_wait);
  accepted_by_another(p);
  EXPECT_EQ(rows_of_active(*p.store), 1u);
  p.open();
  EXPECT_EQ(p.job("j").state, job_state::failed);
  EXPECT_EQ(p.tasks("j")[0].error->code, code::wait_unmet);
  EXPECT_EQ(rows_of_active(*p.store), 0u);
}

TEST(regression, a_job_that_stalled_while_nobody_worked_on_it_is_looked_at_when_it_is_resumed) {
  auto p = bare_planner{};
  leave_a_review(p, stall_action::fail_wait);
  auto other = accepted_by_another(p);
  auto disk = p.store->read();
  auto resumed = other.apply(plan::job_resumed{"j", 7}, *disk, p.now);
  const auto* one = &resumed.writes;
  EXPECT_TRUE(p.store->commit({&one, 1}).has_value());
  EXPECT_EQ(p.job("j").state, job_state::failed);
  EXPECT_EQ(p.tasks("j")[0].error->code, code::wait_unmet);
  EXPECT_EQ(rows_of_active(*p.store), 0u);
}

TEST(regression, a_stall_that_nobody_has_seen_is_told_once) {
  auto p = bare_planner{};
  leave_a_review(p, stall_action::callback);
  accepted_by_another(p);
  p.open();
  ASSERT_EQ(p.commands.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<plan::stalled>(p.commands.front()));
  EXPECT_TRUE(p.job("j").stalled);
  EXPECT_EQ(rows_of_active(*p.store), 0u);
  p.open();
  EXPECT_TRUE(p.commands.empty());
}

TEST(regression, a_retried_task_does_not_wait_for_what_comes_after_it) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 3, .retry = {}, .timeout = {}});
  auto late = task_of("late");
  late.after = {"gate"};
  p.submit(job_of("j", {task_of("parent"), task_of("gate"), late, task_of("early")}));
  auto wait = plan::suspended{};
  wait.any_of = {condition::any({"late", "early"})};
  p.report({1, 0, 1, 1}, wait);
  p.report({1, 3, 1, 1}, plan::completed{text_payload("1")});
  auto r = plan::report{};
  r.attempt = {1, 0, 2, 1};
  r.dependencies = {{"late", "parent"}};
  r.outcome = plan::completed{text_payload("1")};
  p.apply(plan::tasks_reported{{r}});
  p.report({1, 1, 1, 1}, plan::completed{text_payload("1")});
  p.report({1, 2, 1, 1}, plan::completed{text_payload("1")});
  ASSERT_EQ(p.job("j").state, job_state::completed);
  p.apply(plan::job_retried{.id = "j", .from = "late", .client = 1});
  ASSERT_EQ(p.assigned().size(), 1u) << "both wait for each other";
  EXPECT_EQ(p.assigned().front().task_name, "parent");
  p.open(); // the same is read back
  p.apply(plan::agent_joined{.agent = "a", .slots = 3, .retry = {}, .timeout = {}});
  ASSERT_EQ(p.assigned().size(), 1u);
  p.report(p.assigned().front().attempt, plan::completed{text_payload("2")});
  ASSERT_EQ(p.assigned().size(), 1u);
  EXPECT_EQ(p.assigned().front().task_name, "late");
  p.report(p.assigned().front().attempt, plan::completed{text_payload("2")});
  EXPECT_EQ(p.job("j").state, job_state::completed);
}

} // namespace dagger::test
