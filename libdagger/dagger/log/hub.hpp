// Decides who gets which message, and what is remembered of it. Performs nothing, asks no clock:
// the same events give the same bytes.
#pragma once

#include <dagger/log/event.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dagger::log {

/// A log of the engine that can be read as a channel. Others write to it and take from it.
struct engine_log {
  std::string name;
  store::log_id log{};
  /// The row of the message that a row of the log stands for. Called with a view that holds it.
  std::function<result<std::string>(store::view&, std::string_view row)> as_message;
};

/// The fold over events of channels. All that survives it is in rows; members are not among that.
class hub {
public:
  /// Reads the names of channels and groups. `first` is to be committed before anything else.
  static result<hub> restore(store::view& disk, timestamp now, effects& first,
                             std::optional<engine_log> readable = {});

  hub(hub&&) noexcept;
  hub& operator=(hub&&) noexcept;
  ~hub();

  /// Takes one event. Total: what cannot be done is a `refuse`. `committed` is a snapshot that
  /// holds at least all batches confirmed by `confirm`, and what a `messages_appended` tells of.
  /// Batches must be committed in the order in which they were given out.
  effects apply(const event& what, store::view& committed, timestamp now);

  /// The first `n` of the batches that are still unconfirmed are on disk. Only batches that are not
  /// empty count.
  void confirm(std::size_t n = 1);

  /// When `time_passed` is due; nothing if nothing is to happen by itself.
  std::optional<timestamp> wake_at() const;

  /// Channels that are in memory with more than their name.
  std::size_t channels_in_memory() const;

  /// What the groups have done, as text to compare.
  std::string dump() const;

  struct impl;

private:
  explicit hub(std::unique_ptr<impl> self);
  std::unique_ptr<impl> impl_;
};

} // namespace dagger::log
