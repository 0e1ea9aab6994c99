// Starts actors, and alone decides which of them get a thread of their own.
#pragma once

#include <dagger/actors/crew.hpp>
#include <dagger/actors/flow_runner.hpp>
#include <dagger/actors/hosted.hpp>
#include <dagger/actors/hub.hpp>
#include <dagger/actors/keeper.hpp>
#include <dagger/actors/planner.hpp>

#include <memory>

namespace dagger::actors {

/// How actors run.
enum class staging : std::uint8_t {
  threads,       // the scheduler's threads, one for the keeper, those of blocking agents
  deterministic, // everything in the caller's thread, agents' functions too; nothing by itself
};

/// The actor system. Its end waits for all actors.
class system {
public:
  /// `threads`: of the scheduler; 0: as many as cores.
  system(staging how, unsigned threads);
  ~system();

  keeper_actor start_keeper(std::shared_ptr<keeper_setup> setup);
  planner_actor start_planner(std::shared_ptr<const planner_setup> setup,
                              std::shared_ptr<plan::planner> core, keeper_actor keeper);

  hub_actor start_hub(std::shared_ptr<hub_setup> setup, std::shared_ptr<dagger::log::hub> core,
                      keeper_actor keeper);

  /// Whether the agent's function runs in threads of its own.
  bool needs_crew(const known_agent& x) const;

  /// An agent that is a function; `threads` is null unless `needs_crew`.
  agent_actor start_agent(agent_setup setup, std::shared_ptr<crew> threads);
  agent_actor start_hosted(agent_setup setup, agent_factory make);

  flow_runner_actor start_flow_runner(actors::clock* clock);

  /// Nothing runs by itself.
  bool is_deterministic() const {
    return how_ == staging::deterministic;
  }

  /// Until all actors have ended.
  void wait();

  caf::actor_system& native();

private:
  struct impl;
  staging how_;
  std::unique_ptr<impl> impl_;
};

} // namespace dagger::actors
