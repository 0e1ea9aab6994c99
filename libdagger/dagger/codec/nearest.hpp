// The word that a person probably meant. Knows nothing of what the words name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dagger {

/// The candidate with the fewest edits (insert, drop, replace or swap neighbours; case counts
/// half) from `word`, the first one of several; none if it would take more than a third of the
/// word. The cost is bounded: words over 64 bytes have no neighbours.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

} // namespace dagger
