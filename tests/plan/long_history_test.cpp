// The walks of history_test.cpp and random_test.cpp, longer: by two steps where each batch is
// on disk at once, by one or two where a crash may keep any prefix.
#include <plan/alphabets.hpp>

#include <gtest/gtest.h>

#include <iostream>

namespace dagger::test {

namespace {

void walk_far(const alphabet& a) {
  for (auto mode : {disk::at_once, disk::any_prefix}) {
    const auto result = walk(a, mode == disk::at_once ? 7 : 5, mode);
    std::cout << a.name << ": " << result.histories << " histories, " << result.steps << " steps\n";
    ASSERT_EQ(result.problem, "");
  }
}

void wander_far(std::uint64_t first, plan::scope scope) {
  for (auto seed = first; seed < first + 100; ++seed) {
    const auto result = wander(seed, 3'000, {.scope = scope});
    ASSERT_EQ(result.problem, "") << "seed " << seed << ", step " << result.steps;
  }
}

} // namespace

TEST(long_history, submits_and_reports_follow_the_model) {
  walk_far(submits_and_reports());
}

TEST(long_history, retries_follow_the_model) {
  walk_far(retries());
}

TEST(long_history, children_follow_the_model) {
  walk_far(children());
}

TEST(long_history, dynamic_dependencies_follow_the_model) {
  walk_far(dynamic_dependencies());
}

TEST(long_history, refused_changes_follow_the_model) {
  walk_far(refused_changes());
}

TEST(long_history, interruptions_follow_the_model) {
  walk_far(interruptions());
}

TEST(long_history, time_outs_follow_the_model) {
  walk_far(time_outs());
}

TEST(long_history, waits_follow_the_model) {
  walk_far(waits());
}

TEST(long_history, duplicates_follow_the_model) {
  walk_far(duplicates());
}

TEST(long_history, named_jobs_follow_the_model) {
  walk_far(named_jobs());
}

TEST(long_history, slots_follow_the_model) {
  walk_far(slots());
}

TEST(long_history, pauses_follow_the_model) {
  walk_far(pauses());
}

TEST(long_history, cancels_follow_the_model) {
  walk_far(cancels());
}

TEST(long_history, plain_retries_follow_the_model) {
  walk_far(plain_retries());
}

TEST(long_history, retries_from_a_task_follow_the_model) {
  walk_far(retries_from());
}

TEST(long_history, retries_from_a_task_whose_child_others_come_after_follow_the_model) {
  walk_far(retries_beside_children());
}

TEST(long_history, retries_with_another_definition_follow_the_model) {
  walk_far(retries_with());
}

TEST(long_history, purges_follow_the_model) {
  walk_far(purges());
}

TEST(long_history, signals_follow_the_model) {
  walk_far(signalled());
}

TEST(long_history, reviews_follow_the_model) {
  walk_far(reviews());
}

TEST(long_history, signs_of_life_follow_the_model) {
  walk_far(signs_of_life());
}

TEST(long_history, other_jobs_follow_the_model) {
  walk_far(other_jobs());
}

TEST(long_history, submitted_jobs_follow_the_model) {
  walk_far(submitted_jobs());
}

TEST(long_history, stalls_that_fail_a_wait_follow_the_model) {
  walk_far(stalls(stall_action::fail_wait));
}

TEST(long_history, stalls_that_a_planning_agent_hears_of_follow_the_model) {
  walk_far(stalls(stall_action::notify_planning_agent));
}

TEST(long_history, stalls_that_end_the_job_follow_the_model) {
  walk_far(stalls(stall_action::terminate_job));
}

TEST(long_history, stalls_that_are_told_follow_the_model) {
  walk_far(stalls(stall_action::callback));
}

TEST(long_history, stalls_of_a_job_that_nobody_works_on_follow_the_model) {
  for (auto action : {stall_action::fail_wait, stall_action::callback})
    walk_far(unseen_stalls(action));
}

TEST(long_history, limits_of_jobs_follow_the_model) {
  walk_far(limited());
}

TEST(long_history, conditions_on_what_is_upstream_follow_the_model) {
  walk_far(run_ifs());
}

TEST(long_history, failures_that_stop_the_job_follow_the_model) {
  walk_far(stops());
}

TEST(long_history, failures_that_pause_the_job_follow_the_model) {
  walk_far(pauses_after_failures());
}

TEST(long_history, shares_follow_the_model) {
  walk_far(shares());
}

TEST(long_history, undoings_follow_the_model) {
  walk_far(undoings());
}

TEST(long_history, changes_from_outside_follow_the_model) {
  walk_far(changes());
}

TEST(long_history, random_ones_follow_the_model) {
  wander_far(100'000, plan::scope::every_job);
}

TEST(long_history, random_ones_over_named_jobs_follow_the_model) {
  wander_far(200'000, plan::scope::named);
}

} // namespace dagger::test
