// The configuration of CAF. All actors are scheduled. The keeper's sync blocks, so there is a
// thread more; it is not the keeper's own, because then each step of a chain would wait until
// another one is awake: the thread that has committed goes on with what it released.
#include <dagger/actors/system.hpp>

#include <dagger/actors/blocking.hpp>
#include <dagger/actors/cooperative.hpp>
#include <dagger/actors/notifier.hpp>

#include <algorithm>
#include <thread>

namespace dagger::actors {

namespace {

/// One more than are wanted, for the keeper.
std::size_t threads_of(unsigned wanted) {
  // One less than two would let a cooperative function hold up the planner.
  return 1 + std::size_t{wanted > 0 ? wanted : std::max(2u, std::thread::hardware_concurrency())};
}

caf::actor_system_config& configured(caf::actor_system_config& cfg, staging how, unsigned threads) {
  // Agents that are actors run there, and must not wait for room when they submit.
  on_each_thread(cfg, &engine_owned::mark_thread);
  schedule(cfg, how == staging::threads ? "sharing" : "testing", threads_of(threads));
  return cfg;
}

} // namespace

struct system::impl {
  impl(staging how, unsigned threads) : native(configured(cfg, how, threads)) {}

  caf::actor_system_config cfg;
  caf::actor_system native;
};

system::system(staging how, unsigned threads)
  : how_(how),
    impl_(std::make_unique<impl>(how, threads)) {}

system::~system() = default;

caf::actor_system& system::native() {
  return impl_->native;
}

void system::wait() {
  native().await_all_actors_done();
}

keeper_actor system::start_keeper(std::shared_ptr<keeper_setup> setup) {
  return spawn<keeper>(native(), std::move(setup));
}

planner_actor system::start_planner(std::shared_ptr<const planner_setup> setup,
                                    std::shared_ptr<plan::planner> core, keeper_actor keeper) {
  return spawn<planner>(native(), std::move(setup), std::move(core), std::move(keeper));
}

hub_actor system::start_hub(std::shared_ptr<hub_setup> setup,
                            std::shared_ptr<dagger::log::hub> core, keeper_actor keeper) {
  return spawn<hub>(native(), std::move(setup), std::move(core), std::move(keeper));
}

bool system::needs_crew(const known_agent& x) const {
  return how_ == staging::threads && !x.options.cooperative;
}

agent_actor system::start_agent(agent_setup setup, std::shared_ptr<crew> threads) {
  if (threads)
    return spawn<blocking_agent>(native(), std::move(setup), std::move(threads));
  return spawn<cooperative_agent>(native(), std::move(setup));
}

agent_actor system::start_hosted(agent_setup setup, agent_factory make) {
  return spawn<hosted_agent>(native(), std::move(setup), std::move(make));
}

flow_runner_actor system::start_flow_runner(actors::clock* clock) {
  return spawn<flow_runner>(native(), clock);
}

} // namespace dagger::actors
