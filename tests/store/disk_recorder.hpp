// Records what this process writes to one file, by standing in front of libc. The disk
// that a crash leaves can be made from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dagger::test {

/// One step that the file went through.
struct disk_step {
  enum class kind { write, synced_write, sync, mark };

  disk_step::kind what;
  std::uint64_t offset = 0;
  std::string bytes;
  /// Of a mark: whatever the test says.
  std::size_t number = 0;
};

/// Begins to record writes to the file that `path` names now.
void record_disk(const std::string& path);

/// Adds a mark between the writes.
void mark_disk(std::size_t number);

/// From the recorded file's next write or sync but `after` on, each fails with the errno
/// `number`; 0 ends that.
void fail_disk(int number, std::size_t after = 0);

/// Ends recording.
std::vector<disk_step> recorded_disk();

} // namespace dagger::test
