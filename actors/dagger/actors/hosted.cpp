// An agent that is an actor.
//
//   keeper ──assign──► agent ──visit──► the user's actor ──outcome──► agent ──report──► planner
//   the user's actor ends ──► agent ──agent_lost──► planner
//                             agent ──barrier──► planner ──flush──► agent: nothing given to the old
//                               │                                   instance is on its way any more
//                               └─ pause ─► new actor ──agent_joined──► planner
#include <dagger/actors/hosted.hpp>

namespace dagger {

/// A visit and what keeps it alive while others work on it.
struct visit::impl {
  impl(std::shared_ptr<const actors::workplace> where, actors::agent_ptr who, plan::assignment what,
       std::shared_ptr<actors::attempt_control> how)
    : control(std::move(how)),
      attempt(std::move(where), std::move(who), std::move(what), control),
      self(attempt) {}

  std::shared_ptr<actors::attempt_control> control;
  task::impl attempt;
  task self;
};

task& visit::self() const {
  return impl_->self;
}

const json& visit::input() const {
  return impl_->attempt.input;
}

} // namespace dagger

namespace dagger::actors {

hosted_agent::hosted_agent(self_ptr<handle> self, agent_setup setup, agent_factory make)
  : self_(self),
    setup_(std::move(setup)),
    make_(std::move(make)),
    alarm_(setup_.clock->add([to = handle{self}] { post(to, alarm_rang{}); })) {
  start_actor();
}

hosted_agent::~hosted_agent() {
  if (actor_)
    end_actor(actor_);
}

hosted_agent::handle::behavior_type hosted_agent::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](assign_ptr& x) { take(*x); },
    [this](const stop_attempt& x) { stop(x.attempt); },
    [this](flush) {
      restart_ = setup_.clock->now() + pause_;
      pause_ = std::min(pause_ * 2, duration{longest_restart_pause});
      set_alarm();
    },
    [this](alarm_rang) { rang(); },
    [](thread_returned) {},
    [this](closing& x) { close(x); },
  };
}

void hosted_agent::take(plan::assign& x) {
  for (auto& given : x.tasks) {
    auto attempt = given.attempt;
    if (reached_) {
      tell(self_, setup_.planner, to_event(empty_report(attempt, plan::given_back{})));
      continue;
    }
    // Without an actor: the planner has interrupted this already, or will when it hears of it.
    if (!actor_)
      continue;
    auto control = std::make_shared<attempt_control>();
    auto made = std::make_shared<visit::impl>(setup_.where, setup_.agent, std::move(given),
                                              std::move(control));
    running_.emplace(attempt, made);
    if (auto ended = ended_before(made->attempt))
      report(attempt, std::move(*ended));
    else
      ask_for(made);
  }
}

void hosted_agent::ask_for(const std::shared_ptr<visit::impl>& x) {
  auto attempt = x->attempt.given.attempt;
  ask(self_, caf::infinite, actor_, visit{x})
    .then(
      [this, x, attempt](outcome& came) {
        pause_ = first_restart_pause;
        auto made = guarded(x->attempt, [&] { return x->attempt.conclude(std::move(came)); });
        report(attempt, std::move(made));
      },
      [this, attempt](const caf::error& why) { refused(attempt, why); });
}

void hosted_agent::refused(const plan::attempt_id& attempt, const caf::error& why) {
  auto i = running_.find(attempt);
  // Its end is news of its own.
  if (i == running_.end() || is_end(why))
    return;
  report(attempt, i->second->attempt.failed({.message = text(why)}));
}

void hosted_agent::report(const plan::attempt_id& attempt, plan::report&& x) {
  auto found = running_.extract(attempt);
  if (found.empty())
    return;
  // The actor may keep the visit; what it still does with it is void.
  found.mapped()->control->lost.request_stop();
  tell(self_, setup_.planner, to_event(std::move(x)));
  if (reached_ && running_.empty())
    reached_->open();
}

void hosted_agent::stop(const plan::attempt_id& attempt) {
  auto i = running_.find(attempt);
  if (i == running_.end())
    return;
  i->second->control->stop.request_stop();
  graces_.emplace(later(setup_.clock->now(), setup_.agent->options.grace), attempt);
  set_alarm();
}

void hosted_agent::rang() {
  auto now = setup_.clock->now();
  for (; !graces_.empty() && graces_.begin()->first <= now; graces_.erase(graces_.begin())) {
    auto attempt = graces_.begin()->second;
    report(attempt, empty_report(attempt, plan::abandoned{}));
  }
  if (restart_ && *restart_ <= now && !reached_) {
    restart_.reset();
    start_actor();
    tell(self_, setup_.planner, joined(*setup_.agent));
  }
  if (end_ && *end_ <= now) {
    end_.reset();
    for (auto& [attempt, x] : running_)
      tell(self_, setup_.planner, to_event(empty_report(attempt, plan::given_back{})));
    lose_all();
    reached_->open();
  }
  set_alarm();
}

void hosted_agent::start_actor() {
  actor_ = make_(self_->home_system());
  watcher_.watch(self_, actor_, [this](const caf::error& why) { actor_ended(why); });
}

void hosted_agent::actor_ended(const caf::error& why) {
  auto& name_of_agent = setup_.agent->options.name;
  setup_.where->logger->write(log_level::warning,
                              "the actor of agent '" + name_of_agent + "' has ended: " + text(why));
  actor_ = nullptr;
  graces_.clear();
  if (reached_) {
    for (auto& [attempt, x] : running_)
      tell(self_, setup_.planner, to_event(empty_report(attempt, plan::given_back{})));
    lose_all();
    reached_->open();
    return;
  }
  lose_all();
  tell(self_, setup_.planner, std::make_shared<plan::event>(plan::agent_lost{name_of_agent}));
  tell(self_, setup_.planner, barrier{[to = handle{self_}] { post(to, flush{}); }});
}

void hosted_agent::lose_all() {
  for (auto& [attempt, x] : running_) {
    x->control->lost.request_stop();
    x->control->stop.request_stop();
  }
  running_.clear();
}

void hosted_agent::close(const closing& x) {
  reached_ = x.reached;
  end_ = later(setup_.clock->now(), x.grace);
  restart_.reset();
  for (auto& [attempt, visit] : running_)
    visit->control->stop.request_stop();
  if (running_.empty())
    reached_->open();
  set_alarm();
}

void hosted_agent::set_alarm() {
  auto next = std::optional<timestamp>{};
  auto consider = [&](timestamp x) { next = next ? std::min(*next, x) : x; };
  if (!graces_.empty())
    consider(graces_.begin()->first);
  if (restart_)
    consider(*restart_);
  if (end_)
    consider(*end_);
  setup_.clock->set(alarm_, next);
}

} // namespace dagger::actors
