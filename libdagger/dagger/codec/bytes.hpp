// Integers and strings as bytes: big-endian in keys, so that byte order is number
// order; varints in records, so that rows are small.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dagger {

/// Thrown by `reader` at the end of its bytes; caught where records are opened.
struct truncated : std::runtime_error {
  truncated() : std::runtime_error("it ends too early or holds what it cannot") {}
};

/// Appends values to a string.
class writer {
public:
  explicit writer(std::string& out) : out_(out) {}

  template <class Unsigned>
  void big_endian(Unsigned x) {
    for (auto shift = static_cast<int>(sizeof(x)) * 8 - 8; shift >= 0; shift -= 8)
      out_.push_back(static_cast<char>(x >> shift));
  }

  /// LEB128: seven bits a byte, low ones first.
  void varint(std::uint64_t x) {
    while (x >= 0x80) {
      out_.push_back(static_cast<char>(x | 0x80));
      x >>= 7;
    }
    out_.push_back(static_cast<char>(x));
  }

  /// Small negative numbers stay small.
  void zigzag(std::int64_t x) {
    varint((static_cast<std::uint64_t>(x) << 1) ^ static_cast<std::uint64_t>(x >> 63));
  }

  void byte(std::uint8_t x) {
    out_.push_back(static_cast<char>(x));
  }

  void raw(std::string_view x) {
    out_.append(x);
  }

  /// Length, then bytes.
  void text(std::string_view x) {
    varint(x.size());
    out_.append(x);
  }

private:
  std::string& out_;
};

/// Takes values from the front of a view; throws `truncated`.
class reader {
public:
  explicit reader(std::string_view in) : in_(in) {}

  template <class Unsigned>
  Unsigned big_endian() {
    auto x = Unsigned{0};
    for (auto c : raw(sizeof(Unsigned)))
      x = static_cast<Unsigned>(static_cast<std::uint64_t>(x) << 8 | static_cast<std::uint8_t>(c));
    return x;
  }

  std::uint64_t varint() {
    auto x = std::uint64_t{0};
    for (auto shift = 0; shift < 64; shift += 7) {
      auto b = byte();
      x |= static_cast<std::uint64_t>(b & 0x7f) << shift;
      if (b < 0x80)
        return x;
    }
    throw truncated{};
  }

  std::int64_t zigzag() {
    auto x = varint();
    return static_cast<std::int64_t>(x >> 1) ^ -static_cast<std::int64_t>(x & 1);
  }

  std::uint8_t byte() {
    return static_cast<std::uint8_t>(raw(1)[0]);
  }

  std::string_view raw(std::size_t size) {
    if (size > in_.size())
      throw truncated{};
    auto x = in_.substr(0, size);
    in_.remove_prefix(size);
    return x;
  }

  std::string_view text() {
    return raw(varint());
  }

  bool at_end() const {
    return in_.empty();
  }

  /// How many bytes are left.
  std::size_t left() const {
    return in_.size();
  }

private:
  std::string_view in_;
};

} // namespace dagger
