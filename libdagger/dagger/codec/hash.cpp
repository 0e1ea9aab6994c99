// The only file that includes xxhash.
#include <dagger/codec/hash.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace dagger {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string hash128(std::string_view bytes) {
  auto h = XXH3_128bits(bytes.data(), bytes.size());
  auto text = std::string(32, '0');
  constexpr auto digits = "0123456789abcdef";
  for (auto i = 0; i < 16; ++i) {
    text[15 - i] = digits[(h.high64 >> (4 * i)) & 15];
    text[31 - i] = digits[(h.low64 >> (4 * i)) & 15];
  }
  return text;
}

} // namespace dagger
