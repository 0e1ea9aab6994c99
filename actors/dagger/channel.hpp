// Channels for users: what one says when one publishes or subscribes, and what one gets.
#pragma once

#include <dagger/log/channel.hpp>
#include <dagger/log/event.hpp>
#include <dagger/log/message.hpp>
#include <dagger/log/query.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dagger {

/// Where one who subscribes begins: `start::fresh` (the default), `first`, `last`,
/// `at_position(n)`, `at_time(t)`.
using log::start;

struct publish_options {
  /// What the message is about; messages with the same key keep their order where a group asks for
  /// it.
  std::string key = {};
  /// The same id within the channel's dedup window is the same message. At most 128 bytes.
  std::string id = {};
  std::map<std::string, std::string, std::less<>> headers = {};
  /// It is skipped after this; 0: never.
  duration ttl{0};
  /// Who sends it, and what it is; empty: "dagger", and the channel's name.
  std::string source = {};
  std::string type = {};
};

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

  const std::optional<log::answer>& answer() const {
    return answer_;
  }

private:
  message message_;
  const origin& from_;
  std::optional<log::answer> answer_;
};

namespace actors {
class subscriber;
}

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
