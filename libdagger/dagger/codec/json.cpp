// Reading JSON within limits.
#include <dagger/codec/json.hpp>

#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger {

namespace {

std::string place(std::string_view text, std::size_t at) {
  auto before = text.substr(0, std::min(at, text.size()));
  auto line = std::count(before.begin(), before.end(), '\n') + 1;
  auto newline = before.rfind('\n');
  auto column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return std::to_string(line) + ":" + std::to_string(column);
}

/// The offset of the first bracket that nests too deep, or npos. A value's destructor and
/// printer are recursive, so this must be known before one is built.
std::size_t too_deep(std::string_view text) {
  auto depth = std::size_t{0};
  auto in_string = false;
  for (auto i = std::size_t{0}; i < text.size(); ++i) {
    auto c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limits::nesting)
        return i;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return std::string_view::npos;
}

/// What nlohmann says, without its own number and position.
std::string reason(std::string_view what) {
  auto cut = what.find(": ");
  return std::string{cut == std::string_view::npos ? what : what.substr(cut + 2)};
}

} // namespace

result<json> parse_json(std::string_view text) {
  if (auto at = too_deep(text); at != std::string_view::npos)
    return fail(code::invalid_input,
                "JSON is nested deeper than " + std::to_string(limits::nesting) + " levels",
                place(text, at));
  try {
    return json::parse(text);
  } catch (const json::parse_error& x) {
    return fail(code::invalid_input, "not JSON: " + reason(x.what()),
                place(text, x.byte > 0 ? x.byte - 1 : 0));
  } catch (const json::exception& x) {
    return fail(code::invalid_input, "not JSON: " + reason(x.what()));
  }
}

std::string to_text(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_pretty_text(const json& x) {
  return x.dump(2, ' ', false, json::error_handler_t::replace);
}

} // namespace dagger
