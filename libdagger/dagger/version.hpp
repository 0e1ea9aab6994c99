// The version of these headers. The build reads it from here; nothing else says it.
#pragma once

namespace dagger {

/// Not `inline`, so that each library keeps that of the headers it was compiled with: an inline
/// constant would be merged with the one of the program that loads it.
constexpr char headers_version[] = "0.1.0";

} // namespace dagger
