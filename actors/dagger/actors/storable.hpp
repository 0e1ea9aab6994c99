// Whether a JSON value that a program made can be written and read again.
#pragma once

#include <dagger/limits.hpp>
#include <dagger/result.hpp>
#include <dagger/value/payload.hpp>

#include <string_view>

namespace dagger::actors {

/// The text of `x`, bytes that are not UTF-8 replaced. Refuses what nests deeper than
/// `limits::nesting` or holds a discarded value (invalid_output), and what is larger than
/// `most_bytes` (too_large); `what` begins the message: "the output".
result<payload> to_payload(const json& x, std::string_view what,
                           std::size_t most_bytes = limits::payload_bytes);

/// The first two of these; before anything walks down `x`.
result<void> check_shape(const json& x, std::string_view what);

} // namespace dagger::actors
