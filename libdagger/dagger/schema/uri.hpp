// RFC 3986: the parts of a URI, references resolved against a base, strict syntax. Fetches
// nothing and knows nothing of schemas.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dagger::schema {

/// The five parts of a URI or relative reference, as views into its text.
struct uri_parts {
  std::optional<std::string_view> scheme;
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

/// Splits any text (RFC 3986, appendix B).
uri_parts split_uri(std::string_view text);

/// `reference` resolved against `base` (RFC 3986, 5.2), without its fragment. With an empty
/// base the reference itself.
std::string resolve_uri(std::string_view base, std::string_view reference);

/// "%2F" to "/"; what is no valid escape stays as it is.
std::string percent_decoded(std::string_view text);

/// Whether `text` is a URI with a scheme, by the grammar of RFC 3986.
bool is_uri(std::string_view text);

/// Whether `text` is an IPv4 address: four numbers up to 255 without leading zeros.
bool is_ipv4(std::string_view text);

/// Whether `text` is an IPv6 address (RFC 4291, 2.2), without zone.
bool is_ipv6(std::string_view text);

} // namespace dagger::schema
