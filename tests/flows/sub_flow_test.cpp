// What a sub-flow says of itself in `config` holds for its own nodes, in memory and in a store.
#include "flows/flows.hpp"
#include "flows/run_at_work.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace {

using namespace flows;

/// `a` fails; `b` needs nothing of it, `tidy` runs after failures, and one node goes at a time.
std::string outer_flow(const std::string& config, const std::string& of_a = {}) {
  return R"(
name: outer
config: {on_failure: continue}
nodes:
  - {id: inner, action: 'flow:inner'}
  - {id: beside, action: set, inputs: {v: 1}}
flows:
  - name: inner
    config: {max_parallel: 1)"
       + config + R"(}
    nodes:
      - {id: a, action: fail, inputs: {message: no luck})"
       + of_a + R"(}
      - {id: b, action: set, inputs: {v: 1}}
      - {id: needs_b, action: set, inputs: {v: "${b.v}"}}
      - {id: tidy, action: set, run_if: all_done, dependencies: [a]}
)";
}

TEST(sub_flows, a_failure_stops_the_sub_flow_that_says_so_or_nothing) {
  for (const auto* config : {"", ", on_failure: stop"}) {
    const auto end = run(outer_flow(config));
    EXPECT_EQ(end.state, job_state::failed);
    EXPECT_EQ(end.tasks.at("inner"), "failed: exception: a: no luck");
    EXPECT_EQ(end.tasks.at("inner/b"), "skipped: stopped");
    EXPECT_TRUE(end.tasks.at("inner/needs_b").starts_with("skipped: "));
    EXPECT_EQ(end.tasks.at("inner/tidy"), "completed");
    EXPECT_EQ(end.tasks.at("beside"), "completed");
  }
}

TEST(sub_flows, a_failure_stops_nothing_where_the_sub_flow_or_the_node_says_continue) {
  for (const auto& text :
       {outer_flow(", on_failure: continue"), outer_flow("", ", on_failure: continue"),
        outer_flow("", ", optional: true")}) {
    const auto end = run(text);
    EXPECT_EQ(end.tasks.at("inner/b"), "completed");
    EXPECT_EQ(end.tasks.at("inner/needs_b"), "completed");
    EXPECT_EQ(end.tasks.at("inner/tidy"), "completed");
    EXPECT_EQ(end.tasks.at("inner").starts_with("failed"),
              text.find("optional") == std::string::npos);
  }
}

TEST(sub_flows, a_sub_flow_that_pauses_pauses_the_run_which_goes_on_with_it) {
  both([](run_at_work& run) {
    auto calls = std::make_shared<std::atomic<int>>(0);
    run.engine.add({.name = "broken_once", .run = [calls](dagger::task&, const json&) -> outcome {
                      if (++*calls == 1)
                        throw dagger::error{"test.once", "the first time"};
                      return json{{"v", calls->load()}};
                    }});
    run.start(R"(
name: outer
nodes:
  - {id: inner, action: 'flow:inner'}
  - {id: after, action: set, inputs: {v: "${inner.v}"}}
flows:
  - name: inner
    config: {on_failure: pause}
    nodes: [{id: a, action: broken_once}]
    outputs: {v: a.v}
)",
              json::object());
    EXPECT_EQ(run.end->get().state(), job_state::paused);
    EXPECT_EQ(run.how("inner"), "suspended");
    const auto end = run.engine.resume("run").get();
    EXPECT_EQ(end.state(), job_state::completed);
    EXPECT_EQ(end["after"], (json{{"v", 2}}));
  });
}

/// Waits until as many work as there may be, and says how many that were at most.
class meeting {
public:
  explicit meeting(int expected) : expected_(expected) {}

  void attend() {
    auto guard = std::unique_lock{mutex_};
    most_ = std::max(most_, ++present_);
    changed_.notify_all();
    // The last ones of an odd number meet nobody.
    changed_.wait_for(guard, patience, [&] { return most_ >= expected_; });
    --present_;
  }

  int most() {
    auto guard = std::lock_guard{mutex_};
    return most_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int expected_;
  int present_ = 0;
  int most_ = 0;
};

/// How many nodes of `inner` went at once, at most.
int at_once(const std::string& node, const std::string& config, int expected) {
  auto met = std::make_shared<meeting>(expected);
  const auto end =
    run(R"(
name: outer
inputs: {two: {default: [1, 2]}}
nodes: [{id: inner, action: 'flow:inner')"
          + node + R"(}]
flows:
  - name: inner
    config: {)"
          + config + R"(}
    nodes:
      - {id: a, action: meets}
      - {id: b, action: meets}
      - {id: c, action: meets}
      - {id: d, action: meets}
)",
        json::object(), [&](dagger::engine& to) {
          to.add({.name = "meets", .concurrency = 16, .run = [met](dagger::task&, const json&) {
                    met->attend();
                    return outcome{json::object()};
                  }});
        });
  EXPECT_EQ(end.state, job_state::completed);
  return met->most();
}

TEST(sub_flows, max_parallel_of_a_sub_flow_is_for_its_nodes) {
  EXPECT_EQ(at_once("", "max_parallel: 2", 2), 2);
  EXPECT_EQ(at_once("", "max_parallel: 1", 1), 1);
  EXPECT_EQ(at_once("", "", 4), 4);
}

TEST(sub_flows, max_parallel_holds_for_each_run_of_a_sub_flow) {
  EXPECT_EQ(at_once(", for_each: inputs.two", "max_parallel: 1", 2), 2);
  EXPECT_EQ(at_once(", repeat: {until: 'inner.a', max: 1}", "max_parallel: 3", 3), 3);
}

} // namespace
