// Paths by the folder of their run.
#include <dagger/actors/run_folder.hpp>

#include <dagger/actors/value_of.hpp>
#include <dagger/plan/query.hpp>

#include <filesystem>

namespace dagger::actors {

namespace {

std::string own_folder() {
  auto failed = std::error_code{};
  return std::filesystem::current_path(failed).string();
}

} // namespace

std::string folder_of(store::view& view, std::uint64_t job) {
  return value_of(plan::job_of(view, job)).folder;
}

std::string full_folder(const std::string& folder) {
  return folder.empty() ? own_folder() : folder;
}

std::string reached(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.starts_with('/') || folder == own_folder())
    return path;
  return path.empty() ? folder : (std::filesystem::path{folder} / path).string();
}

} // namespace dagger::actors
