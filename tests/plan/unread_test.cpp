// A start that reads the active jobs in parts, while other things happen already.
#include <support/bare_planner.hpp>
#include <support/random_specs.hpp>

#include <algorithm>
#include <map>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

plan::agent_joined agent(const char* name, std::uint32_t slots) {
  return {.agent = name,
          .slots = slots,
          .retry = {.max_attempts = 3, .initial = 10ms},
          .timeout = {},
          .max_interruptions = 5};
}

/// The engine dies with jobs of three agents under way; the next planner reads one job at a
/// time, and others ask for jobs that it has not read.
class broken_start {
public:
  broken_start(std::uint64_t seed, bool in_parts) : roll_(seed), in_parts_(in_parts) {}

  void run() {
    join();
    for (auto i = 0; i < 12; ++i) {
      auto spec = some_job_spec(roll_, "job-" + std::to_string(i));
      p_.submit(spec);
      hear();
      // By chance some make no sense.
      if (std::ranges::none_of(p_.commands,
                               [](auto& x) { return std::holds_alternative<plan::refuse>(x); }))
        jobs_.push_back(spec.id);
    }
    for (auto i = roll_(12); i > 0; --i)
      act();
    held_.clear();
    p_.tasks_at_once = in_parts_ ? 1 : 100'000;
    p_.open();
    hear();
    parts_ = 0;
    for (auto joined = false; p_.real().has_unread(); joined = true) {
      if (!joined)
        join();
      if (in_parts_ && !roll_.once_in(3))
        act();
      ++parts_;
      apply(plan::load_due{});
    }
    if (parts_ == 0)
      join();
    for (auto turn = 0; turn < 2'000 && !done(); ++turn)
      act();
  }

  /// Parts after the first one.
  std::size_t parts() const {
    return parts_;
  }

  bool done() const {
    return std::ranges::all_of(jobs_, [&](auto& id) { return finished(p_.job(id).state); });
  }

private:
  const std::string& some_job() {
    return jobs_[roll_(static_cast<std::uint32_t>(jobs_.size()))];
  }

  void join() {
    for (const auto* name : {"a", "b", "c"})
      apply(agent(name, 2));
  }

  void apply(const plan::event& x) {
    p_.apply(x);
    hear();
  }

  /// No task is given out while it is in somebody's hands.
  void hear() {
    for (const auto& x : p_.assigned()) {
      auto task = std::pair{x.attempt.job, x.attempt.task};
      EXPECT_TRUE(held_.emplace(task, x.attempt).second)
        << "task " << task.second << " of job " << task.first << " is given out twice";
    }
  }

  void act() {
    const auto what = roll_(10);
    if (what == 0)
      return apply(plan::job_cancelled{some_job(), 0});
    if (what == 1)
      return apply(plan::job_resumed{some_job(), 0});
    if (held_.empty()) {
      if (auto due = p_.real().wake_at())
        p_.now = std::max(p_.now, *due);
      return apply(plan::time_passed{});
    }
    auto at = std::next(held_.begin(), roll_(static_cast<std::uint32_t>(held_.size())));
    auto attempt = at->second;
    held_.erase(at);
    if (roll_.once_in(8))
      p_.report(attempt, plan::failed{{"unavailable", "no"}, {}});
    else
      p_.report(attempt, plan::completed{text_payload("1")});
    hear();
  }

  bare_planner p_;
  dice roll_;
  std::vector<std::string> jobs_;
  bool in_parts_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, plan::attempt_id> held_;
  std::size_t parts_ = 0;
};

} // namespace

TEST(unread_jobs, all_jobs_end_whatever_happens_while_they_are_read) {
  auto parts = std::size_t{0};
  for (auto seed = std::uint64_t{1}; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto start = broken_start{seed, true};
    start.run();
    EXPECT_TRUE(start.done());
    parts += start.parts();
    if (testing::Test::HasFailure())
      return;
  }
  EXPECT_GT(parts, 60u) << "the starts read all jobs at once";
}

TEST(unread_jobs, a_start_reads_as_much_as_it_was_told_and_the_rest_when_it_is_asked) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = 1, .retry = {}, .timeout = {}});
  for (auto i = 0; i < 5; ++i)
    p.submit(job_of("job-" + std::to_string(i), std::vector(3, plan::task_spec{.agent = "a"})));
  p.tasks_at_once = 6;
  p.open();
  EXPECT_EQ(p.real().jobs_in_memory(), 2u);
  ASSERT_TRUE(p.real().has_unread());
  // An event that names a job reads it at once, and not again later.
  p.apply(plan::job_paused{"job-4", 0});
  EXPECT_EQ(p.real().jobs_in_memory(), 3u);
  p.apply(plan::load_due{});
  EXPECT_EQ(p.real().jobs_in_memory(), 5u);
  EXPECT_TRUE(p.real().has_unread()) << "whether the last one still needs it is not known yet";
  p.apply(plan::load_due{});
  EXPECT_FALSE(p.real().has_unread());
  EXPECT_EQ(p.real().jobs_in_memory(), 5u);
  p.apply(plan::agent_joined{.agent = "a", .slots = 100, .retry = {}, .timeout = {}});
  EXPECT_EQ(p.assigned().size(), 12u) << "all but the paused one's";
}

} // namespace dagger::test
