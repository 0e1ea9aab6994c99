// Who waits for a job: futures by number, how many submits are not on disk yet, and
// whether the engine takes new ones. Knows no actors.
#pragma once

#include <dagger/actors/notifier.hpp>
#include <dagger/actors/snapshots.hpp>
#include <dagger/engine.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace dagger::actors {

/// Safe to use from any thread.
class clients {
public:
  /// `logger` hears of callbacks that throw; may be null.
  explicit clients(std::shared_ptr<const snapshots> views,
                   std::shared_ptr<const log> logger = nullptr)
    : views_(std::move(views)),
      notifier_(std::move(logger)) {}

  struct entry {
    plan::client_id id = 0;
    submission handle;
  };

  /// Notes a client that hands in `bytes`. Waits while too much is on its way, unless the thread
  /// is one of the engine's. The error says why nothing is taken now.
  result<entry> open(std::string job_id, std::size_t bytes);

  /// A submission that is refused already.
  static submission refused(std::string job_id, const error& why);

  void accept(plan::client_id client, bool created);
  void answer(plan::client_id client, std::uint64_t job, job_state state);
  void refuse(plan::client_id client, const error& why);

  /// Refuses new ones from now on, or, with nothing, takes them again.
  void set_full(const std::optional<error>& why);

  /// Fails all clients and refuses new ones, for good. The first reason stands.
  void close(const error& why);

  /// Runs the callbacks that are due, then ends their thread.
  void stop();

private:
  struct client {
    std::string job_id;
    future<bool>::promise accepted;
    future<job_result>::promise end;
    std::size_t bytes = 0;
    bool on_disk = false;
  };

  template <class T>
  void settle(const typename future<T>::promise& to, result<T> value);
  bool crowded(std::size_t bytes) const;
  void leave_crowd(client& x);

  std::shared_ptr<const snapshots> views_;
  notifier notifier_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::unordered_map<plan::client_id, client> open_;
  plan::client_id last_ = 0;
  std::size_t waiting_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  std::optional<error> full_;
  std::optional<error> closed_;
};

} // namespace dagger::actors
