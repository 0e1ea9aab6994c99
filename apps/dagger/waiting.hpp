// Waits for a job's end, a signal, a change or a point in time, whichever comes first; sleeps in
// between.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

namespace dagger::apps {

/// While it lives, the first SIGINT or SIGTERM is an event to wait for and the second one ends the
/// process at once with 130. One at a time; make it before the first thread.
class interrupts {
public:
  interrupts();
  ~interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  /// A signal has come.
  bool seen() const;

  /// Readable from the first signal on.
  int descriptor() const;
};

/// A bell that any thread may ring, also after its listener has gone.
class bell {
public:
  bell();

  void ring() const;
  /// Until it is rung again.
  void hush() const;
  int descriptor() const;

private:
  std::shared_ptr<const int> descriptor_;
};

using steady_time = std::chrono::steady_clock::time_point;

/// What `wait` waits for. Descriptors count when they are readable; -1: none.
struct wakeups {
  const interrupts& signals;
  int end = -1;
  int change = -1;
  std::optional<steady_time> deadline = {};
  /// Later looks at nothing but the clock.
  std::optional<steady_time> redraw = {};
};

enum class woken_by : std::uint8_t { end, signal, deadline, change, redraw };

/// The first in the order of `woken_by` that has happened.
woken_by wait(const wakeups& what);

} // namespace dagger::apps
