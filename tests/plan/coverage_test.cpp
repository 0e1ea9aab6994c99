// Which arrows, events, outcomes and commands the histories go through: all that can be
// reached; and that no other arrow is allowed.
#include <plan/alphabets.hpp>

#include <gtest/gtest.h>

#include <iomanip>
#include <iostream>
#include <set>

namespace dagger::test {

namespace {

using enum task_state;
using arrow = std::pair<task_state, task_state>;

constexpr std::array all_states{waiting,   ready,  running, backoff,   suspended,
                                completed, failed, skipped, cancelled, compensated};

/// jobs.md, "States", without what only a user's `retry` may do.
const std::set<arrow> arrows{
  {waiting, ready},       {waiting, skipped},   {waiting, cancelled},   {waiting, failed},
  {ready, running},       {ready, skipped},     {ready, cancelled},     {ready, failed},
  {running, completed},   {running, suspended}, {running, backoff},     {running, ready},
  {running, failed},      {running, skipped},   {running, cancelled},   {backoff, ready},
  {backoff, skipped},     {backoff, cancelled}, {backoff, failed},      {suspended, ready},
  {suspended, completed}, {suspended, failed},  {suspended, cancelled}, {completed, compensated},
};

/// What the events that there are cannot reach, with the reason.
const std::map<arrow, std::string> out_of_reach{
  {{waiting, cancelled}, "there is no cancel yet"},
  {{ready, cancelled}, "there is no cancel yet"},
  {{running, cancelled}, "there is no cancel yet"},
  {{backoff, cancelled}, "there is no cancel yet"},
  {{suspended, cancelled}, "there is no cancel yet"},
  {{suspended, completed}, "there is no review yet"},
  {{completed, compensated}, "there is no compensation yet"},
  {{waiting, failed}, "a total time-out counts from the first start"},
  {{ready, skipped}, "a dependency is added only to a task that waits"},
  {{backoff, skipped}, "a dependency is added only to a task that waits"},
};

const std::set<std::string> expected_to_happen{
  "event agent_joined",     "event agent_lost",      "event slots_changed",
  "event job_submitted",    "event job_resumed",     "event tasks_reported",
  "event time_passed",      "outcome completed",     "outcome suspended",
  "outcome failed",         "outcome skipped",       "outcome given_back",
  "outcome abandoned",      "command assign",        "command stop",
  "command accept",         "command answer",        "command refuse",
  "refused as id_conflict", "refused as not_found",  "refused as invalid_input",
  "failed as timeout",      "failed as interrupted", "failed as wait_cycle",
  "failed as conflict",     "failed as not_found",   "failed as limit",
  "failed as misuse",       "failed as exception",   "late report",
};

void refused_submits(planner_world& w) {
  w.join({.agent = "a", .retry = {}, .timeout = {}});
  auto spec = job_of("j", {});
  spec.tasks.resize(1);
  spec.tasks[0].agent = "nobody";
  w.submit(spec);
  spec.tasks[0].agent = "a";
  spec.allowed_agents = {"b"};
  w.submit(spec);
  w.resume("j");
  w.commit_all();
  w.check();
}

void print(const model::coverage& seen) {
  std::cout << "arrow                      taken\n";
  for (const auto& [from, to] : arrows) {
    const auto name = std::string{to_text(from)} + " -> " + std::string{to_text(to)};
    const auto it = seen.arrows.find({from, to});
    std::cout << std::left << std::setw(25) << name << std::right << std::setw(8)
              << (it == seen.arrows.end() ? 0 : it->second);
    if (const auto why = out_of_reach.find({from, to}); why != out_of_reach.end())
      std::cout << "  " << why->second;
    std::cout << '\n';
  }
  for (const auto& [what, n] : seen.happened)
    std::cout << std::left << std::setw(25) << what << std::right << std::setw(8) << n << '\n';
}

} // namespace

TEST(coverage, every_arrow_event_and_command_that_can_be_reached_is_walked) {
  auto seen = model::coverage{};
  for (auto a : all_alphabets()) {
    a.options.covers = &seen;
    const auto result = walk(a, 3, disk::any_prefix);
    ASSERT_EQ(result.problem, "");
  }
  for (auto seed : {1, 2, 3})
    ASSERT_EQ(wander(static_cast<std::uint64_t>(seed), 600, {.covers = &seen}).problem, "");
  auto refusing = planner_world{{.covers = &seen}};
  refused_submits(refusing);
  ASSERT_EQ(refusing.problem(), "");
  print(seen);
  for (const auto& [what, n] : seen.arrows)
    EXPECT_TRUE(arrows.contains(what))
      << to_text(what.first) << " -> " << to_text(what.second) << " was taken";
  for (const auto& [from, to] : arrows)
    EXPECT_EQ(seen.arrows.contains({from, to}), !out_of_reach.contains({from, to}))
      << to_text(from) << " -> " << to_text(to);
  for (const auto& what : expected_to_happen)
    EXPECT_TRUE(seen.happened.contains(what)) << what;
}

TEST(coverage, only_the_arrows_of_the_design_are_allowed) {
  for (auto from : all_states)
    for (auto to : all_states)
      EXPECT_EQ(allowed(from, to), arrows.contains({from, to}))
        << to_text(from) << " -> " << to_text(to);
}

} // namespace dagger::test
