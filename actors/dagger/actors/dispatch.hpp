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
  /// `give_up` is called if the planner cannot go on.
  dispatch(clients& waiting, std::function<void(const error&)> give_up)
    : clients_(waiting),
      give_up_(std::move(give_up)) {}

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

  clients& clients_;
  std::function<void(const error&)> give_up_;
  mutable std::mutex mutex_;
  std::map<std::string, agent_actor> agents_;
};

} // namespace dagger::actors
