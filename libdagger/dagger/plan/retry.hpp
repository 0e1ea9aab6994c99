// When a failed attempt is tried again.
#pragma once

#include <dagger/value/task_options.hpp>

#include <string_view>

namespace dagger::plan {

/// Whether the policy allows another attempt after `failures` reported failures of the
/// visit, the last one being `why`.
bool tries_again(const retry_policy& policy, const failure& why, std::uint32_t failures);

/// The pause after the n-th failure, n >= 1. `identity` decides the jitter: the same
/// attempt always gets the same pause.
duration pause_after(const retry_policy& policy, const failure& why, std::uint32_t n,
                     std::string_view identity);

} // namespace dagger::plan
