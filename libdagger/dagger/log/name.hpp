// Names of channels, and patterns over them: dot-separated tokens, of which `*` stands for one and
// `>` for one or more at the end. Knows no channels.
#pragma once

#include <dagger/result.hpp>

#include <string>
#include <string_view>

namespace dagger::log {

/// Whether `x` can be the name of a channel: 1 to `limits::channel_bytes` bytes of UTF-8; tokens
/// that are not empty and hold no white space, no control characters, no `*` and no `>`. The error
/// is invalid_input.
result<void> check_name(std::string_view x);

/// Whether users may publish to it, too: it does not begin with `dagger.`, and its last token is
/// not `dead`.
result<void> check_writable(std::string_view x);

/// Whether `x` can be a pattern; every name is one.
result<void> check_pattern(std::string_view x);

/// Whether the pattern holds `*` or `>`, so that it can match more than one name.
bool is_wild(std::string_view pattern);

/// What all names that the pattern matches begin with.
std::string_view literal_head(std::string_view pattern);

/// Whether the pattern matches the name. The first token of names that begin with `dagger.`, and
/// the last token `dead`, are matched by themselves only.
bool matches(std::string_view pattern, std::string_view name);

/// The channel of what happens to jobs. A pattern that has one more token than it names a job by
/// its key: `dagger.jobs.ID` is what happens to this one.
inline constexpr std::string_view jobs_channel = "dagger.jobs";

/// A pattern for names of channels, and the key that its messages must have; empty: any.
struct routing {
  std::string_view pattern;
  std::string_view key = {};
};

routing routing_of(std::string_view pattern);

/// The channel that takes what `channel` could not deliver.
std::string dead_letters_of(std::string_view channel);

/// Whether it is such a channel.
bool is_dead_letters(std::string_view channel);

namespace detail {

/// Takes the first token off `rest`; false if nothing is left.
inline bool next_token(std::string_view& rest, std::string_view& token) {
  if (rest.empty())
    return false;
  auto dot = rest.find('.');
  token = rest.substr(0, dot);
  rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
  return true;
}

/// Which tokens of a name wildcards stand for.
class wild_rules {
public:
  explicit wild_rules(std::string_view name)
    : ours_(name.starts_with("dagger.")),
      dead_(is_dead_letters(name)) {}

  /// Whether `*` may stand for this token.
  bool star(bool first, bool last) const {
    return !(ours_ && first) && !(dead_ && last);
  }

  /// Whether `>` may stand for all from this token on.
  bool rest(bool first) const {
    return !(ours_ && first) && !dead_;
  }

private:
  bool ours_;
  bool dead_;
};

} // namespace detail

} // namespace dagger::log
