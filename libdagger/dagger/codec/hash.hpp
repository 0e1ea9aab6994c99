// xxHash: checksums of records, hashes of definitions. Not for security.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dagger {

/// XXH3, 64 bits; `seed` chains several pieces.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// XXH3, 128 bits, as 32 hexadecimal digits.
std::string hash128(std::string_view bytes);

} // namespace dagger
