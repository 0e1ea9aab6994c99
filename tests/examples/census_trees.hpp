// Trees of files to be surveyed.
#pragma once

#include <filesystem>
#include <string>

namespace examples {

/// Writes a file, and the folders above it.
void put(const std::filesystem::path& file, const std::string& content);

/// Names of all kinds, files of all sizes, equal and nearly equal ones, links and loops of links,
/// sockets and pipes.
void grow_odd_tree(const std::filesystem::path& root);

/// `folders` folders, in a tree of four branches, with `files` files each.
void grow_wide_tree(const std::filesystem::path& root, int folders, int files);

/// Opens of files and folders in a tree, seen while they happen.
class opens {
public:
  explicit opens(const std::filesystem::path& root);
  ~opens();
  opens(const opens&) = delete;
  opens& operator=(const opens&) = delete;

  /// Waits until `n` more have been opened; false if the process `of` has ended before.
  bool wait_for(int n, int of);
  /// Waits until something with this name has been opened.
  bool wait_for(const std::string& name, int of);

private:
  template <class Done>
  bool read_until(int of, Done done);

  int inotify_;
};

} // namespace examples
