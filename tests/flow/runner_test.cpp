// The runner in memory beside the model: random flows with failures, skips, retries and rules.
#include <actors/agents.hpp>
#include <model/flow_model.hpp>

#include <dagger/dagger.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iostream>
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
      auto stopped = said.on_failure.value_or(said.optional ? on_failure::carry_on : x.policy)
                  == on_failure::stop;
      failed |= stopped || !said.optional;
      stops |= stopped;
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

/// Without what a job refuses: the success or failure of one of nothing.
model::flow random_for_both(std::uint32_t seed, bool policies) {
  auto random = std::mt19937{seed};
  auto x = model::random_flow(random, 30, policies);
  for (auto& n : x.nodes)
    if (n.before.empty())
      n.run_if = run_if::all_success;
  return x;
}

/// The model's flow as a job: its tasks go through the planner.
job job_of(const model::flow& x, const std::string& id, bool one_at_a_time) {
  auto made = job{id};
  made.on_failure(x.policy);
  if (one_at_a_time)
    made.limits({.running = 1});
  for (auto i = std::uint32_t{0}; i < x.nodes.size(); ++i) {
    auto& n = x.nodes[i];
    auto policy = retry_policy{};
    policy.max_attempts = n.max_attempts;
    policy.initial = duration{0};
    auto task =
      task_options{.name = model::name_of(i),
                   .agent = "node",
                   .input = {{"number", i}, {"failing", n.failing}, {"condition", n.condition}},
                   .priority = n.priority,
                   .optional = n.optional,
                   .retry = policy,
                   .run_if = n.run_if,
                   .on_failure = n.on_failure};
    for (auto before : n.before)
      task.after.emplace_back(model::name_of(before));
    made.add(std::move(task));
  }
  return made;
}

model::flow_end end_of(const job_result& run, std::vector<std::uint32_t> order) {
  auto made = model::flow_end{run.state(), {}, std::move(order)};
  for (auto& x : run.tasks()) {
    auto because = x.state == task_state::skipped && x.error ? x.error->message : std::string{};
    // The planner starts a task to ask its condition, and knows who could start in a paused run.
    auto by_itself = because == "its condition does not hold";
    auto state = x.state == task_state::ready ? task_state::waiting : x.state;
    made.nodes.push_back({state, because, by_itself ? 0 : x.starts});
  }
  return made;
}

/// An engine with the agent of `job_of`, which notes who ran, a name for each attempt.
struct planned_flows {
  std::mutex mutex;
  std::vector<std::uint32_t> order;
  dagger::engine engine{{.threads = 4}};

  planned_flows() {
    engine.add({.name = "node",
                .concurrency = 8,
                .cooperative = true,
                .run = [this](task& self, const json& in) -> outcome {
                  if (!in["condition"].get<bool>())
                    return self.skip("its condition does not hold");
                  auto guard = std::lock_guard{mutex};
                  order.push_back(in["number"]);
                  if (self.attempt() <= in["failing"].get<std::uint32_t>())
                    return failure{.code = "test.failed", .message = "as it should"};
                  return json(nullptr);
                }});
  }

  model::flow_end end_of(const model::flow& x, std::uint32_t seed, bool one_at_a_time) {
    order.clear();
    auto end = got(engine.submit(job_of(x, "job-" + std::to_string(seed), one_at_a_time)));
    return dagger::end_of(end, std::exchange(order, {}));
  }
};

TEST(both_runners, random_flows_end_alike_in_memory_and_on_the_planner) {
  auto planned = planned_flows{};
  std::cout << "seeds 1 to 300\n";
  for (auto seed = 1u; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto x = random_for_both(seed, false);
    auto live = running_flow{x};
    auto wanted = live.end_of(got(planned.engine.run(live.of)));
    auto end = planned.end_of(x, seed, false);
    std::ranges::sort(end.order);
    std::ranges::sort(wanted.order);
    ASSERT_EQ(end, wanted) << model::to_text(x) << "in memory " << model::to_text(wanted)
                           << "\nplanned " << model::to_text(end);
  }
}

TEST(both_runners, one_at_a_time_they_end_alike_whatever_a_failure_means) {
  auto planned = planned_flows{};
  std::cout << "seeds 1001 to 1300\n";
  for (auto seed = 1'001u; seed <= 1'300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto x = random_for_both(seed, true);
    auto live = running_flow{x};
    live.of.max_parallel(1);
    auto wanted = live.end_of(got(planned.engine.run(live.of)));
    auto end = planned.end_of(x, seed, true);
    // The planner skips at once what a stop leaves out, the other runner when it comes there: what
    // runs in spite of the stop may start in another order.
    if (std::ranges::count(wanted.nodes, "stopped", &model::node_end::because) > 0) {
      std::ranges::sort(end.order);
      std::ranges::sort(wanted.order);
    }
    ASSERT_EQ(end, wanted) << model::to_text(x) << "in memory " << model::to_text(wanted)
                           << "\nplanned " << model::to_text(end);
  }
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
