// Drives `plan::planner`: messages to events, effects to parcels. Decides nothing.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>
#include <dagger/plan/planner.hpp>
#include <dagger/store/store.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dagger::actors {

/// What a planner needs; outlives it.
struct planner_setup {
  std::shared_ptr<const store::store> store;
  actors::clock* clock = nullptr;
  /// Batches that are on disk and that the planner has not heard of: it looks with every event.
  mutable std::atomic<std::size_t> on_disk{0};
  /// Answers a submit that comes while the store is full.
  std::function<void(plan::client_id, const error&)> refuse;
  /// The core cannot go on: the engine ends.
  std::function<void(const error&)> give_up;
  /// Hands the hub its part of a joint transaction; it must only send.
  std::function<void(joint_half)> route = {};
};

class planner {
public:
  using handle = planner_actor;
  static constexpr const char* name = "dagger.planner";

  planner(self_ptr<handle> self, std::shared_ptr<const planner_setup> setup,
          std::shared_ptr<plan::planner> core, keeper_actor keeper);
  handle::behavior_type make_behavior();

private:
  void gather(event_ptr x);
  void gather(const joint_events_ptr& x);
  void gather(outbox_ptr x);
  void flush_soon();
  void confirm();
  void apply_all();
  void apply(const plan::event& x, store::view& view, timestamp now, parcel& into);
  void hear(store::view& view, timestamp now, parcel& into);
  void hear(const outbox_ptr& from, bool hurry, store::view& view, timestamp now, parcel& into);
  void refuse_submits();
  void close(const closing& x);
  void set_alarm();

  self_ptr<handle> self_;
  std::shared_ptr<const planner_setup> setup_;
  std::shared_ptr<plan::planner> core_;
  keeper_actor keeper_;
  clock::alarm alarm_;
  std::vector<event_ptr> waiting_;
  std::map<const plan::event*, joint_events_ptr> joints_; // of those that wait
  std::vector<joint_half> halves_;                        // for the hub, once the parcel is sent
  std::uint64_t joint_ = 0;
  std::map<std::string, std::int32_t> slots_; // of all agents that have joined
  std::optional<timestamp> alarm_at_;
  std::vector<outbox_ptr> heard_; // since the last events were applied
  // Attempts whose chunks wait for the end of their pause, and when that is. A time may be left
  // over.
  std::map<plan::attempt_id, outbox_ptr> pausing_;
  std::set<std::pair<timestamp, plan::attempt_id>> pauses_;
  std::vector<std::function<void()>> barriers_; // of the parcel that is made next
  bool flushing_ = false;
  bool full_ = false;
  bool closing_ = false;
  bool broken_ = false;
};

} // namespace dagger::actors
