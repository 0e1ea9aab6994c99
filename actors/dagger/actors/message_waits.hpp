// Tasks that wait for messages. Each wait is a group of its own, with one member: this. The message
// that it waits for ends it as a signal, in one transaction with the end of the group.
#pragma once

#include <dagger/actors/channel_desk.hpp>
#include <dagger/plan/event.hpp>
#include <dagger/script/program.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace dagger::actors {

/// What one condition of one visit waits for. All of it stands in the group's row.
struct message_wait {
  std::uint64_t job_number = 0;
  std::string job = {};
  std::uint32_t task = 0;
  std::uint32_t visit = 0;
  /// Unlike that of any other wait of the job.
  std::string signal = {};
  std::string pattern = {};
  /// A Lua expression over `message`; empty: any.
  std::string when = {};
  /// Messages count from then on.
  timestamp since{};
  /// What the task had before does not count again.
  std::string after_channel = {};
  std::uint64_t after = 0;

  friend bool operator==(const message_wait&, const message_wait&) = default;
};

json to_json(const message_wait& x);
result<message_wait> message_wait_from(const json& x);

/// The name of the signal that ends a wait for a message, which only this can send.
std::string signal_for(const condition& x, const plan::attempt_id& of, std::size_t index);

/// Safe to use from any thread.
class message_waits : public std::enable_shared_from_this<message_waits> {
public:
  struct setup {
    channel_desk* desk = nullptr;
    std::shared_ptr<const snapshots> views;
    std::shared_ptr<const stderr_log> logger;
    /// Hands the signal to the planner; `then` happens unless it is refused.
    std::function<future<void>(plan::signal_received, dagger::log::event then)> signal;
    /// Calls something in the thread for that.
    std::function<void(std::function<void()>)> call;
  };

  explicit message_waits(setup from) : setup_(std::move(from)) {}

  /// Goes on with the waits that stand in the store, and forgets those that nobody has any more.
  void restore();

  /// One more; ready when it is on disk.
  future<void> add(const message_wait& x);

  /// Nothing happens any more.
  void close();

private:
  struct entry {
    message_wait what;
    std::optional<script::program> when;
  };

  void take(dagger::log::member_id who, const dagger::log::deliver& x);
  bool fits(const entry& x, const dagger::log::deliver& from, std::uint64_t position,
            const json& event) const;
  void refused(dagger::log::member_id who, const entry& x, store::log_id log,
               dagger::log::answer said, const error& why);
  void end(dagger::log::member_id who);
  std::shared_ptr<const entry> find(dagger::log::member_id who) const;

  const setup setup_;
  mutable std::mutex mutex_;
  std::map<dagger::log::member_id, std::shared_ptr<const entry>> open_;
  bool closed_ = false;
};

} // namespace dagger::actors
