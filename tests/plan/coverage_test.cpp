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

/// jobs.md, "States"; the last five lines are what only a user's `retry` may do.
const std::set<arrow> arrows{
  {waiting, ready},       {waiting, skipped},   {waiting, cancelled},   {waiting, failed},
  {ready, running},       {ready, skipped},     {ready, cancelled},     {ready, failed},
  {running, completed},   {running, suspended}, {running, backoff},     {running, ready},
  {running, failed},      {running, skipped},   {running, cancelled},   {backoff, ready},
  {backoff, skipped},     {backoff, cancelled}, {backoff, failed},      {suspended, ready},
  {suspended, completed}, {suspended, failed},  {suspended, cancelled}, {completed, compensated},
  {failed, waiting},      {failed, ready},      {skipped, waiting},     {skipped, ready},
  {cancelled, waiting},   {cancelled, ready},   {compensated, waiting}, {compensated, ready},
  {completed, waiting},   {completed, ready},
};

/// What the events that there are cannot reach, with the reason.
const std::map<arrow, std::string> out_of_reach{
  {{compensated, ready}, "by way of waiting"}, {{failed, ready}, "by way of waiting"},
  {{skipped, ready}, "by way of waiting"},     {{cancelled, ready}, "by way of waiting"},
  {{completed, ready}, "by way of waiting"},   {{backoff, skipped}, "what has begun is cancelled"},
};

const std::set<std::string> expected_to_happen{
  "event agent_joined",
  "event agent_lost",
  "event slots_changed",
  "event job_submitted",
  "event job_resumed",
  "event tasks_reported",
  "event time_passed",
  "event job_paused",
  "event job_cancelled",
  "event job_retried",
  "event job_purged",
  "event load_due",
  "event sweep_due",
  "event signal_received",
  "event review_decided",
  "event heart_beaten",
  "event step_done",
  "event chunks_emitted",
  "event tasks_added",
  "event task_removed",
  "event task_enabled",
  "event input_set",
  "outcome completed",
  "outcome suspended",
  "outcome failed",
  "outcome skipped",
  "outcome given_back",
  "outcome abandoned",
  "outcome in_review",
  "command assign",
  "command stop",
  "command accept",
  "command answer",
  "command refuse",
  "command done",
  "command stalled",
  "command sweep",
  "refused as id_conflict",
  "refused as not_found",
  "refused as invalid_input",
  "refused as conflict",
  "refused as misuse",
  "refused as too_large",
  "refused as limit",
  "refused as attempt_lost",
  "refused as wait_cycle",
  "failed as timeout",
  "failed as interrupted",
  "failed as wait_cycle",
  "failed as wait_unmet",
  "failed as rejected",
  "failed as conflict",
  "failed as id_conflict",
  "failed as not_found",
  "failed as limit",
  "failed as misuse",
  "failed as exception",
  "late report",
  "failed as compensation_failed",
  "deadline of a job",
  "a failure stops the job",
  "a failure pauses the job",
  "something is undone",
  "stall: a wait fails",
  "stall: the job ends",
  "stall: the planning agent is told",
};

void refused_submits(planner_world& w) {
  w.join({.agent = "a", .retry = {}, .timeout = {}});
  auto spec = job_of("j", {});
  spec.tasks.resize(1);
  spec.tasks[0].agent = "nobody";
  w.submit(spec);
  spec.tasks[0].agent = "a";
  spec.planning_agent = "nobody";
  w.submit(spec);
  spec.planning_agent.clear();
  spec.allowed_agents = {"b"};
  w.submit(spec);
  spec.allowed_agents.clear();
  spec.tasks[0].compensate = "nobody";
  w.submit(spec);
  spec.tasks[0].compensate.clear();
  spec.tasks[0].resources = {{"gpu", 1}};
  w.submit(spec);
  w.resume("j");
  w.commit_all();
  w.check();
}

