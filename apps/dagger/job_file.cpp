// Opens a job file before the loader does, to say what the system says.
#include "job_file.hpp"

#include "options.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <sys/stat.h>

namespace dagger::apps {

namespace {

/// Names that are compared with one that is not there.
constexpr std::size_t compared_names = 1'000;

std::string meant(const std::filesystem::path& file) {
  auto names = std::vector<std::string>{};
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path{"."};
  auto failed = std::error_code{};
  for (auto i = std::filesystem::directory_iterator{folder, failed};
       !failed && i != std::filesystem::directory_iterator{} && names.size() < compared_names;
       i.increment(failed))
    names.push_back(i->path().filename().string());
  return did_you_mean(file.filename().string(), names);
}

/// What keeps the file from being read.
std::optional<error> obstacle(const std::string& name) {
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    const int why = errno;
    return error{code::not_found, std::string{"cannot be opened: "} + std::strerror(why), name,
                 why == ENOENT ? meant(name) : ""};
  }
  struct stat found {};
  ::fstat(file, &found);
  ::close(file);
  if (S_ISDIR(found.st_mode))
    return error{code::not_found, "is a directory, not a file", name, {}};
  return std::nullopt;
}

} // namespace

graph::loaded load_job_file(const std::string& name, const graph::load_options& options) {
  if (auto why = obstacle(name))
    return {std::nullopt, {std::move(*why)}, {}};
  return graph::load_file(name, options);
}

graph::instance job_from_here(const graph::spec& file, const json& inputs, std::string id) {
  auto made = graph::instantiate(file, inputs, std::move(id));
  if (!made)
    return made;
  if (auto problems = plan::problems(*made); !problems.empty())
    return tl::unexpected(std::move(problems));
  auto failed = std::error_code{};
  made->folder = std::filesystem::current_path(failed).string();
  return made;
}

void warn(console& out, const std::vector<error>& xs) {
  for (const auto& x : xs)
    out.note("warning: " + to_string(x));
}

} // namespace dagger::apps
