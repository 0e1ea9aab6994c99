// The rows of purged jobs go little by little, each once.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

#include <set>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

constexpr auto jobs = 10;
constexpr auto tasks_of_a_job = std::size_t{5'000};

/// Ends jobs that have more rows than one sweep erases.
void end_large_jobs(bare_planner& p) {
  p.apply(plan::agent_joined{.agent = "a", .slots = 4'096, .retry = {}, .timeout = {}});
  auto t = plan::task_spec{};
  t.agent = "a";
  for (auto n = 0; n < jobs; ++n) {
    p.submit(job_of("j" + std::to_string(n), std::vector(tasks_of_a_job, t)));
    while (!p.assigned().empty()) {
      auto reports = plan::tasks_reported{};
      for (const auto& given : p.assigned())
        reports.reports.push_back({given.attempt, plan::skipped{}, {}, {}, {}, {}});
      p.apply(reports);
    }
    EXPECT_EQ(p.job("j" + std::to_string(n)).state, job_state::completed);
  }
}

std::size_t asked_for(const std::vector<plan::command>& commands) {
  return static_cast<std::size_t>(std::ranges::count_if(
    commands, [](const auto& c) { return std::holds_alternative<plan::sweep>(c); }));
}

/// Obeys `sweep` as a busy engine does: all that have been asked for see the same disk.
struct sweeping_engine {
  plan::planner& planner;
  store::store& store;
  timestamp now;
  std::size_t asked = 0;
  std::multiset<std::string> erased = {};
  std::size_t sweeps = 0;

  void apply(const std::vector<plan::event>& events) {
    auto disk = store.read();
    auto batches = std::vector<store::batch>{};
    auto more = std::size_t{0};
    for (const auto& x : events) {
      auto effects = planner.apply(x, *disk, now);
      more += asked_for(effects.commands);
      if (!effects.writes.empty())
        batches.push_back(std::move(effects.writes));
    }
    for (const auto& b : batches) {
      for (auto i = std::size_t{0}; i < b.size(); ++i)
        if (b[i].verb == store::batch::verb::erase)
          erased.insert(std::string{name_of(b[i].table)}.append(b[i].key));
      const auto* one = &b;
      ASSERT_TRUE(store.commit({&one, 1}));
    }
    planner.confirm(batches.size());
    asked += more;
  }

  void run() {
    while (asked > 0) {
      sweeps += asked;
      apply(std::vector<plan::event>(std::exchange(asked, 0), plan::sweep_due{}));
    }
  }
};

/// Nothing of a job is left, and nothing was erased twice.
void expect_each_once(const sweeping_engine& e) {
  for (auto t : {store::table::jobs, store::table::definitions, store::table::specs,
                 store::table::tasks, store::table::log, store::table::doomed}) {
    auto left = 0;
    auto disk = e.store.read();
    EXPECT_TRUE(disk->scan(t, {}, store::direction::up, [&](auto, const auto&) {
      ++left;
      return true;
    }));
    EXPECT_EQ(left, 0) << name_of(t);
  }
  for (auto i = e.erased.begin(); i != e.erased.end(); i = e.erased.upper_bound(*i))
    ASSERT_EQ(e.erased.count(*i), 1u) << "a row is erased more than once";
  EXPECT_GT(e.erased.size(), jobs * tasks_of_a_job);
  EXPECT_LE(e.sweeps, 2 * jobs + 1u) << e.erased.size() << " rows";
}

} // namespace

TEST(sweeps, of_many_jobs_that_are_purged_at_once_erase_each_row_once) {
  auto p = bare_planner{};
  p.keeps = false;
  end_large_jobs(p);
  auto e = sweeping_engine{p.real(), *p.store, p.now};
  auto purges = std::vector<plan::event>{};
  for (auto n = 0; n < jobs; ++n)
    purges.emplace_back(plan::job_purged{"j" + std::to_string(n), 0});
  e.apply(purges);
  EXPECT_EQ(e.asked, 1u);
  e.run();
  expect_each_once(e);
}

TEST(sweeps, of_jobs_that_are_old_erase_each_row_once) {
  auto p = bare_planner{};
  p.keeps = false;
  end_large_jobs(p);
  auto later = p.now + 1h;
  auto first = plan::effects{};
  auto disk = p.store->read();
  auto next =
    plan::planner::restore(*disk, {plan::scope::every_job, duration{30min}}, later, first);
  disk.reset();
  ASSERT_TRUE(next);
  EXPECT_TRUE(first.writes.empty());
  auto e = sweeping_engine{*next, *p.store, later};
  while (next->wake_at() && *next->wake_at() <= later)
    e.apply({plan::time_passed{}});
  EXPECT_EQ(e.asked, 1u);
  e.run();
  expect_each_once(e);
}

} // namespace dagger::test
