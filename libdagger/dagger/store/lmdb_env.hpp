// One open LMDB environment: its lock, its tables, its readers. Private to the LMDB
// store. Knows nothing of batches.
#pragma once

#include <dagger/store/lmdb_rows.hpp>
#include <dagger/store/lock.hpp>

#include <mutex>

struct MDB_env;

namespace dagger::store {

namespace fs = std::filesystem;

/// File names in a store directory.
inline constexpr auto data_file = "data.mdb";
inline constexpr auto readers_file = "lock.mdb";
/// A data file in the making; renamed when it is whole.
inline constexpr auto new_data_file = "data.mdb.new";

class environment {
public:
  /// Which directory it is, whatever its path: device and inode.
  using identity = std::pair<std::uint64_t, std::uint64_t>;

  /// Opens a store directory for this process, once: LMDB allows no second time.
  static result<std::shared_ptr<environment>> open(const fs::path& directory,
                                                   const lmdb_options& options);

  /// For reading: the one that this process has open, or a new one.
  static result<std::shared_ptr<environment>> share(const fs::path& directory);

  ~environment();
  environment(const environment&) = delete;

  MDB_env* get() const {
    return env_;
  }

  const lmdb_tables& tables() const {
    return tables_;
  }

  /// Why commits are refused, or nothing.
  const std::optional<error>& read_only() const {
    return read_only_;
  }

  /// Whether the pages in use are more than the options allow. The map is larger, so that
  /// erasing has room then.
  bool over_limit() const;

  /// A read transaction on the last commit, in any thread.
  result<MDB_txn*> begin_read() const;
  void end_read(MDB_txn* txn) const;

private:
  explicit environment(const fs::path& directory) : tables_{directory, {}} {}

  result<void> start(const lmdb_options& options);
  result<void> open_file(const lmdb_options& options);
  int open_map(bool read_only);
  result<void> open_tables();
  result<void> check_format(MDB_txn* txn);

  std::optional<store_lock> lock_;
  MDB_env* env_ = nullptr;
  lmdb_tables tables_;
  std::size_t limit_ = 0;
  std::optional<error> read_only_;
  /// Set once it stands in the list of this process.
  std::optional<identity> listed_;
  /// Read transactions that wait for their next use.
  mutable std::mutex mutex_;
  mutable std::vector<MDB_txn*> idle_;
};

/// What `directory` is: a store (true), or nothing yet (false). Refuses all else.
result<bool> is_store(const fs::path& directory);

/// Makes a whole, empty data file in one rename: a crash leaves nothing, or all of it.
result<void> create_data_file(const fs::path& directory);

} // namespace dagger::store
