// A function that is called in threads of its own.
//
//   keeper ──assign──► agent ──► crew ──report──► planner
//   keeper ──stop──► agent: stop token; after `grace`: thread left behind ──abandoned──► planner
//   crew ──thread_returned──► agent
//   engine ──closing──► agent: stop tokens; after `grace`: what runs is given back
#include <dagger/actors/blocking.hpp>

namespace dagger::actors {

blocking_agent::blocking_agent(self_ptr<handle> self, agent_setup setup,
                               std::shared_ptr<crew> threads)
  : self_(self),
    setup_(std::move(setup)),
    crew_(std::move(threads)),
    alarm_(setup_.clock->add([to = handle{self}] { post(to, alarm_rang{}); })) {
  crew_->listen({
    .on_report = [to = setup_.planner](plan::report&& x) { post(to, to_event(std::move(x))); },
    .on_return = [to = handle{self}] { post(to, thread_returned{}); },
  });
}

blocking_agent::handle::behavior_type blocking_agent::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](assign_ptr& x) { take(*x); },
    [this](const stop_attempt& x) { stop(x.attempt); },
    [](flush) {},
    [this](alarm_rang) { give_up_overdue(); },
    [this](thread_returned) { thread_came_back(); },
    [this](closing& x) { close(x); },
  };
}

void blocking_agent::take(plan::assign& x) {
  for (auto& task : x.tasks)
    if (reached_)
      tell(self_, setup_.planner, to_event(empty_report(task.attempt, plan::given_back{})));
    else
      crew_->start(std::move(task));
}

void blocking_agent::stop(const plan::attempt_id& attempt) {
  if (!crew_->stop(attempt))
    return;
  graces_.emplace(later(setup_.clock->now(), setup_.agent->options.grace), attempt);
  set_alarm();
}

void blocking_agent::give_up_overdue() {
  auto now = setup_.clock->now();
  for (; !graces_.empty() && graces_.begin()->first <= now; graces_.erase(graces_.begin())) {
    auto& attempt = graces_.begin()->second;
    if (!crew_->give_up(attempt))
      continue;
    // Before its slot is free: no other task may get it.
    if (++left_behind_ > limits::abandoned_threads && lost_slots_ < setup_.agent->slots) {
      ++lost_slots_;
      change_slots(-1);
    }
    tell(self_, setup_.planner, to_event(empty_report(attempt, plan::abandoned{})));
  }
  if (end_ && *end_ <= now) {
    for (auto& attempt : crew_->give_up_all())
      tell(self_, setup_.planner, to_event(empty_report(attempt, plan::given_back{})));
    reached_->open();
    end_.reset();
  }
  set_alarm();
}

void blocking_agent::thread_came_back() {
  if (reached_)
    return;
  --left_behind_;
  if (lost_slots_ > 0) {
    --lost_slots_;
    change_slots(+1);
  }
}

void blocking_agent::change_slots(std::int32_t by) {
  auto change = plan::slots_changed{setup_.agent->options.name, by};
  tell(self_, setup_.planner, std::make_shared<plan::event>(std::move(change)));
}

void blocking_agent::close(const closing& x) {
  reached_ = x.reached;
  end_ = later(setup_.clock->now(), x.grace);
  for (auto& attempt : crew_->drain())
    tell(self_, setup_.planner, to_event(empty_report(attempt, plan::given_back{})));
  // Only now: who waits at the gate relies on all that was told before.
  crew_->when_idle([reached = reached_] { reached->open(); });
  set_alarm();
}

void blocking_agent::set_alarm() {
  auto next = end_;
  if (!graces_.empty() && (!next || graces_.begin()->first < *next))
    next = graces_.begin()->first;
  setup_.clock->set(alarm_, next);
}

} // namespace dagger::actors
