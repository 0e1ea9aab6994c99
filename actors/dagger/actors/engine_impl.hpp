// What stands behind `dagger::engine`: builds the house of actors, and takes it down.
#pragma once

#include <dagger/actors/append_watch.hpp>
#include <dagger/actors/channel_desk.hpp>
#include <dagger/actors/dispatch.hpp>
#include <dagger/actors/line.hpp>
#include <dagger/actors/message_waits.hpp>
#include <dagger/actors/one_by_one.hpp>
#include <dagger/actors/system.hpp>
#include <dagger/engine.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace dagger::actors {

class flow_desk;
class gateway;

} // namespace dagger::actors

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
  /// All of them or none.
  void add_all(std::vector<agent> xs);
  /// `then`: what follows for a channel, in one transaction, unless the job is refused.
  submission submit(plan::job_spec spec, std::optional<dagger::log::event> then = {});
  submission resume(std::string id);
  future<void> signal(std::string job_id, std::string name, const json& value,
                      signal_options options);
  future<void> decide(plan::review_decided x);
  future<void> pause(std::string job_id);
  future<void> cancel(std::string job_id);
  future<void> retry(std::string job_id, std::string from,
                     std::shared_ptr<const plan::job_spec> with);
  future<void> purge(std::string job_id);
  std::vector<error> check_node(std::string_view job_id, const json& node,
                                const node_options& from) const;
  future<void> add_node(std::string job_id, json node, node_options from);
  future<void> add_task(std::string job_id, plan::task_spec x);
  future<void> remove_node(std::string job_id, std::string node);
  future<void> enable(std::string job_id, std::string node, bool enabled);
  future<void> set_input(std::string job_id, std::string node, json values);
  flow_run run(const flow& what, const flow_inputs& inputs);
  flow_run resume(std::shared_ptr<actors::flow_execution> paused);
  subscription on(std::string pattern, trigger_options how);
  /// A task waits for a message: `which` says it.
  future<void> await(actors::message_wait which);
  std::vector<agent_description> agents() const;
  std::unique_ptr<store::view> read() const;
  std::optional<error> broken() const;
  std::optional<error> full() const;

  /// What users do with channels.
  actors::channel_desk& channels() {
    return channels_;
  }

  /// Who wants to know of new rows in the log `dagger.jobs`.
  actors::append_watch& appended() {
    return appended_;
  }

  const engine_options& options() const {
    return options_;
  }

  const actors::clock& time() const {
    return *clock_;
  }

  /// Ends everything; see `~engine`.
  void close();

  actors::system& system() {
    return *system_;
  }

private:
  actors::agent_ptr prepared(agent x, actors::needs_function function) const;
  void enlist(std::span<const actors::agent_ptr> xs);
  void start(const actors::agent_ptr& known, actors::agent_factory make = {});
  void build(const plan::planner_options& options);
  void start_keeper(const std::shared_ptr<actors::planner_setup>& planning);
  void start_planner(const std::shared_ptr<actors::planner_setup>& planning, plan::planner&& core);
  void start_hub();
  void open_line();
  void open_flows();
  void open_gateway();
  void tell_of_stall(plan::stalled&& x);
  void open_waits();
  void tell_planner(plan::event x, std::optional<dagger::log::event> then);
  template <class Event>
  future<void> request(Event x, std::size_t bytes, std::optional<dagger::log::event> then = {});
  template <class Ask>
  future<void> change(std::string job_id, Ask ask);
  std::optional<error> unfit_for_its_wait(const std::string& job_id, const std::string& name,
                                          const json& value) const;
  std::optional<error> refusal(const plan::job_spec& spec) const;
  std::optional<error> out_of_space() const;
  void set_full(const std::optional<error>& why);
  void break_down(const error& why);
  void stop_agents();
  void stop_channels();

  engine_options options_;
  std::shared_ptr<store::store> store_;
  std::function<bool()> pump_;
  std::shared_ptr<actors::snapshots> views_;
  std::shared_ptr<actors::directory> directory_;
  std::shared_ptr<actors::line> line_;
  std::shared_ptr<actors::workplace> workplace_;
  std::unique_ptr<actors::clock> clock_;
  actors::clients clients_;
  actors::dispatch dispatch_;
  actors::channel_desk channels_;
  std::shared_ptr<actors::message_waits> waits_;
  actors::append_watch appended_;
  /// Each is held against what the one before has left.
  actors::one_by_one changes_;
  std::shared_ptr<actors::keeper_setup> keeping_;
  std::unique_ptr<actors::system> system_;
  actors::keeper_actor keeper_;
  actors::planner_actor planner_;
  std::shared_ptr<actors::hub_setup> routing_;
  actors::hub_actor hub_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<actors::crew>> crews_;
  std::unique_ptr<actors::flow_desk> flows_;
  std::optional<error> broken_;
  std::optional<error> full_;
  std::unique_ptr<actors::gateway> gateway_;
};

} // namespace dagger
