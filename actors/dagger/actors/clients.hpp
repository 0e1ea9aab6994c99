// Who waits for a job, or for a request about one: futures by number, how much is not on disk
// yet, and whether the engine takes more. Knows no actors.
#pragma once

#include <dagger/actors/notifier.hpp>
#include <dagger/actors/snapshots.hpp>
#include <dagger/engine.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

namespace dagger::actors {

/// Safe to use from any thread.
class clients {
public:
  /// `logger` hears of callbacks that throw; may be null.
  explicit clients(std::shared_ptr<const snapshots> views,
                   std::shared_ptr<const stderr_log> logger = nullptr)
    : views_(std::move(views)),
      notifier_(std::move(logger)) {}

  struct entry {
    plan::client_id id = 0;
    submission handle;
  };

  /// Notes a client that hands in `bytes`. Waits while too much is on its way, unless the thread
  /// is one of the engine's. The error says why nothing is taken now.
  result<entry> open(std::string job_id, std::size_t bytes);

  struct request {
    plan::client_id id = 0;
    future<void> done;
  };

  /// The same for one who wants something else. A full store refuses nothing: it waits there.
  result<request> open(std::size_t bytes);

  /// What is refused already.
  static submission refused(std::string job_id, const error& why);
  static future<void> refused(const error& why);

  void accept(plan::client_id client, bool created);
  void answer(plan::client_id client, std::uint64_t job, job_state state);
  void finish(plan::client_id client);
  void refuse(plan::client_id client, const error& why);

  /// Refuses new submits from now on, or, with nothing, takes them again.
  void set_full(const std::optional<error>& why);

  /// Fails all clients and refuses new ones, for good. The first reason stands.
  void close(const error& why);

  /// Calls a user's function in the thread for that.
  void call(std::function<void()> what);

  /// Runs the callbacks that are due, then ends their thread.
  void stop();

private:
  /// Waits for the end of a job.
  struct submitter {
    std::string job_id;
    future<bool>::promise accepted;
    future<job_result>::promise end;
  };

  /// Waits until something is on disk.
  struct requester {
    future<void>::promise done;
  };

  struct client {
    std::variant<submitter, requester> who;
    std::size_t bytes = 0;
    bool on_disk = false;
  };

  template <class T>
  void settle(const typename future<T>::promise& to, result<T> value);
  void fail_one(const client& x, const error& why);
  result<void> enter(std::unique_lock<std::mutex>& guard, std::size_t bytes, bool submit);
  std::optional<client> take(plan::client_id id);
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
