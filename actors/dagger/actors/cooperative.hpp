// An agent whose function is short and never blocks: the actor calls it itself.
#pragma once

#include <dagger/actors/agent.hpp>

#include <deque>
#include <memory>

namespace dagger::actors {

/// Tasks that one turn on the scheduler works on, before others get theirs.
inline constexpr std::size_t tasks_per_turn = 64;

class cooperative_agent {
public:
  using handle = agent_actor;
  static constexpr const char* name = "dagger.cooperative";

  cooperative_agent(self_ptr<handle> self, agent_setup setup);
  handle::behavior_type make_behavior();

private:
  void take(plan::assign& x);
  void work();
  void stop(const plan::attempt_id& attempt);
  void close(const closing& x);

  self_ptr<handle> self_;
  agent_setup setup_;
  std::shared_ptr<attempt_control> control_; // of all attempts: one cannot be stopped alone
  std::deque<plan::assignment> waiting_;
  bool flushing_ = false;
  bool closed_ = false;
};

} // namespace dagger::actors
