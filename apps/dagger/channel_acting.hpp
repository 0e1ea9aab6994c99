// One request about channels: by the engine that holds the store, else by one of our own.
#pragma once

#include "acting.hpp"
#include "store_access.hpp"

#include <dagger/engine.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace dagger::apps {

/// Publishing makes a store where there is none; all else needs one.
enum class needs : std::uint8_t { a_place, a_store };

/// The store that the option or the environment names.
result<std::filesystem::path> channel_store(const std::string& option, needs what);

/// An engine that holds the store, and works on none of its jobs.
struct channel_engine {
  channel_engine(const program& self, const std::filesystem::path& store, std::string_view command,
                 bool listens);

  damage_watch damage;
  engine runs;
};

/// Asks whoever holds the store, or calls `here` with an engine that does so meanwhile. What `here`
/// throws is the error.
result<json> ask_channels(program& self, const std::filesystem::path& store,
                          std::string_view command, const actors::control_request& what,
                          const std::function<json(engine&)>& here);

/// Complains; the exit code.
exit_code refuse(program& self, const error& why);

} // namespace dagger::apps
