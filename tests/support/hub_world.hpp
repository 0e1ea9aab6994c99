// A hub with a store that commits when told to: batches wait in flight, commands wait for them, and
// a crash loses what is not on disk.
#pragma once

#include <dagger/log/hub.hpp>
#include <dagger/log/name.hpp>
#include <dagger/store/store.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dagger::test {

class hub_world {
public:
  /// A message as a member sees it.
  struct received {
    std::string channel;
    store::log_id log{};
    std::uint64_t position = 0;
    std::uint32_t delivery = 0;
    message what;
  };

  /// What the hub said to an event, not yet on disk; nothing: to its start.
  struct batch_in_flight {
    std::optional<log::event> why;
    timestamp when{};
    log::effects what;
  };

  /// What has happened to the hub, to do it again: an event, a commit, a crash that kept so many.
  struct reached_disk {};
  struct crashed {
    std::size_t kept = 0;
  };
  struct step {
    timestamp when{};
    std::variant<log::event, reached_disk, crashed> what;
  };

  hub_world() {
    start();
  }

  timestamp now{std::chrono::hours{1}};

  /// Applies the event; nothing of it is on disk.
  void apply(const log::event& x) {
    auto view = disk_->read();
    auto effects = hub_->apply(x, *view, now);
    in_flight_.push_back({x, now, std::move(effects)});
    if (keeps_history)
      history.push_back({now, x});
  }

  /// Applies it and all that follows, until nothing more happens.
  void run(const log::event& x) {
    apply(x);
    settle();
  }

  /// One batch reaches the disk, and its commands are carried out.
  bool commit_one();

  /// Takes one of the events that followed; false if there is none.
  bool follow_one();

  void settle() {
    while (commit_one() || follow_one())
      ;
  }

  /// Sets the time and what is due then, one thing after the other.
  void wait(duration by);

  /// The engine is killed and starts again; the first `kept` batches in flight are on disk.
  void crash(std::size_t kept = 0);

  // What clients do; each waits until it is on disk.

  /// The position, or the refusal in `refusals`.
  std::optional<std::uint64_t> publish(const std::string& channel, message x);
  std::optional<std::uint64_t> publish(const std::string& channel, const json& data,
                                       std::string key = {});
  void join(log::member_id who, const group_options& group, log::start from = {},
            std::uint32_t max_in_flight = 64);
  void listen(log::member_id who, std::string pattern, log::start from = {},
              std::uint32_t max_in_flight = 64);
  void leave(log::member_id who) {
    run(log::member_left{who});
  }
  void answer(log::member_id who, const received& x, log::verdict what, std::string reason = {});
  void declare(channel_options x) {
    run(log::channel_declared{next_client(), std::move(x)});
  }

  /// What the member has got since the last call.
  std::vector<received> take(log::member_id who) {
    return std::exchange(inbox_[who], {});
  }

  /// "channel/position: data" of each, acknowledged.
  std::vector<std::string> read(log::member_id who);

  /// How many rows a table has, or a log.
  std::size_t rows(store::table t) const;
  std::vector<message> messages_of(const std::string& channel) const;

  log::client_id next_client() {
    return ++clients_;
  }

  log::hub& hub() {
    return *hub_;
  }

  store::store& disk() {
    return *disk_;
  }

  std::size_t in_flight() const {
    return in_flight_.size();
  }

  std::size_t to_follow() const {
    return to_follow_.size();
  }

  /// Is told of each batch that is on disk, with its positions, before its commands are carried
  /// out.
  std::function<void(const batch_in_flight&, const std::vector<std::uint64_t>&)> watch;
  bool keeps_history = false;
  std::vector<step> history;

  std::vector<error> refusals;
  /// What was done, and how often, of clients that asked for something else than to publish.
  std::map<log::client_id, std::uint64_t> done;
  std::map<log::client_id, std::vector<std::uint64_t>> accepted;

private:
  void start();
  void perform(log::command& x, const std::vector<std::uint64_t>& positions);

  std::unique_ptr<store::store> disk_ = store::make_memory();
  std::optional<log::hub> hub_;
  std::deque<batch_in_flight> in_flight_;
  std::deque<log::event> to_follow_;
  std::map<log::member_id, std::vector<received>> inbox_;
  log::client_id clients_ = 0;
};

} // namespace dagger::test
