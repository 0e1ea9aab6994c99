// Channels for users: what one says when one publishes or subscribes, and what one gets.
#pragma once

#include <dagger/log/channel.hpp>
#include <dagger/log/event.hpp>
#include <dagger/log/message.hpp>
#include <dagger/log/query.hpp>
#include <dagger/plan/definition.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dagger {

namespace actors {
class subscriber;
struct handed;
} // namespace actors

/// Where one who subscribes begins: `start::fresh` (the default), `first`, `last`,
/// `at_position(n)`, `at_time(t)`.
using log::start;

/// What `engine::publish` gives for a message that is not due yet (`publish_options::delay`).
inline constexpr auto scheduled = ~std::uint64_t{0};

struct publish_options {
  /// What the message is about; messages with the same key keep their order where a group asks for
  /// it.
  std::string key = {};
  /// The same id within the channel's dedup window is the same message. At most 128 bytes.
  std::string id = {};
  std::map<std::string, std::string, std::less<>> headers = {};
  /// It is skipped after this; 0: never.
  duration ttl{0};
  /// It is appended, and gets its position, so much later; 0: now. It survives a crash meanwhile.
  /// Not for what is published as part of something else (`task`, `delivery`: misuse).
  duration delay{0};
  /// Who sends it, and what it is; empty: "dagger", and the channel's name.
  std::string source = {};
  std::string type = {};
};

/// How long `engine::request` waits for its answer when it does not say.
inline constexpr std::chrono::seconds request_timeout{30};

struct subscribe_options {
  /// Members of a group share its messages, and each is delivered at least once. Empty: all
  /// messages come here, each at most once.
  std::string group = {};
  /// Where to begin; for a group that is there already it does not count.
  start from = start::fresh;
  /// Messages at the same time, answered ones not counted.
  std::uint32_t max_in_flight = limits::deliveries_in_flight;
  // The rest is for groups, see `group_options`; all members must say the same.
  duration ack_wait = limits::ack_wait;
  std::uint32_t max_deliver = limits::max_deliver;
  std::vector<duration> backoff = group_options{}.backoff;
  bool ordered_by_key = false;
  bool dead_letters = true;
};

/// One message as a handler gets it. A handler that returns has done it; one that throws gets it
/// again after the group's backoff. Used by the handler's thread only.
class delivery {
public:
  struct origin;

  delivery(message what, const origin& from) : message_(std::move(what)), from_(from) {}

  const message& what() const {
    return message_;
  }

  /// The data; throws `error` (invalid_input) if it is not JSON.
  const json& data() const {
    return message_.data.value();
  }

  const std::string& channel() const;
  std::uint64_t position() const;
  /// 1, 2, 3, ...: which delivery of the message to the group this is.
  std::uint32_t number() const;

  /// It is done, whatever happens next.
  void ack();
  /// It is to come again, after `pause` or the group's backoff.
  void nak(std::optional<duration> pause = {}, std::string reason = {});
  /// It is never to come again: it goes to the dead letters now.
  void term(std::string reason);
  /// The handler needs so much more time, from now.
  void extend(duration by);

  /// Whether somebody waits for an answer (`engine::request`).
  bool wants_reply() const;
  /// Answers; the first answer counts. Throws `error`: misuse (nobody waits), too_large.
  void reply(json data);

  /// Publishes a message in the transaction that acknowledges this one: both happen or none, so
  /// that a handler that runs again sends nothing twice. Only in a group. Throws `error`: what
  /// `engine::publish` would refuse, but for a full channel; misuse (no group).
  void publish(const std::string& channel, json data, const publish_options& options = {});
  void publish_message(const std::string& channel, message x, const publish_options& options = {});

private:
  friend struct actors::handed;
  message message_;
  const origin& from_;
  std::optional<log::answer> answer_;
  std::vector<log::follow_up> publishes_;
  /// Somebody else says what becomes of it, later.
  bool deferred_ = false;
};

/// What a message starts (`engine::on`).
struct trigger_options {
  /// Of the group that shares the messages, and the head of the ids of the jobs:
  /// `[A-Za-z0-9_-]{1,64}`.
  std::string name;
  /// The agent of the one task of each job.
  std::string agent = {};
  /// A Lua expression over `message` (the CloudEvents JSON with `channel` and `position`): the
  /// task's input. Empty: `message` itself.
  std::string input = {};
  /// Instead of an agent: the job for a message. Gets the value of `input`, and the id that the job
  /// must have. What it throws sends the message to the dead letters.
  std::function<plan::job_spec(const json& input, const std::string& id)> make = {};
  /// Where a new trigger begins.
  start from = start::fresh;
  /// Messages whose jobs are not on disk yet.
  std::uint32_t max_in_flight = limits::deliveries_in_flight;
};

/// A subscription lives as long as this. Moving is cheap.
class subscription {
public:
  subscription() = default;
  explicit subscription(std::shared_ptr<actors::subscriber> x) : of_(std::move(x)) {}
  subscription(subscription&&) noexcept = default;
  subscription& operator=(subscription&& other) noexcept {
    cancel();
    of_ = std::move(other.of_);
    return *this;
  }
  ~subscription() {
    cancel();
  }

  /// Ends it: nothing more is delivered, and a handler that runs has returned, unless this is
  /// called by it. What was not handled goes to other members, uncounted.
  void cancel();

private:
  std::shared_ptr<actors::subscriber> of_;
};

} // namespace dagger
