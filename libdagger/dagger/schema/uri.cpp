// Splitting, resolving and checking URIs by RFC 3986, one pass each.
#include <dagger/schema/uri.hpp>

#include <dagger/schema/scan.hpp>

#include <utility>

namespace dagger::schema {

namespace {

int hex_value(char c) {
  return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/// Drops the last segment of `path` with its slash.
void drop_segment(std::string& path) {
  auto slash = path.rfind('/');
  path.erase(slash == std::string::npos ? 0 : slash);
}

/// RFC 3986, 5.2.4.
std::string remove_dot_segments(std::string_view in) {
  auto out = std::string{};
  while (!in.empty()) {
    if (in.starts_with("../")) {
      in.remove_prefix(3);
    } else if (in.starts_with("./") || in.starts_with("/./")) {
      in.remove_prefix(2);
    } else if (in == "/.") {
      in = "/";
    } else if (in.starts_with("/../")) {
      in.remove_prefix(3);
      drop_segment(out);
    } else if (in == "/..") {
      in = "/";
      drop_segment(out);
    } else if (in == "." || in == "..") {
      in = {};
    } else {
      auto end = in.find('/', 1);
      out += in.substr(0, end);
      in.remove_prefix(end == std::string_view::npos ? in.size() : end);
    }
  }
  return out;
}

/// RFC 3986, 5.2.3.
std::string merged(const uri_parts& base, std::string_view path) {
  if (base.authority && base.path.empty())
    return "/" + std::string{path};
  auto slash = base.path.rfind('/');
  auto folder =
    slash == std::string_view::npos ? std::string_view{} : base.path.substr(0, slash + 1);
  return std::string{folder} + std::string{path};
}

bool is_unreserved(char c) {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_sub_delimiter(char c) {
  return std::string_view{"!$&'()*+,;="}.find(c) != std::string_view::npos;
}

/// Whether all of `text` is unreserved, escaped, a sub-delimiter or one of `also`.
bool made_of(std::string_view text, std::string_view also) {
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
        return false;
      i += 2;
    } else if (!is_unreserved(c) && !is_sub_delimiter(c)
               && also.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_scheme(std::string_view text) {
  if (text.empty() || !is_alpha(text.front()))
    return false;
  for (auto c : text)
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
      return false;
  return true;
}

/// What stands between the brackets of an IP literal.
bool is_ip_literal(std::string_view text) {
  if (text.empty() || (text.front() | 0x20) != 'v')
    return is_ipv6(text);
  auto rest = scanner{text.substr(1)};
  if (rest.many(is_hex) == 0 || !rest.take('.'))
    return false;
  auto tail = text.substr(text.find('.') + 1);
  return !tail.empty() && tail.find('%') == std::string_view::npos && made_of(tail, ":");
}

bool is_authority(std::string_view text) {
  if (auto at = text.rfind('@'); at != std::string_view::npos) {
    if (!made_of(text.substr(0, at), ":"))
      return false;
    text.remove_prefix(at + 1);
  }
  auto port = std::string_view{};
  if (text.starts_with('[')) {
    auto close = text.find(']');
    if (close == std::string_view::npos || !is_ip_literal(text.substr(1, close - 1)))
      return false;
    port = text.substr(close + 1);
  } else {
    auto colon = text.find(':');
    if (!made_of(text.substr(0, colon), ""))
      return false;
    port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (port.empty())
    return true;
  auto rest = scanner{port};
  auto colon = rest.take(':');
  rest.many(is_digit);
  return colon && rest.at_end();
}

} // namespace

uri_parts split_uri(std::string_view text) {
  auto parts = uri_parts{};
  if (auto hash = text.find('#'); hash != std::string_view::npos) {
    parts.fragment = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  if (auto mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  auto colon = text.find(':');
  if (colon != std::string_view::npos && is_scheme(text.substr(0, colon))) {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    auto end = text.find('/', 2);
    parts.authority = text.substr(2, end == std::string_view::npos ? end : end - 2);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  parts.path = text;
  return parts;
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  auto from = split_uri(base);
  auto to = split_uri(reference);
  auto path = std::string{};
  if (to.scheme || to.authority) {
    path = remove_dot_segments(to.path);
  } else if (to.path.empty()) {
    path = from.path;
    if (!to.query)
      to.query = from.query;
  } else if (to.path.starts_with('/') || base.empty()) {
    path = base.empty() ? std::string{to.path} : remove_dot_segments(to.path);
  } else {
    path = remove_dot_segments(merged(from, to.path));
  }
  if (!to.scheme) {
    if (!to.authority)
      to.authority = from.authority;
    to.scheme = from.scheme;
  }
  auto out = std::string{};
  if (to.scheme)
    out.append(*to.scheme).append(":");
  if (to.authority)
    out.append("//").append(*to.authority);
  out += path;
  if (to.query)
    out.append("?").append(*to.query);
  return out;
}

std::string percent_decoded(std::string_view text) {
  auto out = std::string{};
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_uri(std::string_view text) {
  auto parts = split_uri(text);
  if (!parts.scheme)
    return false;
  if (parts.authority && !is_authority(*parts.authority))
    return false;
  return made_of(parts.path, ":@/") && (!parts.query || made_of(*parts.query, ":@/?"))
      && (!parts.fragment || made_of(*parts.fragment, ":@/?"));
}

bool is_ipv4(std::string_view text) {
  for (auto i = 0; i < 4; ++i) {
    auto dot = text.find('.');
    auto part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part.front() == '0'))
      return false;
    if (auto x = scanner{part}.digits(part.size()); x < 0 || x > 255)
      return false;
    if ((dot == std::string_view::npos) != (i == 3))
      return false;
    text.remove_prefix(i == 3 ? text.size() : dot + 1);
  }
  return true;
}

bool is_ipv6(std::string_view text) {
  auto groups = 0;
  auto compressed = text.starts_with("::");
  if (compressed)
    text.remove_prefix(2);
  while (!text.empty()) {
    auto colon = text.find(':');
    auto part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
      groups += is_ipv4(part) ? 2 : 9;
      break;
    }
    if (part.empty() || part.size() > 4 || scanner{part}.many(is_hex) != part.size())
      return false;
    ++groups;
    if (colon == std::string_view::npos)
      break;
    text.remove_prefix(colon + 1);
    if (text.starts_with(':')) {
      if (std::exchange(compressed, true))
        return false;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return false;
    }
    if (groups > 8)
      return false;
  }
  return compressed ? groups < 8 : groups == 8;
}

} // namespace dagger::schema
