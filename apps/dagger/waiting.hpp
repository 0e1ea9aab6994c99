// Waits for a job's end, a signal or a point in time, whichever comes first; sleeps in between.
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
  int descriptor() const;

private:
  std::shared_ptr<const int> descriptor_;
};

enum class woken_by : std::uint8_t { bell, signal, deadline, interval };

using steady_time = std::chrono::steady_clock::time_point;

/// Waits for the bell or a signal, until `deadline`, and at most for `interval`. The bell comes
/// before the signal and the signal before the times.
woken_by wait(const bell& rung, const interrupts& signals, std::optional<steady_time> deadline,
              std::optional<std::chrono::milliseconds> interval);

} // namespace dagger::apps
