// Drives `log::hub`: messages to events, effects to parcels. Decides nothing.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>
#include <dagger/log/hub.hpp>
#include <dagger/store/store.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace dagger::actors {

/// What a hub needs; outlives it.
struct hub_setup {
  std::shared_ptr<const store::store> store;
  actors::clock* clock = nullptr;
  /// Batches that are on disk and that the core has not heard of.
  std::atomic<std::size_t> on_disk{0};
  /// Carries out what waited for the disk; positions of the parcel's appends. It must only send.
  std::function<void(std::vector<dagger::log::command>&&, std::span<const std::uint64_t>)> perform;
  /// Answers at once.
  std::function<void(dagger::log::client_id, const error&)> refuse;
  /// The core cannot go on: the engine ends.
  std::function<void(const error&)> give_up;
};

class hub {
public:
  using handle = hub_actor;
  static constexpr const char* name = "dagger.hub";

  hub(self_ptr<handle> self, std::shared_ptr<hub_setup> setup,
      std::shared_ptr<dagger::log::hub> core, keeper_actor keeper);
  handle::behavior_type make_behavior();

private:
  void gather(channel_event_ptr x);
  void gather(joint_half& x);
  void flush_soon();
  void apply_all();
  void apply(const dagger::log::event& x, store::view& view, timestamp now, parcel& into,
             std::vector<dagger::log::command>& commands);
  bool refused_while_full(const dagger::log::event& x);
  void close(const closing& x);
  void set_alarm();

  self_ptr<handle> self_;
  std::shared_ptr<hub_setup> setup_;
  std::shared_ptr<dagger::log::hub> core_;
  keeper_actor keeper_;
  clock::alarm alarm_;
  std::vector<channel_event_ptr> waiting_;
  std::uint64_t joint_ = 0; // the last joint transaction that has a part among these
  std::vector<std::function<void()>> barriers_; // of the parcel that is made next
  std::optional<timestamp> alarm_at_;
  std::optional<error> full_;
  bool flushing_ = false;
  bool closing_ = false;
  bool broken_ = false;
};

} // namespace dagger::actors
