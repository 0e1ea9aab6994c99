// One who gets messages: a queue that the keeper's thread fills, and a thread that runs the user's
// handler. Knows no actors.
#pragma once

#include <dagger/actors/message_maker.hpp>
#include <dagger/actors/stderr_log.hpp>
#include <dagger/channel.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace dagger::actors {

/// A header with the number of a request that waits for an answer.
inline constexpr std::string_view reply_header = "dagger-reply";
std::optional<std::uint64_t> reply_number(const message& x);

/// Safe to use from any thread.
class subscriber : public std::enable_shared_from_this<subscriber> {
public:
  using handler = std::function<void(delivery&)>;

  struct calls {
    /// Sends an event to the hub; may outlive the engine.
    std::function<void(dagger::log::event)> send = {};
    /// Nothing is to come any more; may outlive the engine.
    std::function<void()> leave = {};
    /// Answers a request by its number; may outlive the engine.
    std::function<void(std::uint64_t, payload)> reply = {};
    /// Makes rows of messages; null: it may not publish.
    std::shared_ptr<const message_maker> maker = {};
    /// What the engine's clock says.
    std::function<std::optional<timestamp>()> now = {};
    std::shared_ptr<const stderr_log> logger = {};
  };

  subscriber(dagger::log::member_id id, handler run, calls to)
    : id_(id),
      run_(std::move(run)),
      calls_(std::move(to)) {}

  /// Begins to handle what comes.
  void start();

  /// From the keeper's thread.
  void put(dagger::log::deliver&& x);

  /// Nothing more is handled; with `wait`, until the handler has returned, unless this is its
  /// thread. True if no handler runs.
  bool stop(std::chrono::milliseconds wait);

  /// Stops, and leaves.
  void leave();

  dagger::log::member_id id() const {
    return id_;
  }

private:
  void work();
  std::optional<dagger::log::deliver> take();
  void handle(dagger::log::deliver& x);
  std::optional<dagger::log::answer> handle_one(const dagger::log::deliver& from,
                                                const dagger::log::delivered& x);

  const dagger::log::member_id id_;
  const handler run_;
  const calls calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<dagger::log::deliver> queue_;
  std::thread::id thread_;
  bool started_ = false;
  bool stopping_ = false;
  /// To be said by the thread, behind the answers to what it has handled.
  bool leaving_ = false;
  bool ended_ = true;
};

} // namespace dagger::actors

/// Where a delivery comes from, and who hears of its extension.
struct dagger::delivery::origin {
  std::shared_ptr<const std::string> channel;
  log::member_id member = 0;
  store::log_id log{};
  std::uint64_t position = 0;
  std::uint32_t number = 1;
  const actors::subscriber::calls* to = nullptr;
};

/// What the engine's own handlers do with a delivery.
struct dagger::actors::handed {
  static const delivery::origin& origin(const delivery& x) {
    return x.from_;
  }

  /// It is answered by an event that comes later.
  static void defer(delivery& x) {
    x.deferred_ = true;
  }

  static std::optional<dagger::log::answer> answer(delivery& x, dagger::log::answer usual);
};
