// What the three kinds of agents have in common: cooperative ones, blocking ones and
// those that are actors of a user.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>
#include <dagger/actors/visit.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace dagger::actors {

/// What an agent needs; never changes.
struct agent_setup {
  agent_ptr agent;
  std::shared_ptr<const workplace> where;
  actors::clock* clock = nullptr; // outlives the actors
  planner_actor planner;
};

template <class Event>
event_ptr to_event(Event x) {
  return std::make_shared<plan::event>(std::move(x));
}

inline event_ptr to_event(std::vector<plan::report>&& reports) {
  return to_event(plan::tasks_reported{std::move(reports)});
}

inline event_ptr to_event(plan::report&& x) {
  auto one = std::vector<plan::report>{};
  one.push_back(std::move(x));
  return to_event(std::move(one));
}

/// The report of an attempt that did not happen, or that is over without one.
template <class Outcome>
plan::report empty_report(const plan::attempt_id& attempt, Outcome outcome) {
  auto made = plan::report{};
  made.attempt = attempt;
  made.outcome = std::move(outcome);
  return made;
}

/// An agent's `agent_joined`; without `works` it is known, and gets no tasks.
inline event_ptr joined(const known_agent& x, bool works = true) {
  auto made = plan::agent_joined{};
  made.agent = x.options.name;
  made.slots = works ? x.slots : 0;
  made.retry = x.options.retry;
  if (x.options.timeout > duration{0})
    made.timeout = x.options.timeout;
  made.at_most_once = x.options.at_most_once;
  made.max_interruptions = x.options.max_interruptions;
  if (x.options.heartbeat > duration{0})
    made.heartbeat = x.options.heartbeat;
  return std::make_shared<plan::event>(std::move(made));
}

} // namespace dagger::actors
