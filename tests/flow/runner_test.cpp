// The runner in memory beside the model: random flows with failures, skips, retries and rules.
#include <actors/agents.hpp>
#include <model/flow_model.hpp>

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <string>

namespace dagger {

namespace {

using test::got;

/// The model's flow as one that runs, and what its functions have noted.
struct running_flow {
  flow of{"random"};
  std::vector<node<void>> nodes;
  std::mutex mutex;
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> attempts;
  /// Nothing fails from now on.
  std::atomic<bool> repaired = false;

  explicit running_flow(const model::flow& x) : attempts(x.nodes.size()) {
    of.on_failure(x.policy);
    for (auto i = std::uint32_t{0}; i < x.nodes.size(); ++i)
      add(x.nodes[i], i);
  }

  void add(const model::flow_node& x, std::uint32_t i) {
    auto made = of.add(model::name_of(i), [this, i, failing = x.failing] {
      auto guard = std::lock_guard{mutex};
      order.push_back(i);
      if (++attempts[i] <= failing && !repaired)
        throw error{"test.failed", "as it should"};
    });
    for (auto before : x.before)
      made.after(nodes[before]);
    made.run_if(x.run_if).optional(x.optional).priority(x.priority);
    if (x.on_failure)
      made.on_failure(*x.on_failure);
    auto policy = retry_policy{};
    policy.max_attempts = x.max_attempts;
    policy.initial = duration{0};
    made.retry(policy);
    if (!x.condition)
      made.when([] { return false; });
    nodes.push_back(made);
  }

