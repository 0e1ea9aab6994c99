// Every short history over each alphabet: the planner does what the model does.
#include <plan/alphabets.hpp>

#include <gtest/gtest.h>

#include <iostream>

namespace dagger::test {

namespace {

void walk_both_ways(const alphabet& a, std::uint32_t at_once, std::uint32_t any_prefix) {
  for (auto mode : {disk::at_once, disk::any_prefix}) {
    const auto length = mode == disk::at_once ? at_once : any_prefix;
    const auto result = walk(a, length, mode);
    std::cout << a.name << (mode == disk::at_once ? ", all on disk" : ", any prefix on disk")
              << ", length " << length << ": " << result.histories << " histories, " << result.steps
              << " steps\n";
    ASSERT_EQ(result.problem, "");
    ASSERT_GT(result.histories, 0u);
  }
}

} // namespace

TEST(history, submits_and_reports_follow_the_model) {
  walk_both_ways(submits_and_reports(), 5, 4);
}

TEST(history, retries_follow_the_model) {
  walk_both_ways(retries(), 5, 4);
}

TEST(history, children_follow_the_model) {
  walk_both_ways(children(), 6, 4);
}

TEST(history, dynamic_dependencies_follow_the_model) {
  walk_both_ways(dynamic_dependencies(), 7, 4);
}

TEST(history, refused_changes_follow_the_model) {
  walk_both_ways(refused_changes(), 5, 4);
}

TEST(history, interruptions_follow_the_model) {
  walk_both_ways(interruptions(), 5, 3);
}

TEST(history, time_outs_follow_the_model) {
  walk_both_ways(time_outs(), 5, 4);
}

TEST(history, waits_follow_the_model) {
  walk_both_ways(waits(), 6, 4);
}

TEST(history, duplicates_follow_the_model) {
  walk_both_ways(duplicates(), 6, 4);
}

TEST(history, named_jobs_follow_the_model) {
  walk_both_ways(named_jobs(), 5, 4);
}

TEST(history, slots_follow_the_model) {
  walk_both_ways(slots(), 5, 3);
}

TEST(history, pauses_follow_the_model) {
  walk_both_ways(pauses(), 5, 4);
}

TEST(history, cancels_follow_the_model) {
  walk_both_ways(cancels(), 5, 4);
}

TEST(history, plain_retries_follow_the_model) {
  walk_both_ways(plain_retries(), 5, 4);
}

TEST(history, retries_from_a_task_follow_the_model) {
  walk_both_ways(retries_from(), 5, 4);
}

TEST(history, retries_from_a_task_whose_child_others_come_after_follow_the_model) {
  walk_both_ways(retries_beside_children(), 6, 4);
}

TEST(history, retries_with_another_definition_follow_the_model) {
  walk_both_ways(retries_with(), 5, 4);
}

TEST(history, purges_follow_the_model) {
  walk_both_ways(purges(), 5, 4);
}

TEST(history, signals_follow_the_model) {
  walk_both_ways(signalled(), 5, 4);
}

TEST(history, reviews_follow_the_model) {
  walk_both_ways(reviews(), 5, 4);
}

TEST(history, signs_of_life_follow_the_model) {
  walk_both_ways(signs_of_life(), 5, 4);
}

TEST(history, other_jobs_follow_the_model) {
  walk_both_ways(other_jobs(), 5, 4);
}

TEST(history, submitted_jobs_follow_the_model) {
  walk_both_ways(submitted_jobs(), 5, 4);
}

TEST(history, stalls_that_fail_a_wait_follow_the_model) {
  walk_both_ways(stalls(stall_action::fail_wait), 5, 4);
}

TEST(history, stalls_that_a_planning_agent_hears_of_follow_the_model) {
  walk_both_ways(stalls(stall_action::notify_planning_agent), 5, 4);
}

TEST(history, stalls_that_end_the_job_follow_the_model) {
  walk_both_ways(stalls(stall_action::terminate_job), 5, 4);
}

TEST(history, stalls_that_are_told_follow_the_model) {
  walk_both_ways(stalls(stall_action::callback), 5, 4);
}

TEST(history, stalls_of_a_job_that_nobody_works_on_follow_the_model) {
  for (auto action :
       {stall_action::fail_wait, stall_action::notify_planning_agent, stall_action::callback})
    walk_both_ways(unseen_stalls(action), 6, 4);
}

TEST(history, limits_of_jobs_follow_the_model) {
  walk_both_ways(limited(), 5, 4);
}

TEST(history, conditions_on_what_is_upstream_follow_the_model) {
  walk_both_ways(run_ifs(), 5, 3);
}

TEST(history, failures_that_stop_the_job_follow_the_model) {
  walk_both_ways(stops(), 5, 3);
}

TEST(history, failures_that_pause_the_job_follow_the_model) {
  walk_both_ways(pauses_after_failures(), 5, 3);
}

TEST(history, shares_follow_the_model) {
  walk_both_ways(shares(), 5, 3);
}

TEST(history, undoings_follow_the_model) {
  walk_both_ways(undoings(), 5, 3);
}

TEST(history, changes_from_outside_follow_the_model) {
  walk_both_ways(changes(), 5, 3);
}

} // namespace dagger::test
