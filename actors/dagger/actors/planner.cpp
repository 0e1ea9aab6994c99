// The five steps of a driver.
//
//   client, agent ──event──► planner ──flush──► planner    (queues behind what already waits)
//                               │ all that waited: apply, one parcel
//                               ▼
//                            keeper ──confirmed──► planner
//   clock ──alarm_rang──► planner
#include <dagger/actors/planner.hpp>

#include <dagger/actors/snapshots.hpp>

#include <iterator>

namespace dagger::actors {

namespace {

/// Reports that wait one behind the other become one event: they share rows. Submits in between
/// do not mind being overtaken.
void join_reports(std::vector<event_ptr>& events) {
  auto* open = static_cast<plan::tasks_reported*>(nullptr);
  for (auto& x : events) {
    auto* reports = std::get_if<plan::tasks_reported>(x.get());
    if (reports && open) {
      std::move(reports->reports.begin(), reports->reports.end(),
                std::back_inserter(open->reports));
      x = nullptr;
    } else if (reports) {
      open = reports;
    } else if (!std::holds_alternative<plan::job_submitted>(*x)
               && !std::holds_alternative<plan::job_resumed>(*x)) {
      open = nullptr;
    }
  }
}

} // namespace

planner::planner(self_ptr<handle> self, std::shared_ptr<const planner_setup> setup,
                 std::shared_ptr<plan::planner> core, keeper_actor keeper)
  : self_(self),
    setup_(std::move(setup)),
    core_(std::move(core)),
    keeper_(std::move(keeper)),
    alarm_(setup_->clock->add([to = handle{self}] { post(to, alarm_rang{}); })) {}

planner::handle::behavior_type planner::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](event_ptr& x) { gather(std::move(x)); },
    [this](flush) {
      flushing_ = false;
      apply_all();
    },
    [this](confirmed) { confirm(); },
    [this](store_full x) {
      full_ = x.now;
      flush_soon();
    },
    [this](alarm_rang) {
      alarm_at_.reset();
      gather(std::make_shared<plan::event>(plan::time_passed{}));
    },
    [this](barrier& x) {
      barriers_.push_back(std::move(x.then));
      flush_soon();
    },
    [this](closing& x) { close(x); },
  };
}

void planner::gather(event_ptr x) {
  if (broken_)
    return;
  if (auto* joined = std::get_if<plan::agent_joined>(x.get())) {
    if (closing_)
      return;
    slots_[joined->agent] = static_cast<std::int32_t>(joined->slots);
  } else if (auto* lost = std::get_if<plan::agent_lost>(x.get())) {
    slots_.erase(lost->agent);
  } else if (auto* more = std::get_if<plan::slots_changed>(x.get())) {
    if (closing_ && more->by > 0)
      return;
  }
  waiting_.push_back(std::move(x));
  flush_soon();
}

void planner::flush_soon() {
  if (!flushing_) {
    flushing_ = true;
    tell(self_, handle{self_}, flush{});
  }
}

void planner::confirm() {
  if (auto batches = setup_->on_disk.exchange(0))
    core_->confirm(batches);
}

void planner::apply_all() {
  confirm();
  if (full_ && !closing_ && !broken_) {
    refuse_submits();
    return;
  }
  join_reports(waiting_);
  auto into = std::make_shared<parcel>();
  auto view = lazy_view{*setup_->store};
  auto now = setup_->clock->now();
  for (auto& x : waiting_)
    if (x && !broken_)
      apply(*x, view, now, *into);
  waiting_.clear();
  into->passed = std::exchange(barriers_, {});
  if (!into->writes.empty() || !into->commands.empty() || !into->passed.empty())
    tell(self_, keeper_, std::move(into));
  set_alarm();
}

void planner::apply(const plan::event& x, store::view& view, timestamp now, parcel& into) {
  // The alarm may ring early: another one was set in the meantime.
  if (std::holds_alternative<plan::time_passed>(x))
    if (auto due = core_->wake_at(); !due || *due > now)
      return;
  auto effects = core_->apply(x, view, now);
  for (auto& command : effects.commands)
    if (auto* end = std::get_if<plan::give_up>(&command)) {
      // At once, not when the parcel is on disk: memory holds half of an event.
      broken_ = true;
      setup_->give_up(end->why);
      return;
    }
  if (!effects.writes.empty()) {
    ++into.batches;
    if (into.writes.empty())
      into.writes = std::move(effects.writes);
    else
      into.writes.merge(effects.writes);
  }
  std::move(effects.commands.begin(), effects.commands.end(), std::back_inserter(into.commands));
}

void planner::refuse_submits() {
  auto why = error{code::store_full, "the store takes no writes now", {}, "free some space"};
  std::erase_if(waiting_, [&](auto& x) {
    if (auto* submitted = std::get_if<plan::job_submitted>(x.get()))
      setup_->refuse(submitted->client, why);
    return std::holds_alternative<plan::job_submitted>(*x);
  });
}

void planner::close(const closing& x) {
  if (!std::exchange(closing_, true) && !broken_)
    for (auto& [agent, slots] : slots_)
      waiting_.push_back(std::make_shared<plan::event>(plan::slots_changed{agent, -slots}));
  barriers_.push_back([reached = x.reached] { reached->open(); });
  apply_all();
}

void planner::set_alarm() {
  auto due = broken_ ? std::nullopt : core_->wake_at();
  if (due == alarm_at_ || (closing_ && !due))
    return;
  alarm_at_ = due;
  setup_->clock->set(alarm_, due);
}

} // namespace dagger::actors
