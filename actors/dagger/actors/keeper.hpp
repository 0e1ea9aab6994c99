// Gathers all that waits into one transaction. Knows rows, not what they mean.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>
#include <dagger/store/store.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace dagger::actors {

/// What a keeper needs; outlives it.
struct keeper_setup {
  std::shared_ptr<store::store> store;
  actors::clock* clock = nullptr;
  /// Takes parcels that are on disk; it must only send.
  std::function<void(std::span<const parcel_ptr>)> release;
  /// Takes messages that are on disk, whoever wrote them; it must only send.
  std::function<void(dagger::log::messages_appended&&)> on_appended;
  /// Somebody reads the log of the jobs: `on_appended` hears of it as well.
  std::atomic<bool> jobs_are_read{false};
  /// Something has been written; it must only send.
  std::function<void()> on_write;
  /// The store is full (with the reason) or can be written again.
  std::function<void(const std::optional<error>&)> on_full;
  /// The store cannot be written any more; the engine ends.
  std::function<void(const error&)> on_broken;
  /// Whether a full store is waited for; else it is an error as any other.
  bool waits_for_room = true;
  /// The engine ends: a full store is tried once more, then what is left is dropped.
  std::atomic<bool> ending{false};
  /// The engine is broken, here or elsewhere: nothing more is committed or released.
  std::atomic<bool> broken{false};
};

/// How long a full store is left alone.
inline constexpr std::chrono::seconds full_store_pause{1};

class keeper {
public:
  using handle = keeper_actor;
  static constexpr const char* name = "dagger.keeper";

  keeper(self_ptr<handle> self, std::shared_ptr<keeper_setup> setup);
  handle::behavior_type make_behavior();

private:
  void gather(parcel_ptr x);
  void commit();
  void choose();
  void pass(const store::committed& done);
  void tell_of_messages(const store::committed& done);
  void failed(const error& why);
  void drop_all();
  void flush_soon();

  self_ptr<handle> self_;
  std::shared_ptr<keeper_setup> setup_;
  clock::alarm alarm_;
  std::vector<parcel_ptr> gathered_;
  std::vector<parcel_ptr> chosen_;           // for the commit that is being made
  std::vector<const store::batch*> batches_; // of these
  std::uint64_t joint_ = 0; // the last joint transaction of which the hub's part came
  bool flushing_ = false;
  bool full_ = false;
};

} // namespace dagger::actors
