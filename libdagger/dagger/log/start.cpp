// Where one begins, as people write it.
#include <dagger/log/event.hpp>

#include <algorithm>
#include <charconv>

namespace dagger::log {

std::string to_text(const start& x) {
  switch (x.where) {
  case start::at::fresh:
    return "new";
  case start::at::first:
    return "first";
  case start::at::last:
    return "last";
  case start::at::position:
    return std::to_string(x.position);
  case start::at::time:
  case start::at::arrival:
    return to_rfc3339(x.time);
  }
  return "new";
}

result<start> start_from(std::string_view text) {
  if (text == "new")
    return start::fresh;
  if (text == "first")
    return start::first;
  if (text == "last")
    return start::last;
  auto number = std::uint64_t{0};
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong == std::errc{} && end == text.data() + text.size())
    return start::at_position(number);
  if (auto time = parse_rfc3339(text))
    return start::at_time(*time);
  return fail(code::invalid_input, "'" + std::string{text} + "' is no place to begin", {},
              "new, first, last, a position, or a time like 2026-11-20T11:02:52Z");
}

} // namespace dagger::log
