// Sealing and opening of stored values.
#include <dagger/store/record.hpp>

#include <dagger/codec/hash.hpp>

#include <cstring>

namespace dagger::store {

namespace {

constexpr std::size_t checksum_at = 12;

void put_little_endian(char* out, std::uint64_t x, int bytes) {
  for (auto i = 0; i < bytes; ++i)
    out[i] = static_cast<char>(x >> (8 * i));
}

std::uint64_t get_little_endian(const char* in, int bytes) {
  auto x = std::uint64_t{0};
  for (auto i = 0; i < bytes; ++i)
    x |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(in[i])) << (8 * i);
  return x;
}

/// Over the key, the header in front of the checksum, and the body, chained in this order.
std::uint32_t checksum(std::string_view key, const char* header, std::string_view body) {
  auto h = hash64(key);
  h = hash64({header, checksum_at}, h);
  return static_cast<std::uint32_t>(hash64(body, h));
}

} // namespace

void seal(char* out, kind k, std::uint8_t version, std::uint64_t commit, std::string_view key,
          std::string_view body) {
  out[0] = static_cast<char>(k);
  out[1] = static_cast<char>(version);
  put_little_endian(out + 2, commit, 6);
  put_little_endian(out + 8, body.size(), 4);
  put_little_endian(out + checksum_at, checksum(key, out, body), 4);
  if (!body.empty())
    std::memcpy(out + header_bytes, body.data(), body.size());
}

result<record> open(std::string_view key, std::string_view stored) {
  if (stored.size() < header_bytes)
    return fail(code::store_corrupt,
                "it has " + std::to_string(stored.size()) + " bytes, fewer than a header");
  auto body = stored.substr(header_bytes);
  auto size = get_little_endian(stored.data() + 8, 4);
  if (size != body.size())
    return fail(code::store_corrupt, "its header speaks of " + std::to_string(size)
                                       + " bytes, but there are " + std::to_string(body.size()));
  if (get_little_endian(stored.data() + checksum_at, 4) != checksum(key, stored.data(), body))
    return fail(code::store_corrupt, "its checksum does not match its bytes");
  return record{static_cast<kind>(stored[0]), static_cast<std::uint8_t>(stored[1]),
                get_little_endian(stored.data() + 2, 6), body};
}

} // namespace dagger::store
