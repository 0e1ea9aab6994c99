// Wakes executions.
//
//   execution ──flow_alarm──► flow runner ──tick──► execution
//   clock ──alarm_rang──► flow runner
//   desk ──flow_turn──► flow runner: a worker's turn (in virtual time)
#include <dagger/actors/flow_runner.hpp>

#include <dagger/actors/flow_execution.hpp>
#include <dagger/actors/notifier.hpp>

#include <utility>

namespace dagger::actors {

flow_runner::flow_runner(self_ptr<handle> self, actors::clock* clock)
  : self_(self),
    clock_(clock),
    alarm_(clock->add([to = handle{self}] { post(to, alarm_rang{}); })) {}

flow_runner::handle::behavior_type flow_runner::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](flow_alarm& x) {
      due_.emplace(x.when, std::move(x.who));
      ring();
    },
    [this](alarm_rang) { ring(); },
    [](flow_turn& x) {
      auto owner = engine_owned{};
      x.work();
    },
  };
}

void flow_runner::ring() {
  auto now = clock_->now();
  while (!due_.empty() && due_.begin()->first <= now) {
    auto who = due_.extract(due_.begin()).mapped().lock();
    if (who)
      who->tick(now);
  }
  clock_->set(alarm_, due_.empty() ? std::nullopt : std::optional{due_.begin()->first});
}

} // namespace dagger::actors
