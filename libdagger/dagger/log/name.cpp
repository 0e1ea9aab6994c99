// One walk over the tokens of pattern and name.
#include <dagger/log/name.hpp>

#include <dagger/codec/utf8.hpp>
#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger::log {

namespace {

constexpr auto rules = "a name is tokens with dots between them: orders.created";

bool is_blank(unsigned char c) {
  return c <= 0x20 || c == 0x7f;
}

/// What a name and a pattern have in common.
result<void> check_tokens(std::string_view x, std::string_view what) {
  auto refuse = [&](std::string why) {
    return fail(code::invalid_input,
                "the " + std::string{what} + " '" + to_valid_utf8(x) + "' " + why, {}, rules);
  };
  if (x.empty())
    return fail(code::invalid_input, "the " + std::string{what} + " is empty", {}, rules);
  if (x.size() > limits::channel_bytes)
    return fail(code::invalid_input, "the " + std::string{what} + " has " + std::to_string(x.size())
                                       + " bytes, at most " + std::to_string(limits::channel_bytes)
                                       + " are allowed");
  if (x.front() == '.' || x.back() == '.' || x.find("..") != x.npos)
    return refuse("has an empty token");
  if (std::any_of(x.begin(), x.end(), is_blank))
    return refuse("holds white space or a control character");
  if (invalid_utf8(x) != x.npos)
    return refuse("is not UTF-8");
  return {};
}

} // namespace

result<void> check_name(std::string_view x) {
  if (auto done = check_tokens(x, "channel name"); !done)
    return done;
  if (is_wild(x))
    return fail(code::invalid_input, "the channel name '" + std::string{x} + "' holds a wildcard",
                {}, "wildcards are for those who subscribe");
  return {};
}

result<void> check_writable(std::string_view x) {
  if (auto done = check_name(x); !done)
    return done;
  if (x == "dagger" || x.starts_with("dagger."))
    return fail(code::invalid_input,
                "the channel '" + std::string{x} + "' is for the engine's own events", {},
                "names that begin with 'dagger.' can only be subscribed to");
  if (is_dead_letters(x))
    return fail(code::invalid_input,
                "the channel '" + std::string{x} + "' holds what could not be delivered", {},
                "names that end with '.dead' can only be subscribed to");
  if (auto most = limits::channel_bytes - dead_letters_of("").size(); x.size() > most)
    return fail(code::invalid_input, "the channel name has " + std::to_string(x.size())
                                       + " bytes, at most " + std::to_string(most)
                                       + " are allowed: its dead letters are '.dead'");
  return {};
}

result<void> check_pattern(std::string_view x) {
  if (auto done = check_tokens(x, "pattern"); !done)
    return done;
  auto token = std::string_view{};
  for (auto rest = x; detail::next_token(rest, token);) {
    if (token == ">" && !rest.empty())
      return fail(code::invalid_input, "the pattern '" + std::string{x}
                                         + "' goes on after '>', which stands for the rest");
    if (token.size() > 1 && token.find_first_of("*>") != token.npos)
      return fail(code::invalid_input,
                  "the pattern '" + std::string{x} + "' has the token '" + std::string{token}
                    + "': a wildcard stands for a whole token",
                  {}, "'*' for one token, '>' for the rest");
  }
  return {};
}

bool is_wild(std::string_view pattern) {
  return pattern.find_first_of("*>") != pattern.npos;
}

std::string_view literal_head(std::string_view pattern) {
  return pattern.substr(0, pattern.find_first_of("*>"));
}

bool matches(std::string_view pattern, std::string_view name) {
  auto rules = detail::wild_rules{name};
  auto want = std::string_view{};
  auto have = std::string_view{};
  for (auto first = true; detail::next_token(pattern, want); first = false) {
    if (!detail::next_token(name, have))
      return false;
    if (want == ">")
      return rules.rest(first);
    if (want == "*" ? !rules.star(first, name.empty()) : want != have)
      return false;
  }
  return name.empty();
}

routing routing_of(std::string_view pattern) {
  auto head = jobs_channel.size() + 1;
  if (!pattern.starts_with(jobs_channel) || pattern.size() <= head || pattern[head - 1] != '.')
    return {pattern};
  auto key = pattern.substr(head);
  return {jobs_channel, key == "*" || key == ">" ? std::string_view{} : key};
}

std::string dead_letters_of(std::string_view channel) {
  return std::string{channel} + ".dead";
}

bool is_dead_letters(std::string_view channel) {
  return channel == "dead" || channel.ends_with(".dead");
}

} // namespace dagger::log