/// Each for its own reason.
void refused_requests(planner_world& w) {
  w.apply(plan::job_paused{"none", w.someone()});
  w.apply(plan::job_cancelled{"none", w.someone()});
  w.apply(plan::job_retried{.id = "none", .client = w.someone()});
  w.apply(plan::job_purged{"none", w.someone()});
  w.apply(plan::signal_received{"none", "go", text_payload("1"), true, w.someone()});
  w.apply(plan::review_decided{.job = "none", .task = "x", .client = w.someone()});
  auto x = plan::task_spec{};
  x.name = "x";
  x.agent = "a";
  w.submit(job_of("k", {x}));
  w.apply(plan::job_retried{.id = "k", .client = w.someone()});
  w.apply(plan::job_purged{"k", w.someone()});
  w.apply(plan::signal_received{"k", "no name", text_payload("1"), true, w.someone()});
  w.apply(plan::signal_received{"k", "go", text_payload(std::string(limits::signal_bytes + 1, '1')),
                                true, w.someone()});
  w.apply(plan::signal_received{"k", "go", text_payload("1"), false, w.someone()});
  w.apply(plan::review_decided{.job = "k", .task = "none", .client = w.someone()});
  w.apply(plan::review_decided{.job = "k", .task = "x", .client = w.someone()});
  w.commit_all();
  if (const auto h = w.holding())
    w.report(*h, plan::completed{text_payload("1")});
  w.commit_all();
  w.apply(plan::job_paused{"k", w.someone()});
  w.apply(plan::job_cancelled{"k", w.someone()});
  w.apply(plan::signal_received{"k", "go", text_payload("1"), true, w.someone()});
  w.apply(plan::review_decided{.job = "k", .task = "x", .client = w.someone()});
  w.apply(plan::job_retried{.id = "k", .client = w.someone()});
  w.apply(plan::job_retried{.id = "k", .from = "none", .client = w.someone()});
  auto same = std::make_shared<const plan::job_spec>(job_of("k", {x}));
  w.apply(plan::job_retried{
    .id = "k", .with = same, .hash = plan::hash_of(*same), .client = w.someone()});
  w.apply(plan::job_retried{
    .id = "k", .from = "x", .with = same, .hash = plan::hash_of(*same), .client = w.someone()});
  x.agent = "nobody";
  auto other = std::make_shared<const plan::job_spec>(job_of("k", {x}));
  w.apply(plan::job_retried{
    .id = "k", .with = other, .hash = plan::hash_of(*other), .client = w.someone()});
  w.apply(plan::job_paused{"k", 0}); // nobody hears of it
  w.commit_all();
  w.check();
}

/// Each for its own reason.
void refused_changes(planner_world& w) {
  auto x = plan::task_spec{};
  x.name = "x";
  x.agent = "a";
  auto y = x;
  y.name = "y";
  y.after = {"x"};
  w.submit(job_of("l", {x, y}));
  w.commit_all();
  w.apply(plan::tasks_added{"none", {x}, w.someone()});
  w.apply(plan::tasks_added{"l", {}, w.someone()});
  w.apply(plan::tasks_added{"l", {x}, w.someone()}); // the name
  auto z = y;
  z.name = "z";
  z.after = {task_ref::nth(0)}; // itself
  w.apply(plan::tasks_added{"l", {z}, w.someone()});
  z.after = {"none"};
  w.apply(plan::tasks_added{"l", {z}, w.someone()});
  z.after.clear();
  z.agent = "nobody";
  w.apply(plan::tasks_added{"l", {z}, w.someone()});
  w.apply(plan::task_removed{"l", "none", w.someone()});
  w.apply(plan::task_removed{"l", "x", w.someone()}); // it runs
  w.apply(plan::task_enabled{"l", "x", false, w.someone()});
  w.apply(plan::input_set{"l", "x", text_payload("1"), w.someone()});
  w.apply(plan::input_set{"l", "y", text_payload(std::string(limits::payload_bytes + 1, '1')),
                          w.someone()});
  w.apply(plan::task_enabled{"l", "y", false, w.someone(),
                             text_payload(std::string(limits::payload_bytes + 1, '1'))});
  w.apply(plan::task_enabled{"l", "y", true, w.someone()}); // it is
  w.apply(plan::task_enabled{"l", "x", true, w.someone()}); // it runs, and is
  w.apply(plan::task_removed{"l", "y", w.someone(), {"none"}});
  w.apply(plan::task_removed{"l", "y", w.someone(), {"x"}}); // that one runs
  w.apply(plan::job_cancelled{"l", w.someone()});
  w.apply(plan::input_set{"l", "y", text_payload("1"), w.someone()});
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
  refused_requests(refusing);
  refused_changes(refusing);
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
