// What the planner keeps in memory and what it writes, in figures.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

#include <iostream>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

plan::task_spec step(std::string name, std::vector<task_ref> after = {}) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = "a";
  t.after = std::move(after);
  t.input = text_payload(std::string(64, '7'));
  return t;
}

/// Submits `n` jobs of one task that waits until `until(i)`.
void suspend_many(bare_planner& p, std::size_t n,
                  const std::function<timestamp(std::size_t)>& until) {
  p.keeps = false;
  p.apply(plan::agent_joined{.agent = "a", .slots = 4, .retry = {}, .timeout = {}});
  for (auto i = std::size_t{0}; i < n; ++i) {
    p.submit(job_of("job" + std::to_string(i), {step("x")}));
    ASSERT_EQ(p.assigned().size(), 1u);
    auto wait = plan::suspended{};
    wait.any_of = {condition::time(until(i))};
    p.report(p.assigned().front().attempt, wait);
  }
}

} // namespace

TEST(memory, a_hundred_thousand_waiting_jobs_are_rows_only) {
  auto p = bare_planner{};
  suspend_many(p, 100'000, [&](std::size_t i) { return p.now + 1h + std::chrono::seconds{i}; });
  EXPECT_EQ(p.real().jobs_in_memory(), 0u);
  EXPECT_EQ(p.real().wake_at(), p.now + 1h);
  p.open();
  EXPECT_EQ(p.real().jobs_in_memory(), 0u);
  EXPECT_EQ(p.real().wake_at(), p.now + 1h);
}

TEST(memory, timers_beyond_those_in_memory_fire_in_order) {
  constexpr auto n = std::size_t{5'000};
  for (auto reopened : {false, true}) {
    auto p = bare_planner{};
    // 7,919 and 5,000 have no common factor: every second of the 5,000, in no order.
    suspend_many(p, n,
                 [&](std::size_t i) { return p.now + 1h + std::chrono::seconds{i * 7'919 % n}; });
    if (reopened) {
      p.open();
      p.apply(plan::agent_joined{.agent = "a", .slots = 4, .retry = {}, .timeout = {}});
    }
    const auto start = p.now + 1h;
    for (auto i = std::size_t{0}; i < n; ++i) {
      const auto when = p.real().wake_at();
      ASSERT_EQ(when, start + std::chrono::seconds{i}) << "timer " << i;
      p.pass_to(*when);
      ASSERT_EQ(p.assigned().size(), 1u);
      const auto woken = p.assigned().front();
      EXPECT_EQ((woken.attempt.job - 1) * 7'919 % n, i);
      EXPECT_EQ(woken.attempt.visit, 2u);
      p.report(woken.attempt, plan::completed{text_payload("1")});
    }
    EXPECT_EQ(p.real().wake_at(), std::nullopt);
    EXPECT_EQ(p.real().jobs_in_memory(), 0u);
  }
}

TEST(memory, many_timers_that_passed_while_nobody_looked_all_fire) {
  constexpr auto n = std::size_t{3'000};
  auto p = bare_planner{};
  suspend_many(p, n, [&](std::size_t i) { return p.now + std::chrono::seconds{1 + i}; });
  p.now += 2h;
  auto woken = std::vector<plan::assignment>{};
  const auto collect = [&] {
    for (auto& a : p.assigned())
      woken.push_back(std::move(a));
  };
  while (p.real().wake_at() && *p.real().wake_at() <= p.now) {
    p.pass_to(p.now);
    collect();
  }
  EXPECT_EQ(woken.size(), 4u) << "as many as there are slots";
  for (auto i = std::size_t{0}; i < woken.size(); ++i) {
    p.report(woken[i].attempt, plan::completed{text_payload("1")});
    collect();
  }
  EXPECT_EQ(woken.size(), n);
  EXPECT_EQ(p.real().wake_at(), std::nullopt);
  EXPECT_EQ(p.real().jobs_in_memory(), 0u);
}

TEST(memory, a_step_costs_at_most_six_rows_and_a_kilobyte) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 1, .retry = {}, .timeout = {}});
  constexpr auto jobs = 100;
  for (auto i = 0; i < jobs; ++i) {
    p.submit(job_of("job-number-" + std::to_string(i),
                    {step("first"), step("second", {"first"}), step("third", {"second"})}));
    for (auto n = 0; n < 3; ++n) {
      ASSERT_EQ(p.assigned().size(), 1u);
      p.report(p.assigned().front().attempt, plan::completed{text_payload(std::string(64, '8'))});
    }
  }
  auto rows = std::size_t{0};
  auto bytes = std::size_t{0};
  for (const auto& b : p.batches) {
    rows += b.size();
    bytes += b.bytes() + b.size() * store::header_bytes;
  }
  const auto per_step = [](std::size_t x) { return static_cast<double>(x) / (3.0 * jobs); };
  std::cout << per_step(rows) << " rows and " << per_step(bytes) << " bytes per step\n";
  EXPECT_LE(per_step(rows), 6.0);
  EXPECT_LE(per_step(bytes), 1'000.0);
}

TEST(memory, a_large_job_writes_with_each_report_only_what_changed) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 1, .retry = {}, .timeout = {}});
  auto tasks = std::vector<plan::task_spec>{};
  for (auto i = 0; i < 5'000; ++i)
    tasks.push_back(step("t" + std::to_string(i)));
  p.submit(job_of("large", tasks));
  for (auto n = 0; n < 100; ++n) {
    p.report(p.assigned().front().attempt, plan::completed{text_payload("1")});
    EXPECT_LE(p.batches.back().size(), 4u) << "two tasks, the job, the event";
    EXPECT_LE(p.batches.back().bytes(), 1'000u);
  }
}

} // namespace dagger::test
