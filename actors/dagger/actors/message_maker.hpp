// Makes the rows of messages: each is held against its channel first, in the publisher's thread.
#pragma once

#include <dagger/actors/channel_book.hpp>
#include <dagger/actors/snapshots.hpp>
#include <dagger/channel.hpp>

#include <memory>
#include <string>

namespace dagger::actors {

/// What is part of something else comes with it. Throws `error` (misuse).
void check_not_delayed(const publish_options& x);

/// Safe to use from any thread; may outlive the engine.
class message_maker {
public:
  explicit message_maker(std::shared_ptr<const snapshots> views) : views_(std::move(views)) {}

  /// The row of a message that may be published; fills in what `how` says. Errors: invalid_input,
  /// too_large, and those of the store.
  result<std::string> make(const std::string& channel, message& x, const publish_options& how,
                           timestamp now) const;

  /// What is known of the channel.
  result<std::shared_ptr<const channel_book::entry>> find(const std::string& channel) const;

  /// Whether a message with this id came so long ago that it counts no more.
  result<bool> is_anew(const channel_book::entry& channel, const std::string& id,
                       timestamp now) const;

  /// The channel has changed.
  void forget(const std::string& channel) const {
    book_.forget(channel);
  }

private:
  result<void> check_data(const std::string& channel, message& x) const;

  const std::shared_ptr<const snapshots> views_;
  mutable channel_book book_;
};

} // namespace dagger::actors
