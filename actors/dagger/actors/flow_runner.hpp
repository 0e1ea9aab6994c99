// The times of all runs of flows of an engine; and, where nothing has threads, their turns.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>

#include <functional>
#include <map>
#include <memory>

namespace dagger::actors {

class flow_execution;

/// Something of a run of a flow is due then.
struct flow_alarm {
  std::weak_ptr<flow_execution> who;
  timestamp when;
};

/// Where nothing has threads: a worker of a run walks.
struct flow_turn {
  std::function<void()> work;
};

} // namespace dagger::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::flow_alarm)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::flow_turn)

namespace dagger::actors {

/// The times of all runs of flows.
using flow_runner_actor = interface<
  // Wakes that run then.
  caf::result<void>(flow_alarm),
  // Some are due.
  caf::result<void>(alarm_rang),
  // Walks, in virtual time.
  caf::result<void>(flow_turn)>;

class flow_runner {
public:
  using handle = flow_runner_actor;
  static constexpr const char* name = "dagger.flow_runner";

  /// `clock` outlives it.
  flow_runner(self_ptr<handle> self, actors::clock* clock);
  handle::behavior_type make_behavior();

private:
  void ring();

  self_ptr<handle> self_;
  actors::clock* clock_;
  clock::alarm alarm_;
  std::multimap<timestamp, std::weak_ptr<flow_execution>> due_;
};

} // namespace dagger::actors
