// Performs the planner's commands once they are on disk: gives tasks to agents and
// answers to clients. Decides nothing.
#pragma once

#include <dagger/actors/clients.hpp>
#include <dagger/actors/interfaces.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace dagger::actors {

/// Safe to use from any thread.
class dispatch {
public:
  /// What others do; it must only send.
  struct calls {
    /// The planner cannot go on.
    std::function<void(const error&)> give_up;
    /// A job cannot go on by itself.
    std::function<void(plan::stalled&&)> stalled;
    /// Rows of purged jobs are left.
    std::function<void()> sweep;
  };

  dispatch(clients& waiting, calls to) : clients_(waiting), calls_(std::move(to)) {}

  void add(std::string agent, agent_actor where);

  std::vector<agent_actor> all() const;

  void perform(std::vector<plan::command>&& commands);

  /// Forgets the agents.
  void clear();

private:
  agent_actor find(const std::string& agent) const;
  void perform(plan::assign&& x);
  void perform(plan::stop&& x);
  void perform(plan::accept&& x);
  void perform(plan::answer&& x);
  void perform(plan::refuse&& x);
  void perform(plan::give_up&& x);
  void perform(plan::done&& x);
  void perform(plan::stalled&& x);
  void perform(plan::sweep&& x);

  clients& clients_;
  calls calls_;
  mutable std::mutex mutex_;
  std::map<std::string, agent_actor> agents_;
};

} // namespace dagger::actors
