// Whether a schema may take the place of another one. Sound, not complete: what cannot be compared
// counts as incompatible.
#pragma once

#include <dagger/schema/validator.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <vector>

namespace dagger {

/// What a new version of a schema (draft-07) must keep.
enum class compatibility : std::uint8_t {
  none,     // nothing
  backward, // who knows the new one can read what fits the old one
  forward,  // who knows the old one can read what fits the new one
  full,     // both
};

namespace schema {

/// Why what fits `from` may not fit `to`: places in `to`, or in `from` where it says more than
/// `to`. Empty: all of it fits.
std::vector<violation> obstacles(const json& from, const json& to);

/// Why `newer` may not follow `older`; null stands for a schema that takes anything.
std::vector<violation> incompatibilities(const json& older, const json& newer, compatibility mode);

} // namespace schema
} // namespace dagger
