// Agents that talk over channels: what they subscribe to, what they publish, and a program of them
// that ends when nothing is left to do.
#pragma once

#include <dagger/channel.hpp>
#include <dagger/future.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dagger {

class engine;

namespace actors {
class pubsub_run;
} // namespace actors

/// What an agent's function sees of the message that it handles, and what it does about it.
class pubsub {
public:
  struct impl;
  explicit pubsub(impl& self) : impl_(self) {}
  pubsub(const pubsub&) = delete;
  pubsub& operator=(const pubsub&) = delete;

  /// The agent.
  const std::string& name() const;
  const message& what() const;
  /// The data of the message; it fits the agent's `input`.
  const json& data() const;
  const std::string& channel() const;
  std::uint64_t position() const;
  /// 1, 2, 3, ...: which delivery of the message this is.
  std::uint32_t number() const;

  /// Publishes in the transaction that acknowledges the message: both happen or none. Throws
  /// `error`: misuse (a channel that the agent neither declares nor has opened), invalid_input
  /// (against the agent's `output`, or the channel's schema).
  void publish(const std::string& channel, json data, const publish_options& options = {});
  /// From now on the agent may publish to this channel, too.
  void open(const std::string& channel);
  /// From now on the agent also gets what comes on the channels that the pattern matches.
  void subscribe(const std::string& pattern);

private:
  impl& impl_;
};

/// An agent of a program. It is called for one message at a time.
struct pubsub_agent {
  /// Unique in the program.
  std::string name;
  std::string description = {};
  /// Patterns.
  std::vector<std::string> subscribes = {};
  /// Channels.
  std::vector<std::string> publishes = {};
  /// JSON Schemas (draft-07) of what it gets and of what it publishes. A message that does not fit
  /// goes to the dead letters without a call.
  json input = true;
  json output = true;
  /// Also what it has published itself.
  bool own_messages = false;
  /// Deliveries of a message that it throws at, before the message goes to the dead letters.
  std::uint32_t max_deliver = limits::max_deliver;
  std::vector<duration> backoff = group_options{}.backoff;
  std::function<void(pubsub&)> handle = {};
};

/// Who sent what to whom, how often.
struct pubsub_report {
  struct flow {
    std::string agent;
    std::string channel;
    std::uint64_t messages = 0;

    friend bool operator==(const flow&, const flow&) = default;
  };

  /// From outside, by channel.
  std::vector<flow> started;
  /// By agent, then channel; retried deliveries count once.
  std::vector<flow> sent;
  std::vector<flow> received;
  /// What was given up, by agent and channel.
  std::vector<flow> failed;

  /// Pictures of it.
  std::string dot() const;
  std::string mermaid() const;
};

/// Agents at work. Their groups are kept in the store: a program of the same name over the same
/// store goes on where the last one was. Ends when this is destroyed.
class pubsub_program {
public:
  explicit pubsub_program(std::shared_ptr<actors::pubsub_run> x) : of_(std::move(x)) {}
  pubsub_program(pubsub_program&&) noexcept = default;
  pubsub_program& operator=(pubsub_program&&) = delete;
  ~pubsub_program();

  /// A message from outside. The future is its position.
  future<std::uint64_t> publish(std::string channel, json data, publish_options options = {});

  /// Waits until nothing is left to do: every message that an agent gets is handled or given up,
  /// and none is on its way. Messages from outside that come later are not waited for.
  /// Throws `error` (interrupted, or why the engine broke).
  pubsub_report wait();
  /// The same; false if it takes longer.
  bool wait_for(duration time);

  /// As it stands now.
  pubsub_report report() const;

private:
  std::shared_ptr<actors::pubsub_run> of_;
};

/// Starts them. Throws `error`: invalid_input (a name, a pattern, a schema), conflict (a name used
/// twice, an agent that changed while messages wait for it).
pubsub_program run(engine& in, std::string name, std::vector<pubsub_agent> agents);

} // namespace dagger
