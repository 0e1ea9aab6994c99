// Where users' threads meet the hub: futures of those who publish, the bound on what is on its way,
// the queues of those who subscribe.
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/interfaces.hpp>
#include <dagger/actors/message_maker.hpp>
#include <dagger/actors/reply_book.hpp>
#include <dagger/actors/subscriber.hpp>
#include <dagger/channel.hpp>
#include <dagger/future.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace dagger::actors {

/// The way to the hub, which may have ended.
class hub_door {
public:
  void open(hub_actor to);
  void close();
  void send(dagger::log::event x) const;

private:
  mutable std::mutex mutex_;
  hub_actor hub_;
};

/// Where deliveries go, by member.
class delivery_sinks {
public:
  /// Takes deliveries, in the keeper's thread: it must only send.
  using sink = std::function<void(dagger::log::deliver&&)>;

  void add(dagger::log::member_id who, sink to);
  void remove(dagger::log::member_id who);
  void put(dagger::log::deliver&& x) const;

private:
  mutable std::mutex mutex_;
  std::map<dagger::log::member_id, std::shared_ptr<const sink>> sinks_;
};

/// Safe to use from any thread.
class channel_desk {
public:
  struct setup {
    std::shared_ptr<const message_maker> maker;
    actors::clock* clock = nullptr;
    std::shared_ptr<const stderr_log> logger;
    /// Why nothing new is taken now, if so.
    std::function<std::optional<error>()> refusal;
    /// Calls a user's function in the thread for that.
    std::function<void(std::function<void()>)> call;
    /// Somebody reads the log of the jobs from now on; to be said before he joins.
    std::function<void()> jobs_are_read;
  };

  explicit channel_desk(setup from);

  void open(hub_actor to) {
    door_->open(std::move(to));
  }

  /// The future of the position. Waits while too much of the channel is not on disk, or, with
  /// `wait` false, refuses with `limit`. Errors: invalid_input, too_large, channel_full,
  /// store_full.
  future<std::uint64_t> publish(std::string channel, message x, const publish_options& how,
                                bool wait);
  /// All of them or none, one behind the other.
  future<std::vector<std::uint64_t>> publish_all(std::string channel, std::vector<message> xs);
  future<void> cancel_delayed(std::string channel, std::string id);
  future<void> declare(channel_options x);
  future<void> remove(std::string channel, bool force);
  /// Publishes, and waits for the first answer; the error no_responders at once if nobody reads the
  /// channel, timeout later.
  future<json> request(std::string channel, message x, const publish_options& how, duration within);
  /// Makes the channel if it is not there.
  future<void> want(std::string channel);
  future<void> remove_group(std::string name);
  future<std::uint64_t> redrive(std::string channel);

  /// Waits until it has joined; throws `error`.
  subscription subscribe(std::string pattern, const subscribe_options& how, subscriber::handler run,
                         json purpose = nullptr);
  /// When all of these groups have answered everything.
  future<void> quiet(std::vector<std::string> groups);

  /// The same for one who answers by `send`. The future is ready when it has joined; `leave` in any
  /// case.
  std::pair<dagger::log::member_id, future<void>> join(std::string pattern,
                                                       const subscribe_options& how,
                                                       delivery_sinks::sink to,
                                                       json purpose = nullptr);
  void leave(dagger::log::member_id who);
  /// It has left by an event of its own.
  void forget(dagger::log::member_id who) {
    sinks_->remove(who);
  }
  void send(dagger::log::event x) {
    door_->send(std::move(x));
  }

  // For the hub.

  void perform(std::vector<dagger::log::command>&& commands,
               std::span<const std::uint64_t> positions);
  void refuse(dagger::log::client_id client, const error& why);

  /// Fails all that wait and refuses what comes, for good. The first reason stands.
  void fail_all(const error& why);

  /// No handler is called any more; waits at most so long for those that run. True if none does.
  bool stop(std::chrono::milliseconds grace);

  /// Nothing is sent any more.
  void close() {
    door_->close();
  }

private:
  using numbers = std::vector<std::uint64_t>;
  /// Takes positions, or the one count of what was done.
  using answer = std::function<void(result<numbers>)>;

  /// What of one channel is on its way to the disk.
  struct flight {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  struct waiting_client {
    answer then = {};
    std::string channel = {}; // of one who publishes
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  result<void> enter(std::unique_lock<std::mutex>& guard, const waiting_client& who, bool wait);
  void hand_in(dagger::log::messages_published x, answer then, bool wait);
  future<void> join(dagger::log::member_id who, std::string pattern, const subscribe_options& how,
                    delivery_sinks::sink to, json purpose);
  template <class T>
  answer answering(typename future<T>::promise to) const;
  template <class Event>
  void ask(Event x, answer then);
  std::optional<waiting_client> take(dagger::log::client_id id);
  void settle(dagger::log::client_id id, result<numbers> x);

  const setup setup_;
  const std::shared_ptr<hub_door> door_ = std::make_shared<hub_door>();
  const std::shared_ptr<reply_book> replies_;
  const std::shared_ptr<delivery_sinks> sinks_ = std::make_shared<delivery_sinks>();
  std::mutex mutex_;
  std::condition_variable room_;
  std::unordered_map<dagger::log::client_id, waiting_client> open_;
  std::map<std::string, flight> flights_;
  std::map<dagger::log::member_id, std::weak_ptr<subscriber>> subscribers_;
  dagger::log::client_id last_client_ = 0;
  dagger::log::member_id last_member_ = 0;
  std::optional<error> closed_;
};

} // namespace dagger::actors
