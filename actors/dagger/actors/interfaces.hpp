// Every actor interface and every message on one page. Messages stay inside the
// process: they share what they carry and are never serialized.
#pragma once

#include <dagger/actors/caf.hpp>
#include <dagger/actors/gate.hpp>
#include <dagger/actors/outbox.hpp>
#include <dagger/log/event.hpp>
#include <dagger/plan/command.hpp>
#include <dagger/plan/event.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace dagger::actors {

// -- messages -----------------------------------------------------------------

/// Effects on their way to the disk, of one event or of several.
struct parcel {
  enum class maker : std::uint8_t { other, planner, hub };

  store::batch writes;
  maker from = maker::other;
  /// The last joint transaction that it has a part in; 0: none. The planner and the hub number them
  /// 1, 2, 3, ..., and both parts of each are committed together.
  std::uint64_t joint = 0;
  /// Batches of the planner that are in `writes`.
  std::size_t batches = 0;
  /// Released when `writes`, and all parcels before, are on disk.
  std::vector<plan::command> commands;
  /// Called by the keeper when the parcel is on disk, with the positions of its appends; may be
  /// empty.
  std::function<void(std::span<const std::uint64_t>)> on_disk;
  /// Called by the keeper when the parcel is through, or will never be.
  std::vector<std::function<void()>> passed;
};

using parcel_ptr = std::shared_ptr<parcel>;
using event_ptr = std::shared_ptr<plan::event>;
using channel_event_ptr = std::shared_ptr<dagger::log::event>;

/// Two events in one transaction: `then` is applied unless the planner refuses `what`.
struct joint_events {
  plan::event what;
  dagger::log::event then;
};
using joint_events_ptr = std::shared_ptr<joint_events>;

/// The hub's half of a joint transaction.
struct joint_half {
  std::uint64_t number = 0;
  channel_event_ptr what;
};

using assign_ptr = std::shared_ptr<plan::assign>;
using gate_ptr = std::shared_ptr<gate>;

/// To oneself: go on with what has gathered. Queues behind what already waits.
struct flush {};

/// More batches of the planner are on disk; whether the store takes no writes for now.
struct written {
  bool full;
};

/// An alarm of the clock.
struct alarm_rang {};

/// Calls `then` when all that was handed out before is through.
struct barrier {
  std::function<void()> then;
};

/// The engine ends: nothing new. `reached` opens when the receiver has done its part, which takes
/// `grace` at most.
struct closing {
  gate_ptr reached;
  std::chrono::milliseconds grace;
};

/// This attempt's time is over.
struct stop_attempt {
  plan::attempt_id attempt;
};

/// A thread that had been given up has ended.
struct thread_returned {};

} // namespace dagger::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::parcel_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::event_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::channel_event_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::joint_events_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::joint_half)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::assign_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::outbox_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::alarm_rang)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::barrier)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::closing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::stop_attempt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dagger::actors::thread_returned)

namespace dagger::actors {

// -- interfaces ---------------------------------------------------------------

/// Owns the write side of the store.
using keeper_actor = interface<
  // Commits the parcel, releases its commands, confirms its batches to the planner.
  caf::result<void>(parcel_ptr),
  // Commits what has gathered. To itself, and where a full store is to be tried again.
  caf::result<void>(flush)>;

/// Turns messages into events of `plan::planner`, and its effects into parcels.
using planner_actor = interface<
  // Something happened.
  caf::result<void>(event_ptr),
  // Something happened, and something follows from it for a channel.
  caf::result<void>(joint_events_ptr),
  // Applies the events that have gathered. To itself.
  caf::result<void>(flush),
  // An attempt that runs has something to say: takes it, in time.
  caf::result<void>(outbox_ptr),
  // A parcel is on disk, or the store is full: events are parked until it is not.
  caf::result<void>(written),
  // A timer of the planner is due.
  caf::result<void>(alarm_rang),
  // Tells when all that was handed out so far is through.
  caf::result<void>(barrier),
  // Takes all slots away; opens the gate when all that was handed out so far is through.
  caf::result<void>(closing)>;

/// Turns messages into events of `log::hub`, and its effects into parcels.
using hub_actor = interface<
  // Something happened to a channel.
  caf::result<void>(channel_event_ptr),
  // The same, as a part of what the planner has done.
  caf::result<void>(joint_half),
  // Applies the events that have gathered. To itself.
  caf::result<void>(flush),
  // The store is full: publishers are refused until it is not.
  caf::result<void>(written),
  // Something of the hub is due.
  caf::result<void>(alarm_rang),
  // All members leave; opens the gate when all that was handed out so far is through.
  caf::result<void>(closing)>;

/// One agent: starts its tasks and reports to the planner.
using agent_actor = interface<
  // Starts tasks; there are never more than the agent has slots.
  caf::result<void>(assign_ptr),
  // Sets the attempt's stop token; gives the attempt up after the agent's grace.
  caf::result<void>(stop_attempt),
  // Goes on with the tasks that wait. To itself.
  caf::result<void>(flush),
  // A grace or a pause is over.
  caf::result<void>(alarm_rang),
  // A slot can be used again.
  caf::result<void>(thread_returned),
  // Stops and gives back what runs; opens the gate when nothing runs any more.
  caf::result<void>(closing)>;

} // namespace dagger::actors
