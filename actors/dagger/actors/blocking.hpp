// An agent whose function may block: the actor hands tasks to a crew of threads and
// sees to it that their time is kept.
#pragma once

#include <dagger/actors/agent.hpp>
#include <dagger/actors/crew.hpp>

#include <map>
#include <memory>
#include <optional>

namespace dagger::actors {

class blocking_agent {
public:
  using handle = agent_actor;
  static constexpr const char* name = "dagger.blocking";

  blocking_agent(self_ptr<handle> self, agent_setup setup, std::shared_ptr<crew> threads);
  handle::behavior_type make_behavior();

private:
  void take(plan::assign& x);
  void stop(const plan::attempt_id& attempt);
  void give_up_overdue();
  void thread_came_back();
  void change_slots(std::int32_t by);
  void close(const closing& x);
  void set_alarm();

  self_ptr<handle> self_;
  agent_setup setup_;
  std::shared_ptr<crew> crew_;
  clock::alarm alarm_;
  std::multimap<timestamp, plan::attempt_id> graces_;
  std::size_t left_behind_ = 0;
  std::size_t lost_slots_ = 0;
  gate_ptr reached_;
  std::optional<timestamp> end_;
};

} // namespace dagger::actors
