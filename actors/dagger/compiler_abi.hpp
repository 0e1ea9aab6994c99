// What two libraries must have in common before a C++ value may pass between them.
#pragma once

#include <dagger/value/json.hpp>

#include <cstddef>
#include <string_view>

namespace dagger {

/// Text of a fixed size, ended by a zero: made by the compiler, readable by any other one.
struct abi_tag {
  char text[128] = {};
};

/// Compiler, its ABI and that of its standard library, the language, and the JSON library.
consteval abi_tag make_abi_tag() {
  auto tag = abi_tag{};
  auto used = std::size_t{0};
  const auto add = [&](std::string_view word) {
    for (const char c : word)
      tag.text[used++] = c;
  };
  const auto add_number = [&](std::string_view name, unsigned long long value) {
    add(used > 0 ? ", " : "");
    add(name);
    auto scale = 1ULL;
    while (value / scale >= 10)
      scale *= 10;
    for (add(" "); scale > 0; scale /= 10)
      tag.text[used++] = static_cast<char>('0' + value / scale % 10);
  };
#if defined(__clang__)
  add_number("clang", __clang_major__);
#else
  add_number("gcc", __GNUC__);
#endif
  add_number("abi", __GXX_ABI_VERSION);
#if defined(_GLIBCXX_RELEASE)
  add_number("libstdc++", _GLIBCXX_RELEASE);
  add_number("cxx11 abi", _GLIBCXX_USE_CXX11_ABI);
#elif defined(_LIBCPP_ABI_VERSION)
  add_number("libc++", _LIBCPP_ABI_VERSION);
#endif
#if defined(_GLIBCXX_DEBUG)
  add(", debug containers");
#endif
  add_number("c++", __cplusplus);
  add_number("json", NLOHMANN_JSON_VERSION_MAJOR * 10000 + NLOHMANN_JSON_VERSION_MINOR * 100
                       + NLOHMANN_JSON_VERSION_PATCH);
  return tag;
}

/// That of the library that includes this. Not `inline`, for the reason that `headers_version`
/// gives.
constexpr auto compiler_abi = make_abi_tag();

} // namespace dagger
