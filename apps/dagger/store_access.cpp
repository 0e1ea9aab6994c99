// Choosing and opening stores.
#include "store_access.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <sys/stat.h>

namespace dagger::apps {

namespace fs = std::filesystem;

namespace {

constexpr auto choose_another = "choose another place with --store DIR";

bool is_plain(std::string_view word) {
  return !word.empty()
      && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./,:=@%+")
           == word.npos;
}

std::string quoted(const std::string& word) {
  if (is_plain(word))
    return word;
  auto text = std::string{"'"};
  for (const char c : word)
    text += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return text + "'";
}

tl::unexpected<error> unusable(const fs::path& place, std::string message) {
  return fail(code::invalid_input, std::move(message), place.string(), choose_another);
}

} // namespace

std::optional<fs::path> chosen_store(const std::string& option) {
  if (!option.empty())
    return option;
  const char* named = std::getenv("DAGGER_STORE");
  if (named && *named != '\0')
    return named;
  return std::nullopt;
}

result<fs::path> needed_store(const std::string& option) {
  if (auto chosen = chosen_store(option))
    return *chosen;
  return fail(code::invalid_input, "no store is named", {}, "add --store DIR or set DAGGER_STORE");
}

result<void> can_hold_store(const fs::path& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) == 0) {
    if (!S_ISDIR(found.st_mode))
      return unusable(directory, "is not a directory");
    // A disk that is mounted read only is the store's own error.
    if (::access(directory.c_str(), W_OK | X_OK) != 0 && errno != EROFS)
      return unusable(directory, std::string{"cannot be written: "} + std::strerror(errno));
    return {};
  }
  if (errno != ENOENT)
    return unusable(directory, std::string{"cannot be used: "} + std::strerror(errno));
  auto parent = fs::absolute(directory).lexically_normal();
  if (!parent.has_filename())
    parent = parent.parent_path();
  parent = parent.parent_path();
  if (::access(parent.c_str(), W_OK | X_OK) != 0 && errno != EROFS)
    return unusable(directory,
                    "cannot be made in " + parent.string() + ": " + std::strerror(errno));
  return {};
}

result<void> must_exist(const fs::path& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0)
    return fail(code::not_found, std::string{"there is no store: "} + std::strerror(errno),
                directory.string(), "name an existing one with --store DIR");
  if (!S_ISDIR(found.st_mode))
    return fail(code::not_found, "is not a store: not a directory", directory.string(),
                "name an existing one with --store DIR");
  if (::access((directory / "data.mdb").c_str(), F_OK) != 0)
    return fail(code::not_found, "is not a store: it has no data.mdb", directory.string(),
                "name an existing one with --store DIR");
  return {};
}

result<std::unique_ptr<store::store>> open_for_reading(const fs::path& directory) {
  if (auto there = must_exist(directory); !there)
    return fail(std::move(there.error()));
  auto how = store::lmdb_options{};
  how.create = false;
  how.read_only = true;
  return store::open_lmdb(directory, how);
}

std::string as_option(const std::optional<fs::path>& directory) {
  return directory ? " --store " + quoted(directory->string()) : "";
}

} // namespace dagger::apps
