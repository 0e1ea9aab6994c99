// All runs of flows of one engine: starts them, and sees to it that they end with it.
#pragma once

#include <dagger/actors/flow_crew.hpp>
#include <dagger/actors/flow_execution.hpp>
#include <dagger/actors/flow_runner.hpp>
#include <dagger/actors/stopper.hpp>
#include <dagger/flow.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace dagger::actors {

/// Safe to use from any thread.
class flow_desk {
public:
  /// What it needs of its engine, which outlives it.
  struct setup {
    actors::clock* clock = nullptr;
    duration grace{0};
    std::uint32_t workers = 1;
    /// Functions run in the runner's turns, in virtual time.
    bool deterministic = false;
    std::function<flow_runner_actor()> start_runner;
    std::function<void(std::function<void()>)> call;
    std::function<future<job_result>(const job&)> submit;
    std::function<void(std::string)> cancel_job;
    std::function<void(std::string)> purge_job;
  };

  explicit flow_desk(setup with);
  ~flow_desk();

  /// What never begins.
  static flow_run refused(const error& why);

  flow_run run(std::shared_ptr<const flow_parts::program> what, const flow_inputs& inputs);
  flow_run resume(std::shared_ptr<flow_execution> paused);

  /// Nothing new; what runs is asked to end.
  void stop();

  /// Waits until all runs have ended, at most the engine's grace from `stop` on; leaves the others
  /// behind. Their futures have the error `interrupted`. `pump`: see `gate`.
  void close(const std::function<bool()>& pump);

private:
  struct entry {
    std::shared_ptr<flow_execution> what;
    future<flow_result>::promise end;
  };

  flow_run enter(std::shared_ptr<flow_execution> what,
                 const std::function<void(flow_execution::end_callback)>& start);
  void ended(const flow_execution& x);
  std::shared_ptr<const flow_services> services() const;

  setup setup_;
  std::shared_ptr<flow_crew> crew_ = std::make_shared<flow_crew>();
  std::shared_ptr<stopper> stops_ = std::make_shared<stopper>();
  std::shared_ptr<const flow_services> services_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const flow_execution*, entry> running_;
  flow_runner_actor runner_;         // from the first run on
  std::atomic<bool> closed_ = false; // changed under the lock
  std::chrono::steady_clock::time_point until_;
};

} // namespace dagger::actors
