// Agents that are CAF actors: a state class that is asked for outcomes. Includes CAF.
#pragma once

#include <dagger/actors/caf.hpp>
#include <dagger/engine.hpp>

#include <functional>
#include <memory>

namespace dagger {

/// One attempt at one visit, as an actor gets it: `x->name()` and whatever else a `task` can do,
/// and the input. Keep it until the outcome is delivered; copies share the attempt.
class visit {
public:
  struct impl;
  explicit visit(std::shared_ptr<impl> self) : impl_(std::move(self)) {}

  task& self() const;
  const json& input() const;

  task* operator->() const {
    return &self();
  }

private:
  std::shared_ptr<impl> impl_;
};

} // namespace dagger

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::visit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::outcome)

namespace dagger {

/// What an actor that is an agent understands.
using agent_interface = actors::interface<
  // Work on this; answer with the outcome, now or through a response promise. An error as answer
  // is a failed attempt.
  caf::result<outcome>(visit)>;

/// What an agent's state class keeps to act in its own name.
using agent_self = actors::self_ptr<agent_interface>;

namespace actors {

/// Starts an agent's actor; called again when it has ended.
using agent_factory = std::function<agent_interface(caf::actor_system&)>;

/// What `add_actor_agent` does once it knows how to start the actor.
void add_hosted(engine& to, agent description, agent_factory make);

} // namespace actors

/// Adds an agent that is an actor of the engine's own system. `State` has
/// `using handle = dagger::agent_interface`, a `name`, a constructor that takes `agent_self` and
/// copies of `xs`, and `make_behavior()`. `description.run` stays empty; `concurrency` is how many
/// visits the actor gets before it has answered the first of them (0: 256).
///
/// An exception fails the attempt that threw it, with its text, and ends the actor. All other
/// attempts of an actor that ends are interrupted and run again in the next instance, which is
/// started after a pause of 100 ms, doubled up to 10 s for each that ends without an answer.
/// Like a cooperative function, the actor must never block.
template <class State, class... Ts>
void add_actor_agent(engine& to, agent description, Ts... xs) {
  actors::add_hosted(to, std::move(description), [xs...](caf::actor_system& home) {
    return actors::spawn<State>(home, xs...);
  });
}

} // namespace dagger
