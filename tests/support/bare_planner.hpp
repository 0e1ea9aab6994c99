// A planner with a memory store and nothing else: every batch is on disk at once. For
// tests that want figures, not comparisons.
#pragma once

#include <dagger/plan/planner.hpp>
#include <dagger/plan/query.hpp>
#include <dagger/store/store.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dagger::test {

class bare_planner {
public:
  bare_planner() {
    open();
  }

  /// Takes an event; the commands of the last one are in `commands`.
  void apply(const plan::event& what) {
    auto disk = store->read();
    keep(real().apply(what, *disk, now));
  }

  /// Another planner over the same store.
  void open() {
    auto disk = store->read();
    auto first = plan::effects{};
    auto options = plan::planner_options{};
    options.tasks_at_once = tasks_at_once;
    auto made = plan::planner::restore(*disk, options, now, first);
    ASSERT_TRUE(made.has_value()) << to_string(made.error());
    planner_ = std::make_unique<plan::planner>(std::move(*made));
    keep(std::move(first));
  }

  void submit(plan::job_spec spec) {
    auto hash = plan::hash_of(spec);
    apply(plan::job_submitted{std::make_shared<const plan::job_spec>(std::move(spec)),
                              std::move(hash), 1});
  }

  void report(const plan::attempt_id& attempt, decltype(plan::report::outcome) outcome) {
    auto r = plan::report{};
    r.attempt = attempt;
    r.outcome = std::move(outcome);
    apply(plan::tasks_reported{{std::move(r)}});
  }

  void pass_to(timestamp when) {
    now = when;
    apply(plan::time_passed{});
  }

  /// What the last event assigned.
  std::vector<plan::assignment> assigned() const {
    auto all = std::vector<plan::assignment>{};
    for (const auto& c : commands)
      if (const auto* a = std::get_if<plan::assign>(&c))
        all.insert(all.end(), a->tasks.begin(), a->tasks.end());
    return all;
  }

  plan::job_status job(const std::string& id) const {
    auto disk = store->read();
    auto found = plan::find_job(*disk, id);
    EXPECT_TRUE(found && *found);
    return found && *found ? **found : plan::job_status{};
  }

  std::vector<plan::task_status> tasks(const std::string& id) const {
    auto disk = store->read();
    auto found = plan::tasks_of(*disk, job(id).number);
    EXPECT_TRUE(found.has_value()) << to_string(found.error());
    return found ? *found : std::vector<plan::task_status>{};
  }

  plan::planner& real() {
    return *planner_;
  }

  std::unique_ptr<store::store> store = store::make_memory();
  timestamp now{std::chrono::seconds{1'000'000}};
  std::vector<plan::command> commands;
  std::vector<store::batch> batches;
  /// What the next `open` reads of active jobs; the rest waits for `load_due`.
  std::size_t tasks_at_once = ~std::size_t{0};
  /// Keep the batches?
  bool keeps = true;

private:
  void keep(plan::effects x) {
    commands = std::move(x.commands);
    if (x.writes.empty())
      return;
    const auto* one = &x.writes;
    ASSERT_TRUE(store->commit({&one, 1}).has_value());
    real().confirm();
    if (keeps)
      batches.push_back(std::move(x.writes));
  }

  std::unique_ptr<plan::planner> planner_;
};

} // namespace dagger::test
