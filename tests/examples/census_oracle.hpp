// A census as one would write it in ten minutes: slow, in memory, in one thread. Knows nothing of
// the example but what it promises.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

namespace examples {

/// What a census of `root` must print, but for its errors.
nlohmann::json slow_census(const std::filesystem::path& root);

/// The name with U+FFFD for each longest piece that could begin a character but does not.
std::string with_replacements(const std::string& name);

} // namespace examples
