// Pauses between attempts, seen through what users see: when the planner wants to be woken.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

struct seen {
  std::vector<std::chrono::milliseconds> pauses;
  task_state end = task_state::waiting;
};

/// Fails every attempt of one task and notes the pauses.
seen pauses_of(const retry_policy& policy, const failure& why, const std::string& id = "j") {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .retry = policy, .timeout = {}});
  auto t = plan::task_spec{};
  t.agent = "a";
  p.submit(job_of(id, {t}));
  auto found = seen{};
  while (!p.assigned().empty()) {
    p.report(p.assigned().front().attempt, plan::failed{why, {}});
    const auto status = p.tasks(id).front();
    if (status.state == task_state::backoff) {
      const auto when = p.real().wake_at();
      EXPECT_TRUE(when.has_value());
      EXPECT_EQ(status.due, when);
      found.pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(*when - p.now));
      p.pass_to(*when);
    }
  }
  found.end = p.tasks(id).front().state;
  return found;
}

using pauses = std::vector<std::chrono::milliseconds>;

failure unavailable() {
  return {.code = "unavailable", .message = "try later"};
}

} // namespace

TEST(retry, a_fixed_pause_stays_the_same) {
  const auto found =
    pauses_of({.max_attempts = 4, .initial = 250ms, .backoff = backoff::fixed}, unavailable());
  EXPECT_EQ(found.pauses, (pauses{250ms, 250ms, 250ms}));
  EXPECT_EQ(found.end, task_state::failed);
}

TEST(retry, a_linear_pause_grows_by_its_first) {
  const auto found =
    pauses_of({.max_attempts = 5, .initial = 100ms, .backoff = backoff::linear}, unavailable());
  EXPECT_EQ(found.pauses, (pauses{100ms, 200ms, 300ms, 400ms}));
}

TEST(retry, an_exponential_pause_is_multiplied) {
  const auto found =
    pauses_of({.max_attempts = 5, .initial = 100ms, .multiplier = 3}, unavailable());
  EXPECT_EQ(found.pauses, (pauses{100ms, 300ms, 900ms, 2'700ms}));
}

TEST(retry, no_pause_is_longer_than_max) {
  EXPECT_EQ(pauses_of({.max_attempts = 6, .initial = 100ms, .max = 350ms}, unavailable()).pauses,
            (pauses{100ms, 200ms, 350ms, 350ms, 350ms}));
  // Far beyond what a double holds exactly, or at all.
  const auto many =
    pauses_of({.max_attempts = 1'200, .initial = 1s, .multiplier = 10, .max = 1h}, unavailable());
  ASSERT_EQ(many.pauses.size(), 1'199u);
  EXPECT_EQ(many.pauses.back(), 1h);
}

TEST(retry, a_pause_is_at_least_what_the_failure_asks_for) {
  auto why = unavailable();
  why.retry_after = 500ms;
  EXPECT_EQ(pauses_of({.max_attempts = 5, .initial = 200ms}, why).pauses,
            (pauses{500ms, 500ms, 800ms, 1'600ms}));
}

TEST(retry, a_pause_of_zero_starts_again_in_the_same_event) {
  const auto found =
    pauses_of({.max_attempts = 3, .initial = 0ms, .backoff = backoff::fixed}, unavailable());
  EXPECT_EQ(found.pauses, pauses{});
  EXPECT_EQ(found.end, task_state::failed);
}

TEST(retry, jitter_stays_within_its_fraction_and_is_the_same_again) {
  const auto policy = retry_policy{
    .max_attempts = 200, .initial = 1'000ms, .backoff = backoff::fixed, .jitter = 0.25};
  const auto found = pauses_of(policy, unavailable());
  ASSERT_EQ(found.pauses.size(), 199u);
  const auto [least, most] = std::ranges::minmax(found.pauses);
  EXPECT_GE(least, 750ms);
  EXPECT_LE(most, 1'250ms);
  EXPECT_LT(least, 850ms) << "the lower part of the range is used";
  EXPECT_GT(most, 1'150ms) << "the upper part of the range is used";
  EXPECT_EQ(pauses_of(policy, unavailable()).pauses, found.pauses);
  EXPECT_NE(pauses_of(policy, unavailable(), "another-job").pauses, found.pauses);
}

TEST(retry, codes_decide_whether_there_is_another_attempt) {
  const auto policy = retry_policy{.max_attempts = 2,
                                   .initial = 10ms,
                                   .retry_on = {"unavailable", "payment.declined"},
                                   .abort_on = {"payment.declined"}};
  EXPECT_EQ(pauses_of(policy, unavailable()).pauses.size(), 1u);
  EXPECT_EQ(pauses_of(policy, {.code = "payment.declined", .message = ""}).pauses.size(), 0u);
  EXPECT_EQ(pauses_of(policy, {.code = "exception", .message = ""}).pauses.size(), 0u);
  auto final = unavailable();
  final.retryable = false;
  EXPECT_EQ(pauses_of(policy, final).pauses.size(), 0u);
}

} // namespace dagger::test
