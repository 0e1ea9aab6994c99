// Which store a command works on, and what must hold before it is opened.
#pragma once

#include <dagger/result.hpp>
#include <dagger/store/store.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace dagger::apps {

/// `--store`, else `$DAGGER_STORE`, else none.
std::optional<std::filesystem::path> chosen_store(const std::string& option);

/// The same for commands that need one.
result<std::filesystem::path> needed_store(const std::string& option);

/// Whether an engine could hold a store here: the place can be made or written. Nothing is made.
result<void> can_hold_store(const std::filesystem::path& directory);

/// There is a store to read here.
result<void> must_exist(const std::filesystem::path& directory);

/// A store to read, beside the engine that may hold it.
result<std::unique_ptr<store::store>> open_for_reading(const std::filesystem::path& directory);

/// " --store DIR" for commands that are shown to people, quoted for a shell; empty without one.
std::string as_option(const std::optional<std::filesystem::path>& directory);

/// While it lives, damage to the pages of the store ends the process with exit code 4 and what to
/// do about it, instead of a bare signal. One at a time.
class damage_watch {
public:
  explicit damage_watch(const std::filesystem::path& directory);
  ~damage_watch();
  damage_watch(const damage_watch&) = delete;
  damage_watch& operator=(const damage_watch&) = delete;
};

} // namespace dagger::apps
