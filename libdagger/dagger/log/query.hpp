// What stands in the rows of channels and groups, for people.
#pragma once

#include <dagger/log/channel.hpp>
#include <dagger/log/message.hpp>
#include <dagger/store/store.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// A group as others may see it, in one channel.
struct group_state {
  std::string name = {};
  std::string pattern = {};
  /// All before this position is answered.
  std::uint64_t position = 0;
  /// Messages that are not answered.
  std::uint64_t pending = 0;
  std::uint64_t given_up = 0;
  std::uint64_t expired = 0;
  std::uint64_t dropped = 0;
};

/// A channel as others may see it.
struct channel_state {
  std::string name = {};
  channel_options options = {};
  /// Goes up when the schema changes; 0: it has none.
  std::uint32_t schema_version = 0;
  /// The oldest position that is left, and one past the newest.
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::uint64_t bytes = 0;
  std::uint64_t dropped = 0;
  /// Messages that could not be delivered (in `NAME.dead`).
  std::uint64_t dead_letters = 0;
  std::vector<group_state> groups = {};
};

namespace log {

/// The channels that a pattern matches, by name; an empty pattern: all, with those for dead
/// letters.
result<std::vector<channel_state>> channel_states(store::view& v, std::string_view pattern = {});

/// One channel, or nothing.
result<std::optional<channel_state>> channel_state_of(store::view& v, std::string_view name);

} // namespace log
} // namespace dagger
