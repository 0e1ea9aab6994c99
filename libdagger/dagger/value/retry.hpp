// How often and when a failed attempt is tried again.
#pragma once

#include <dagger/value/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace dagger {

/// How the pause grows with the number n = 1, 2, ... of failed attempts:
/// fixed: initial; linear: initial * n; exponential: initial * multiplier^(n-1).
enum class backoff : std::uint8_t { fixed, linear, exponential };

/// The retry policy of an agent or a task.
struct retry_policy {
  /// Reported failures of one visit, the last one included; interruptions have
  /// a bound of their own.
  std::uint32_t max_attempts = 1;
  /// The pause after the first failure.
  duration initial{1'000};
  dagger::backoff backoff = dagger::backoff::exponential;
  double multiplier = 2;
  /// No pause is longer.
  duration max{60'000};
  /// The pause varies by up to this fraction up or down, 0 to 1. Drawn from the
  /// attempt's identity, so it is the same when an engine decides again.
  double jitter = 0;
  /// Codes that are tried again; empty: all that are retryable.
  std::vector<std::string> retry_on = {};
  /// Codes that are never tried again.
  std::vector<std::string> abort_on = {};

  friend bool operator==(const retry_policy&, const retry_policy&) = default;
};

} // namespace dagger
