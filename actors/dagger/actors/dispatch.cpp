// Commands to messages and futures.
//
//   keeper ──commands of a committed parcel──► dispatch ──assign, stop──► agent
//                                                      ├──accept, answer, done, refuse──► clients
//                                                      └──sweep──► planner
#include <dagger/actors/dispatch.hpp>

namespace dagger::actors {

void dispatch::add(std::string agent, agent_actor where) {
  auto guard = std::lock_guard{mutex_};
  agents_.insert_or_assign(std::move(agent), std::move(where));
}

std::vector<agent_actor> dispatch::all() const {
  auto guard = std::lock_guard{mutex_};
  auto found = std::vector<agent_actor>{};
  for (auto& [name, x] : agents_)
    found.push_back(x);
  return found;
}

agent_actor dispatch::find(const std::string& agent) const {
  auto guard = std::lock_guard{mutex_};
  auto i = agents_.find(agent);
  return i == agents_.end() ? agent_actor{} : i->second;
}

void dispatch::perform(std::vector<plan::command>&& commands) {
  for (auto& x : commands)
    std::visit([this](auto& command) { perform(std::move(command)); }, x);
}

void dispatch::clear() {
  auto guard = std::lock_guard{mutex_};
  agents_.clear();
}

void dispatch::perform(plan::assign&& x) {
  if (auto to = find(x.agent))
    post(to, std::make_shared<plan::assign>(std::move(x)));
}

void dispatch::perform(plan::stop&& x) {
  if (auto to = find(x.agent))
    post(to, stop_attempt{x.attempt});
}

void dispatch::perform(plan::accept&& x) {
  clients_.accept(x.client, x.created);
}

void dispatch::perform(plan::answer&& x) {
  clients_.answer(x.client, x.job, x.state);
}

void dispatch::perform(plan::refuse&& x) {
  clients_.refuse(x.client, x.why);
}

void dispatch::perform(plan::give_up&& x) {
  calls_.give_up(x.why);
}

void dispatch::perform(plan::done&& x) {
  clients_.finish(x.client);
}

void dispatch::perform(plan::stalled&& x) {
  calls_.stalled(std::move(x));
}

void dispatch::perform(plan::sweep&&) {
  calls_.sweep();
}

} // namespace dagger::actors
