// The five steps of a driver, for channels.
//
//   publisher, subscriber ──event──► hub ──flush──► hub     (queues behind what already waits)
//                                     │ all that waited: apply, one parcel
//                                     ▼
//                                  keeper ──on disk──► futures, subscribers' queues
//   keeper ──messages_appended──► hub: new messages, whoever wrote them
//   planner ──joint_half──► hub: what follows from its event, in the same transaction
//   clock ──alarm_rang──► hub
#include <dagger/actors/hub.hpp>

#include <dagger/actors/snapshots.hpp>

#include <iterator>
#include <utility>

namespace dagger::actors {

namespace channels = dagger::log;

hub::hub(self_ptr<handle> self, std::shared_ptr<hub_setup> setup,
         std::shared_ptr<channels::hub> core, keeper_actor keeper)
  : self_(self),
    setup_(std::move(setup)),
    core_(std::move(core)),
    keeper_(std::move(keeper)),
    alarm_(setup_->clock->add([to = handle{self}] { post(to, alarm_rang{}); })) {
  set_alarm();
}

hub::handle::behavior_type hub::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](channel_event_ptr& x) { gather(std::move(x)); },
    [this](joint_half& x) { gather(x); },
    [this](flush) {
      flushing_ = false;
      apply_all();
    },
    [this](written x) {
      full_ = x.full ? std::optional{error{
                code::store_full, "the store takes no writes now", {}, "free some space"}}
                     : std::nullopt;
    },
    [this](alarm_rang) {
      alarm_at_.reset();
      gather(std::make_shared<channels::event>(channels::time_passed{}));
    },
    [this](closing& x) { close(x); },
  };
}

void hub::gather(channel_event_ptr x) {
  if (broken_
      || (closing_ && !std::holds_alternative<channels::sweep_due>(*x)
          && !std::holds_alternative<channels::messages_appended>(*x)))
    return;
  waiting_.push_back(std::move(x));
  flush_soon();
}

/// Also at the end: the planner's part waits for it.
void hub::gather(joint_half& x) {
  joint_ = x.number;
  if (!broken_)
    waiting_.push_back(std::move(x.what));
  flush_soon();
}

void hub::flush_soon() {
  if (!flushing_) {
    flushing_ = true;
    tell(self_, handle{self_}, flush{});
  }
}

void hub::apply_all() {
  if (auto batches = setup_->on_disk.exchange(0))
    core_->confirm(batches);
  auto into = std::make_shared<parcel>();
  into->from = parcel::maker::hub;
  into->joint = std::exchange(joint_, 0);
  auto commands = std::vector<channels::command>{};
  auto view = lazy_view{*setup_->store};
  auto now = setup_->clock->now();
  for (auto& x : std::exchange(waiting_, {}))
    if (!broken_ && !refused_while_full(*x))
      apply(*x, view, now, *into, commands);
  auto batches = std::exchange(into->batches, 0); // they are not the planner's
  std::ranges::move(std::exchange(barriers_, {}), std::back_inserter(into->passed));
  if (!into->writes.empty() || !commands.empty() || !into->passed.empty() || into->joint > 0) {
    into->on_disk = [setup = setup_, batches,
                     commands = std::make_shared<std::vector<channels::command>>(
                       std::move(commands))](std::span<const std::uint64_t> positions) {
      setup->on_disk += batches;
      setup->perform(std::move(*commands), positions);
    };
    tell(self_, keeper_, std::move(into));
  }
  set_alarm();
}

void hub::apply(const channels::event& x, store::view& view, timestamp now, parcel& into,
                std::vector<channels::command>& commands) {
  // The alarm may ring early: another one was set in the meantime.
  if (std::holds_alternative<channels::time_passed>(x))
    if (auto due = core_->wake_at(); !due || *due > now)
      return;
  auto effects = core_->apply(x, view, now);
  auto appends = into.writes.appends();
  for (auto& command : effects.commands) {
    if (auto* end = std::get_if<channels::give_up>(&command)) {
      // At once, not when the parcel is on disk: memory holds half of an event.
      broken_ = true;
      setup_->give_up(end->why);
      return;
    }
    if (auto* stored = std::get_if<channels::accept>(&command))
      stored->first += appends;
  }
  if (!effects.writes.empty()) {
    ++into.batches;
    if (into.writes.empty())
      into.writes = std::move(effects.writes);
    else
      into.writes.merge(effects.writes);
  }
  std::ranges::move(effects.commands, std::back_inserter(commands));
}

/// While the store is full nothing new is begun; answers wait for room with all else.
bool hub::refused_while_full(const channels::event& x) {
  if (!full_ || closing_)
    return false;
  return std::visit(
    [&](auto& e) {
      if constexpr (requires { e.client; }) {
        setup_->refuse(e.client, *full_);
        return true;
      } else {
        return false;
      }
    },
    x);
}

void hub::close(const closing& x) {
  if (!std::exchange(closing_, true) && !broken_)
    waiting_.push_back(std::make_shared<channels::event>(channels::everybody_left{}));
  barriers_.push_back([reached = x.reached] { reached->open(); });
  apply_all();
}

void hub::set_alarm() {
  auto due = broken_ ? std::nullopt : core_->wake_at();
  if (due == alarm_at_ || (closing_ && !due))
    return;
  alarm_at_ = due;
  setup_->clock->set(alarm_, due);
}

} // namespace dagger::actors
