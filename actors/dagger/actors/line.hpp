// The way from a running attempt to the engine, which it may outlive. Knows no actors.
#pragma once

#include <dagger/engine.hpp>
#include <dagger/plan/event.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace dagger::actors {

class outbox;

/// Safe to use from any thread. After `close` nothing gets through.
class line {
public:
  /// What the engine is asked for.
  using question = std::function<future<void>(engine::impl&)>;

  struct ends {
    /// There is something in the outbox; must only send.
    std::function<void(std::shared_ptr<outbox>)> send;
    /// Hands a step to the planner; the future is ready when it is on disk.
    std::function<future<void>(plan::step_done)> step;
    /// Asks the engine for something.
    std::function<future<void>(const question&)> request;
    /// Where nothing runs by itself: makes something run; false if nothing is left to do.
    std::function<bool()> pump = {};
    /// The engine's clock.
    std::function<timestamp()> now = {};
  };

  void open(ends to);
  void close();

  void send(std::shared_ptr<outbox> from) const;

  /// Waits until the step is on disk. The error is always attempt_lost.
  result<void> step(plan::step_done x) const;

  /// Waits for what the engine says; attempt_lost if it has ended.
  result<void> request(const question& what) const;

  /// What the engine's clock says; nothing if it has ended.
  std::optional<timestamp> now() const;

  /// In virtual time: makes something happen; false if that is not needed, or nothing is left.
  bool pump() const;

private:
  result<void> wait_for(const future<void>& what) const;

  mutable std::mutex mutex_;
  std::shared_ptr<const ends> to_;
};

} // namespace dagger::actors
