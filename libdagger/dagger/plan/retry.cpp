// The arithmetic of backoffs.
#include <dagger/plan/retry.hpp>

#include <dagger/codec/hash.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <cmath>

namespace dagger::plan {

namespace {

bool holds(const std::vector<std::string>& codes, const std::string& code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// Between -1 and 1, drawn from `identity`.
double spread(std::string_view identity) {
  auto x = hash64(identity) >> 11; // 53 bits, as many as a double holds
  return static_cast<double>(x) / static_cast<double>(std::uint64_t{1} << 52) - 1.0;
}

} // namespace

bool tries_again(const retry_policy& policy, const failure& why, std::uint32_t failures) {
  return why.retryable && failures < policy.max_attempts && !holds(policy.abort_on, why.code)
      && (policy.retry_on.empty() || holds(policy.retry_on, why.code));
}

duration pause_after(const retry_policy& policy, const failure& why, std::uint32_t n,
                     std::string_view identity) {
  auto initial = static_cast<double>(policy.initial.count());
  auto pause = initial;
  if (policy.backoff == backoff::linear)
    pause = initial * n;
  else if (policy.backoff == backoff::exponential)
    pause = initial * std::pow(policy.multiplier, n - 1.0);
  auto most =
    static_cast<double>(std::clamp<duration>(policy.max, duration{0}, limits::longest).count());
  pause = std::isnan(pause) ? most : std::clamp(pause, 0.0, most); // infinity is cut as well
  if (policy.jitter > 0)
    pause = std::clamp(pause * (1 + policy.jitter * spread(identity)), 0.0, most);
  auto made = duration{std::llround(pause)};
  return why.retry_after ? std::max(made, std::min<duration>(*why.retry_after, limits::longest))
                         : made;
}

} // namespace dagger::plan
