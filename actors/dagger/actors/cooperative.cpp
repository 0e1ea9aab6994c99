// A function that is called in the actor.
//
//   keeper ──assign──► agent: up to 64 calls ──reports, as one event──► planner
//                        └──flush──► agent: the next 64
#include <dagger/actors/cooperative.hpp>

#include <dagger/actors/notifier.hpp>

#include <algorithm>

namespace dagger::actors {

cooperative_agent::cooperative_agent(self_ptr<handle> self, agent_setup setup)
  : self_(self),
    setup_(std::move(setup)),
    control_(std::make_shared<attempt_control>()) {}

cooperative_agent::handle::behavior_type cooperative_agent::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](assign_ptr& x) { take(*x); },
    [this](const stop_attempt& x) { stop(x.attempt); },
    [this](flush) {
      flushing_ = false;
      work();
    },
    [](alarm_rang) {},
    [](thread_returned) {},
    [this](closing& x) { close(x); },
  };
}

void cooperative_agent::take(plan::assign& x) {
  std::move(x.tasks.begin(), x.tasks.end(), std::back_inserter(waiting_));
  if (!flushing_)
    work();
}

void cooperative_agent::work() {
  auto owner = engine_owned{};
  auto reports = std::vector<plan::report>{};
  auto n = std::min(waiting_.size(), tasks_per_turn);
  reports.reserve(n);
  for (; n > 0; --n) {
    auto given = std::move(waiting_.front());
    waiting_.pop_front();
    if (closed_) {
      reports.push_back(empty_report(given.attempt, plan::given_back{}));
      continue;
    }
    auto attempt = task::impl{setup_.where, setup_.agent, std::move(given), control_};
    reports.push_back(perform(attempt));
  }
  if (!reports.empty())
    tell(self_, setup_.planner, to_event(std::move(reports)));
  if (!waiting_.empty()) {
    flushing_ = true;
    tell(self_, handle{self_}, flush{});
  }
}

/// Only one that waits can be stopped; a function that runs is short.
void cooperative_agent::stop(const plan::attempt_id& attempt) {
  auto i = std::ranges::find(waiting_, attempt, &plan::assignment::attempt);
  if (i == waiting_.end())
    return;
  waiting_.erase(i);
  tell(self_, setup_.planner, to_event(empty_report(attempt, plan::abandoned{})));
}

void cooperative_agent::close(const closing& x) {
  closed_ = true;
  control_->stop.request_stop();
  while (!waiting_.empty())
    work();
  x.reached->open();
}

} // namespace dagger::actors
