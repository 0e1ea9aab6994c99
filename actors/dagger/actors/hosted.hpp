// An agent that is an actor of the user: starts it, asks it for outcomes, starts it
// again when it ends.
#pragma once

#include <dagger/actor_agent.hpp>
#include <dagger/actors/agent.hpp>

#include <map>
#include <memory>
#include <optional>

namespace dagger::actors {

/// The pause before an actor that has ended is started again: doubled each time, up to `most`.
inline constexpr std::chrono::milliseconds first_restart_pause{100};
inline constexpr std::chrono::milliseconds longest_restart_pause{10'000};

class hosted_agent {
public:
  using handle = agent_actor;
  static constexpr const char* name = "dagger.hosted";

  hosted_agent(self_ptr<handle> self, agent_setup setup, agent_factory make);
  ~hosted_agent();
  handle::behavior_type make_behavior();

private:
  void take(plan::assign& x);
  void ask_for(const std::shared_ptr<visit::impl>& x);
  void report(const plan::attempt_id& attempt, plan::report&& x);
  void refused(const plan::attempt_id& attempt, const caf::error& why);
  void stop(const plan::attempt_id& attempt);
  void rang();
  void start_actor();
  void actor_ended(const caf::error& why);
  void close(const closing& x);
  void lose_all();
  void set_alarm();

  self_ptr<handle> self_;
  agent_setup setup_;
  agent_factory make_;
  watcher watcher_;
  agent_interface actor_;
  clock::alarm alarm_;
  std::map<plan::attempt_id, std::shared_ptr<visit::impl>> running_;
  std::multimap<timestamp, plan::attempt_id> graces_;
  std::optional<timestamp> restart_;
  std::optional<timestamp> end_;
  duration pause_ = first_restart_pause;
  gate_ptr reached_;
};

} // namespace dagger::actors
