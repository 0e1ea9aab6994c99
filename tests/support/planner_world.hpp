// The real planner over a memory store beside its slow model: both get the same events,
// everything they say is compared. Plays the drivers: agents, keeper, crashes.
#pragma once

#include <model/planner_model.hpp>

#include <dagger/plan/planner.hpp>
#include <dagger/plan/query.hpp>
#include <dagger/store/store.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dagger::test {

/// An attempt that an agent was told to start and has not reported.
struct started {
  plan::attempt_id id;
  std::string agent;
  std::string job_id;
  std::string task;
  bool stopped = false;
  /// Its slot was given back by `abandoned`.
  bool abandoned = false;
};

struct world_options {
  plan::scope scope = plan::scope::every_job;
  /// Spoils what the planner gives out, to see whether the world notices.
  std::function<void(plan::effects&)> tamper = {};
  model::coverage* covers = nullptr;
  /// Finished jobs are purged so long after their end; 0: never.
  duration retention{0};
  /// What tasks may take, over all jobs.
  resources pool = {};
  /// A restored planner reads its jobs in parts of so many tasks: one by one.
  std::size_t tasks_at_once = 1;
};

/// Planner, model, store and what is on the way between them. After the first difference
/// `problem` says what it was, and nothing is done any more.
class planner_world {
public:
  explicit planner_world(world_options options = {});

  // -- what happens -----------------------------------------------------------

  void apply(const plan::event& what);
  /// The first `n` batches in flight reach the disk; their commands leave.
  void commit(std::size_t n);
  void commit_all();
  /// Everything that is not on disk is lost; another planner opens the store.
  void crash();

  void join(plan::agent_joined x);
  void lose(const std::string& agent);
  void submit(plan::job_spec spec);
  void resume(const std::string& id);
  /// Reports one held attempt.
  void report(const started& which, plan::report x);
  void report(const started& which, decltype(plan::report::outcome) outcome);
  void time_passes_to(timestamp when);
  /// Rows of purged jobs are erased, if the planner has asked for it.
  void sweep();
  /// A client that nobody had before.
  plan::client_id someone() {
    return ++last_client;
  }

  // -- what stands ------------------------------------------------------------

  /// Attempts in the hands of agents, oldest first.
  const std::vector<started>& held() const {
    return held_;
  }
  /// The oldest one that satisfies `wanted` and was not abandoned.
  std::optional<started> holding(const std::function<bool(const started&)>& wanted) const;
  std::optional<started> holding(const std::string& task) const;
  std::optional<started> holding() const;

  bool is_here(const std::string& agent) const;
  /// The job of this id that is not purged; null if there is none.
  const model::job* job(const std::string& id) const;
  bool is_to_sweep() const {
    return sweeps_ > 0;
  }

  std::size_t in_flight() const {
    return in_flight_.size();
  }
  const model::planner& expected() const {
    return model_;
  }
  plan::planner& real() {
    return *planner_;
  }
  store::store& disk() {
    return *store_;
  }
  /// All batches so far, in the order in which they were given out.
  const std::vector<store::batch>& batches() const {
    return batches_;
  }
  std::size_t answers() const {
    return answers_;
  }

  // -- comparisons ------------------------------------------------------------

  /// The store against the model of what is on disk; a planner restored from it against the
  /// one in memory, if all is on disk and nothing runs.
  void check();
  /// Ends all agents, so that nothing runs, and checks: memory and disk must agree entirely.
  void check_at_rest();
  /// Lets all agents come back and succeed until nothing is left to do: all jobs must end.
  void finish();

  /// Whether what happens next was held against the model before: then only the model goes on,
  /// and whoever walks sees to it that the batches are the same.
  void walked_before(bool x) {
    walked_before_ = x;
  }

  bool ok() const {
    return problem_.empty();
  }
  const std::string& problem() const {
    return problem_;
  }
  void fail(std::string what);

  timestamp now{std::chrono::seconds{1'000'000}};
  plan::client_id last_client = 0;

private:
  struct batch_in_flight {
    std::size_t number; // in batches_
    std::size_t parts;  // that the planner gave out
    std::vector<plan::command> commands;
    model::planner model;
    std::set<std::uint64_t> touched; // also beside the log
  };

  void take(plan::effects got, model::expectation expected, const std::string& by,
            std::size_t parts = 1);
  result<plan::planner> restore(store::view& disk, plan::scope scope, plan::effects& first,
                                std::size_t& parts);
  void compare(const plan::effects& got, const model::expectation& expected, const std::string& by);
  void count(const plan::event& what);
  void count(const std::vector<plan::command>& commands);
  void release(const std::vector<plan::command>& commands);
  void compare_memory(const std::string& when);
  void compare_restored();
  void compare_rows(const store::batch& writes, const std::set<std::uint64_t>& touched,
                    const std::string& by);
  void count_jobs_in_memory();
  bool answer_a_wait();
  bool cancel_a_stalled_job();
  bool take_up_a_job_that_is_waited_for();
  bool resume_a_paused_job();
  static std::string what_is_left(const model::job& j);

  world_options options_;
  std::unique_ptr<store::store> store_;
  std::optional<plan::planner> planner_;
  model::planner model_;
  model::planner on_disk_;
  std::deque<batch_in_flight> in_flight_;
  std::vector<store::batch> batches_;
  std::vector<started> held_;
  std::vector<plan::agent_joined> agents_;
  std::set<std::uint64_t> unchecked_;
  std::size_t answers_ = 0;
  bool walked_before_ = false;
  /// Commands `sweep` that have not been obeyed.
  std::size_t sweeps_ = 0;
  std::string problem_;
};

// -- comparisons of values, empty if they agree ---------------------------------

/// Assignments per agent in order; all other commands as a set.
std::string difference(const std::vector<plan::command>& got,
                       const std::vector<plan::command>& expected);

/// The tables `active`, `timers`, `watchers`, `children` and `doomed` of a store.
std::string difference_of_lists(store::view& disk, const model::planner& expected);

/// What the store shows of a job.
std::string difference(store::view& disk, const model::job& expected);

/// What it still shows of one that was purged and of which no row should be left.
std::string difference_of_purged(store::view& disk, std::uint64_t number);

std::string text_of(const plan::command& x);
std::string text_of(const plan::event& x);
std::string text_of(const plan::attempt_id& x);
std::string_view name_of_outcome(const plan::report& x);
std::string text_of(std::optional<timestamp> x);

} // namespace dagger::test
