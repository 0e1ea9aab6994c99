// What stands behind `dagger::engine`: builds the house of actors, and takes it down.
#pragma once

#include <dagger/actors/dispatch.hpp>
#include <dagger/actors/system.hpp>
#include <dagger/engine.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace dagger {

/// An engine over given parts. In virtual time nothing runs but in `pump`.
struct engine::impl {
public:
  struct parts {
    std::shared_ptr<store::store> store;
    /// Null: the real one.
    std::unique_ptr<actors::clock> clock = {};
    actors::staging staging = actors::staging::threads;
    /// Where nothing runs by itself: makes something run; false if nothing is left to do.
    std::function<bool()> pump = {};
  };

  impl(engine_options options, parts from);
  ~impl();

  /// `make`: for an agent that is an actor.
  void add(agent x, actors::agent_factory make = {});
  submission submit(plan::job_spec spec);
  submission resume(std::string id);
  std::vector<agent_description> agents() const;
  std::unique_ptr<store::view> read() const;
  std::optional<error> broken() const;
  /// Ends everything; see `~engine`.
  void close();

  actors::system& system() {
    return *system_;
  }

private:
  void build(plan::scope scope);
  std::optional<error> refusal(const plan::job_spec& spec) const;
  std::optional<error> out_of_space() const;
  void break_down(const error& why);
  void stop_agents();

  engine_options options_;
  std::shared_ptr<store::store> store_;
  std::function<bool()> pump_;
  std::shared_ptr<actors::snapshots> views_;
  std::shared_ptr<actors::directory> directory_;
  std::shared_ptr<actors::workplace> workplace_;
  std::unique_ptr<actors::clock> clock_;
  actors::clients clients_;
  actors::dispatch dispatch_;
  std::shared_ptr<actors::keeper_setup> keeping_;
  std::unique_ptr<actors::system> system_;
  actors::keeper_actor keeper_;
  actors::planner_actor planner_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<actors::crew>> crews_;
  std::optional<error> broken_;
};

} // namespace dagger
