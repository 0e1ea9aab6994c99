// Relative paths of a run, in a process that may stand in another folder than the one that started
// it. Knows no actors.
#pragma once

#include <dagger/store/store.hpp>

#include <cstdint>
#include <string>

namespace dagger::actors {

/// Where relative paths of a job begin; empty: where this process stands. Throws `error`.
std::string folder_of(store::view& view, std::uint64_t job);

/// The same, said in any case.
std::string full_folder(const std::string& folder);

/// A path that begins in `folder`, as this process reaches it: unchanged, if that is where it
/// stands. An empty path is the folder itself.
std::string reached(const std::string& folder, const std::string& path);

} // namespace dagger::actors
