// The engine's time and its alarms; one real clock, and whatever a test puts in its
// place. Nobody else in the engine asks for the time.
#pragma once

#include <dagger/value/time.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

namespace dagger::actors {

/// Tells the time and rings alarms. Safe to use from any thread.
class clock {
public:
  using alarm = std::size_t;

  virtual ~clock() = default;

  /// Never goes back.
  virtual timestamp now() const = 0;

  /// Makes an alarm. `ring` is called in a thread of the clock; it must only send.
  virtual alarm add(std::function<void()> ring) = 0;

  /// Rings once, at `when` or soon after it, instead of what was set before. It may ring early
  /// or in vain: who is woken looks at `now()`.
  virtual void set(alarm which, std::optional<timestamp> when) = 0;

  /// No alarm rings after this has returned.
  virtual void stop() = 0;
};

/// What people call the time: somebody may set it.
class wall_clock {
public:
  virtual ~wall_clock() = default;

  virtual timestamp now() const = 0;

  /// A descriptor that can be read when the clock has been set.
  virtual int news() const = 0;

  /// Takes the news away: the descriptor can be read again only after the next time.
  virtual void heard() = 0;
};

/// The machine's.
std::unique_ptr<wall_clock> make_wall_clock();

/// The real one: `max(wall clock, not_before)`, then the time since start, suspension included.
/// When the wall clock is set forward, it follows at once; backward, never. One thread, which
/// sleeps until the next alarm.
std::unique_ptr<clock> make_clock(timestamp not_before,
                                  std::unique_ptr<wall_clock> wall = make_wall_clock());

} // namespace dagger::actors