  model::flow_end end_of(const flow_result& run) {
    auto made = model::flow_end{run.state(), {}, order};
    for (auto& x : run.nodes())
      made.nodes.push_back(
        {x.state, x.skipped_because, static_cast<std::uint32_t>(x.attempts.size())});
    return made;
  }
};

TEST(flow_runner, random_flows_end_as_by_hand_on_any_number_of_threads) {
  auto engine = dagger::engine{{.threads = 4}};
  for (auto seed = 1u; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = std::mt19937{seed};
    auto x = model::random_flow(random, 40, false);
    auto live = running_flow{x};
    auto end = live.end_of(got(engine.run(live.of)));
    auto wanted = model::run_by_hand(x);
    // Any order that respects the edges will do.
    std::ranges::sort(end.order);
    std::ranges::sort(wanted.order);
    ASSERT_EQ(end, wanted) << model::to_text(x) << "wanted " << model::to_text(wanted) << "\ngot "
                           << model::to_text(end);
  }
}

TEST(flow_runner, one_at_a_time_follows_priorities_and_the_order_of_the_flow) {
  auto engine = dagger::engine{{.threads = 4}};
  for (auto seed = 1u; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = std::mt19937{seed};
    auto x = model::random_flow(random, 30, true);
    auto live = running_flow{x};
    live.of.max_parallel(1);
    auto end = live.end_of(got(engine.run(live.of)));
    auto wanted = model::run_by_hand(x);
    ASSERT_EQ(end, wanted) << model::to_text(x) << "wanted " << model::to_text(wanted) << "\ngot "
                           << model::to_text(end);
  }
}

/// What holds for every run, however its nodes met in time.
void check_sense(const model::flow& x, const flow_result& run) {
  auto nodes = run.nodes();
  auto went_wrong = [&](std::uint32_t i) { return nodes[i].state != task_state::completed; };
  auto failed = false;
  auto stops = false;
  for (auto i = std::uint32_t{0}; i < nodes.size(); ++i)
    if (nodes[i].state == task_state::failed) {
      auto& said = x.nodes[i];
      failed |= !said.optional;
      stops |= said.on_failure.value_or(said.optional ? on_failure::carry_on : x.policy)
            == on_failure::stop;
    }
  for (auto i = std::uint32_t{0}; i < nodes.size(); ++i) {
    auto& said = x.nodes[i];
    auto& name = nodes[i].name;
    EXPECT_TRUE(stops || nodes[i].skipped_because != "stopped") << name;
    EXPECT_TRUE(run.state() == job_state::paused || settled(nodes[i].state)) << name;
    if (nodes[i].attempts.empty())
      continue;
    for (auto before : said.before) {
      auto& one = nodes[before];
      EXPECT_TRUE(settled(one.state)) << name;
      EXPECT_TRUE(said.run_if != run_if::all_success || !went_wrong(before)) << name;
      EXPECT_TRUE(one.attempts.empty()
                  || one.attempts.back().ended <= nodes[i].attempts.front().started)
        << name;
    }
  }
  EXPECT_TRUE(run.state() != job_state::failed || failed);
  EXPECT_TRUE(run.state() != job_state::completed || !failed);
}

TEST(flow_runner, whatever_meets_in_time_makes_sense_and_a_paused_run_goes_on) {
  auto engine = dagger::engine{{.threads = 4}};
  auto resumed = 0;
  for (auto seed = 1u; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto random = std::mt19937{seed};
    auto x = model::random_flow(random, 40, true);
    for (auto& n : x.nodes)
      n.priority = 0; // the runner with a list for each thread
    auto live = running_flow{x};
    auto run = got(engine.run(live.of));
    check_sense(x, run);
    if (run.state() != job_state::paused)
      continue;
    live.repaired = true;
    auto next = got(engine.resume(run));
    ++resumed;
    check_sense(x, next);
    EXPECT_NE(next.state(), job_state::paused);
    EXPECT_THROW(static_cast<void>(run.state()), error) << "the paused result is void";
    EXPECT_EQ(test::error_of(engine.resume(next)).code, code::conflict);
  }
  EXPECT_GT(resumed, 20);
}

TEST(flow_runner, a_chain_of_100000_nodes_needs_no_stack) {
  auto x = flow{"chain"};
  auto last = x.input<std::int64_t>("start");
  for (auto i = 0; i < 100'000; ++i)
    last = x.add(
      {}, [](std::int64_t v) { return v + 1; }, last);
  auto engine = dagger::engine{};
  auto run = got(engine.run(x, {{"start", 5}}));
  ASSERT_TRUE(run.completed());
  EXPECT_EQ(run[last], 100'005);
}

TEST(flow_runner, a_chain_of_100000_skips_needs_no_stack) {
  auto x = flow{"chain"};
  auto first = x.add("first", [] { throw error{"test.failed", "no"}; });
  auto last = first;
  for (auto i = 0; i < 100'000; ++i)
    last = x.add({}, [] {}).after(last);
  x.on_failure(on_failure::carry_on);
  auto engine = dagger::engine{};
  auto run = got(engine.run(x));
  EXPECT_EQ(run.state(), job_state::failed);
  EXPECT_EQ(run.at(last).skipped_because, "upstream skipped: node-99999");
}

TEST(flow_runner, no_more_run_at_once_than_the_flow_and_its_resources_allow) {
  auto engine = dagger::engine{{.threads = 8}};
  auto x = flow{"crowd"};
  x.max_parallel(3).resources({{"gpu", 2}});
  auto running = std::atomic{0};
  auto most = std::atomic{0};
  auto on_gpu = std::atomic{0};
  auto most_on_gpu = std::atomic{0};
  auto enter = [](std::atomic<int>& now, std::atomic<int>& high) {
    auto n = ++now;
    for (auto seen = high.load(); n > seen && !high.compare_exchange_weak(seen, n);) {}
  };
  for (auto i = 0; i < 200; ++i) {
    x.add({}, [&] {
      enter(running, most);
      std::this_thread::yield();
      --running;
    });
    x.add({},
          [&] {
            enter(running, most);
            enter(on_gpu, most_on_gpu);
            std::this_thread::yield();
            --on_gpu;
            --running;
          })
      .resources({{"gpu", i % 3 == 0 ? 2u : 1u}});
  }
  EXPECT_TRUE(got(engine.run(x)).completed());
  EXPECT_LE(most, 3);
  EXPECT_LE(most_on_gpu, 2);
}

} // namespace

} // namespace dagger
