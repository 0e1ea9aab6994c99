// xxHash: checksums of records, hashes of definitions, of calls and of files. Not for security.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dagger {

/// XXH3, 64 bits; `seed` chains several pieces.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// 128 bits of XXH3.
struct digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend auto operator<=>(const digest&, const digest&) = default;
};

digest digest128(std::string_view bytes);

/// XXH3, 128 bits, as 32 hexadecimal digits.
std::string hash128(std::string_view bytes);

/// The same for bytes that come in pieces.
class digest_of_pieces {
public:
  digest_of_pieces();
  ~digest_of_pieces();
  digest_of_pieces(const digest_of_pieces&) = delete;
  digest_of_pieces& operator=(const digest_of_pieces&) = delete;

  void add(std::string_view piece);
  digest value() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace dagger
