// The only file that includes xxhash.
#include <dagger/codec/hash.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace dagger {

struct digest_of_pieces::impl {
  XXH3_state_t state;
};

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

digest digest128(std::string_view bytes) {
  auto h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.high64, h.low64};
}

std::string hash128(std::string_view bytes) {
  auto h = digest128(bytes);
  auto text = std::string(32, '0');
  constexpr auto digits = "0123456789abcdef";
  for (auto i = 0; i < 16; ++i) {
    text[15 - i] = digits[(h.high >> (4 * i)) & 15];
    text[31 - i] = digits[(h.low >> (4 * i)) & 15];
  }
  return text;
}

digest_of_pieces::digest_of_pieces() : impl_(std::make_unique<impl>()) {
  XXH3_128bits_reset(&impl_->state);
}

digest_of_pieces::~digest_of_pieces() = default;

void digest_of_pieces::add(std::string_view piece) {
  XXH3_128bits_update(&impl_->state, piece.data(), piece.size());
}

digest digest_of_pieces::value() const {
  auto h = XXH3_128bits_digest(&impl_->state);
  return {h.high64, h.low64};
}

} // namespace dagger
