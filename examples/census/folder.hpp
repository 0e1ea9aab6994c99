// What stands in one folder.
#pragma once

#include <dagger/dagger.hpp>

#include <string>
#include <vector>

namespace census {

/// Names in the order of their bytes.
struct listing {
  std::vector<std::string> files;
  std::vector<std::string> folders;
};

/// The regular files and the folders in a folder; folders called `.git` are left out.
dagger::result<listing> list(const std::string& root, const std::string& path);

} // namespace census
