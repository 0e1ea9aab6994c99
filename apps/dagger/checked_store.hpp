// Checks a store in a process of its own: reading damaged pages may end it. Prints nothing.
#pragma once

#include <dagger/result.hpp>

#include <filesystem>
#include <vector>

namespace dagger::apps {

/// Everything that is wrong with the store; damage that ended the checking process is one of it.
/// Call it before there are threads.
result<std::vector<error>> check_apart(const std::filesystem::path& directory);

} // namespace dagger::apps
