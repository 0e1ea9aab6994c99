// Bounds that are too large for histories.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

#include <plan/symbols.hpp>

namespace dagger::test {

namespace {

std::string refused_as(const bare_planner& p) {
  for (const auto& c : p.commands)
    if (const auto* no = std::get_if<plan::refuse>(&c))
      return no->why.code;
  return {};
}

} // namespace

TEST(bounds, signals_that_nobody_waits_for_are_refused_when_there_are_too_many) {
  auto p = bare_planner{};
  p.keeps = false;
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("x", "a")}));
  const auto signal = plan::signal_received{"j", "go", text_payload("1"), true, 1};
  for (auto i = std::size_t{0}; i < limits::signals_per_job; ++i) {
    p.apply(signal);
    ASSERT_EQ(refused_as(p), "") << i;
  }
  p.apply(signal);
  EXPECT_EQ(refused_as(p), code::limit);
  // One is taken: there is room for another.
  auto wait = plan::suspended{};
  wait.any_of = {condition::signal("go")};
  p.report({1, 0, 1, 1}, wait);
  ASSERT_EQ(p.assigned().size(), 1u);
  EXPECT_TRUE(p.assigned().front().cause.signalled);
  p.apply(signal);
  EXPECT_EQ(refused_as(p), "");
  p.open();
  p.apply(signal);
  EXPECT_EQ(refused_as(p), code::limit) << "another engine counts the same";
}

TEST(bounds, signals_that_nobody_waits_for_are_refused_when_they_hold_too_much) {
  auto p = bare_planner{};
  p.keeps = false;
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j", {task_of("x", "a")}));
  const auto large = text_payload('"' + std::string(limits::signal_bytes - 2, 'x') + '"');
  const auto signal = plan::signal_received{"j", "go", large, true, 1};
  for (auto i = std::size_t{0}; i < limits::queued_signal_bytes / limits::signal_bytes; ++i) {
    p.apply(signal);
    ASSERT_EQ(refused_as(p), "") << i;
  }
  const auto small = plan::signal_received{"j", "go", text_payload("1"), true, 1};
  p.apply(small);
  EXPECT_EQ(refused_as(p), code::limit);
  p.open();
  p.apply(small);
  EXPECT_EQ(refused_as(p), code::limit) << "another engine counts the same";
  // One is taken: there is room for another.
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  ASSERT_EQ(p.assigned().size(), 1u);
  auto wait = plan::suspended{};
  wait.any_of = {condition::signal("go")};
  p.report(p.assigned().front().attempt, wait);
  p.apply(signal);
  EXPECT_EQ(refused_as(p), "");
  p.apply(small);
  EXPECT_EQ(refused_as(p), code::limit);
}

TEST(bounds, jobs_submit_jobs_only_so_deep) {
  auto p = bare_planner{};
  p.keeps = false;
  p.apply(plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}});
  p.submit(job_of("j0", {task_of("x", "a")}));
  const auto submits_another = [&](std::uint64_t number) {
    auto r = plan::report{};
    r.attempt = {number, 0, 1, 1};
    r.jobs = {job_to_submit("j" + std::to_string(number), on_parent_end::leave)};
    r.outcome = done();
    p.apply(plan::tasks_reported{{r}});
  };
  for (auto number = std::uint64_t{1}; number <= limits::job_depth; ++number) {
    submits_another(number);
    ASSERT_EQ(p.tasks("j" + std::to_string(number - 1)).front().state, task_state::completed);
  }
  submits_another(limits::job_depth + 1);
  const auto last = p.tasks("j" + std::to_string(limits::job_depth)).front();
  EXPECT_EQ(last.state, task_state::failed);
  ASSERT_TRUE(last.error.has_value());
  EXPECT_EQ(last.error->code, code::limit);
}

} // namespace dagger::test
