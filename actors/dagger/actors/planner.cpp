// The five steps of a driver.
//
//   client, agent ──event──► planner ──flush──► planner    (queues behind what already waits)
//                               │ all that waited: apply, one parcel
//                               ▼
//                            keeper ──written──► planner
//   clock ──alarm_rang──► planner
//   agent's function ──outbox──► planner: heartbeat and chunks, before all that waited
#include <dagger/actors/planner.hpp>

#include <dagger/actors/snapshots.hpp>

#include <algorithm>
#include <iterator>

namespace dagger::actors {

namespace {

/// What does not mind if a report overtakes it: nobody can tell which one came first.
bool may_be_overtaken(const plan::event& x) {
  return std::holds_alternative<plan::job_submitted>(x)
      || std::holds_alternative<plan::job_resumed>(x)
      || std::holds_alternative<plan::signal_received>(x)
      || std::holds_alternative<plan::step_done>(x) || std::holds_alternative<plan::load_due>(x);
}

/// Reports that wait one behind the other become one event: they share rows.
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
    } else if (!may_be_overtaken(*x)) {
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
    [this](joint_events_ptr& x) { gather(x); },
    [this](flush) {
      flushing_ = false;
      apply_all();
    },
    [this](outbox_ptr& x) { gather(std::move(x)); },
    [this](written x) {
      confirm();
      if (full_ != x.full) {
        full_ = x.full;
        flush_soon();
      }
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
  } else if (std::holds_alternative<plan::sweep_due>(*x)
             || std::holds_alternative<plan::load_due>(*x)) {
    // The next engine goes on with that.
    if (closing_)
      return;
  }
  waiting_.push_back(std::move(x));
  flush_soon();
}

void planner::gather(const joint_events_ptr& x) {
  auto event = event_ptr{x, &x->what};
  joints_.emplace(event.get(), x);
  gather(std::move(event));
}

void planner::gather(outbox_ptr x) {
  heard_.push_back(std::move(x));
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
  into->from = parcel::maker::planner;
  auto view = lazy_view{*setup_->store};
  auto now = setup_->clock->now();
  // Before what waits: a sign of life counts if it is here before the time-out, and attempts have
  // sent theirs before their reports.
  hear(view, now, *into);
  for (auto& x : waiting_)
    if (x && !broken_)
      apply(*x, view, now, *into);
  waiting_.clear();
  joints_.clear();
  std::ranges::move(std::exchange(barriers_, {}), std::back_inserter(into->passed));
  if (!into->writes.empty() || !into->commands.empty() || !into->passed.empty())
    tell(self_, keeper_, std::move(into));
  for (auto& x : std::exchange(halves_, {})) // the keeper has ours before it gets the hub's
    setup_->route(std::move(x));
  set_alarm();
  if (core_->has_unread() && !closing_ && !broken_)
    gather(std::make_shared<plan::event>(plan::load_due{}));
}

void planner::apply(const plan::event& x, store::view& view, timestamp now, parcel& into) {
  // The alarm may ring early: another one was set in the meantime.
  if (std::holds_alternative<plan::time_passed>(x))
    if (auto due = core_->wake_at(); !due || *due > now)
      return;
  auto effects = core_->apply(x, view, now);
  auto refused = false;
  for (auto& command : effects.commands) {
    refused |= std::holds_alternative<plan::refuse>(command);
    if (auto* end = std::get_if<plan::give_up>(&command)) {
      // At once, not when the parcel is on disk: memory holds half of an event.
      broken_ = true;
      setup_->give_up(end->why);
      return;
    }
  }
  if (auto joint = joints_.extract(&x); !joint.empty() && !refused) {
    into.joint = ++joint_;
    auto& both = joint.mapped();
    halves_.push_back({joint_, channel_event_ptr{both, &both->then}});
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

/// Takes what attempts have said. What one has emitted comes before its report, without a pause.
void planner::hear(store::view& view, timestamp now, parcel& into) {
  if (heard_.empty() && pauses_.empty())
    return;
  auto reported = std::set<plan::attempt_id>{};
  for (auto& x : waiting_)
    if (auto* event = std::get_if<plan::tasks_reported>(x.get()))
      for (auto& report : event->reports)
        reported.insert(report.attempt);
  for (auto& attempt : reported)
    if (auto found = pausing_.extract(attempt); !found.empty())
      heard_.push_back(std::move(found.mapped()));
  for (auto& x : std::exchange(heard_, {}))
    hear(x, reported.contains(x->attempt()), view, now, into);
  while (!pauses_.empty() && pauses_.begin()->first <= now) {
    auto found = pausing_.extract(pauses_.begin()->second);
    pauses_.erase(pauses_.begin());
    if (!found.empty())
      hear(found.mapped(), false, view, now, into);
  }
}

void planner::hear(const outbox_ptr& from, bool hurry, store::view& view, timestamp now,
                   parcel& into) {
  if (auto beat = from->take_beat(); beat && !broken_)
    apply(std::move(*beat), view, now, into);
  if (auto chunks = from->take_chunks(now, hurry)) {
    into.passed.push_back([from, bytes = bytes_of(*chunks)] { from->landed(bytes); });
    if (!broken_)
      apply(std::move(*chunks), view, now, into);
  } else if (auto due = from->chunks_due()) {
    pausing_.emplace(from->attempt(), from);
    pauses_.emplace(*due, from->attempt());
  }
}

void planner::refuse_submits() {
  auto why = error{code::store_full, "the store takes no writes now", {}, "free some space"};
  std::erase_if(waiting_, [&](auto& x) {
    auto* submitted = std::get_if<plan::job_submitted>(x.get());
    if (!submitted)
      return false;
    setup_->refuse(submitted->client, why);
    joints_.erase(x.get());
    return true;
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
  if (!pauses_.empty() && (!due || pauses_.begin()->first < *due))
    due = pauses_.begin()->first;
  if (due == alarm_at_ || (closing_ && !due))
    return;
  alarm_at_ = due;
  setup_->clock->set(alarm_, due);
}

} // namespace dagger::actors
