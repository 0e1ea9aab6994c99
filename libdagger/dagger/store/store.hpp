// An ordered, transactional map of records: batches in, snapshots out. The memory
// and the LMDB store pass the same tests. Knows nothing of jobs or messages.
#pragma once

#include <dagger/store/keys.hpp>
#include <dagger/store/record.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::store {

/// A group of changes that become durable together or not at all; a value.
class batch {
public:
  enum class verb : std::uint8_t { put, erase, append };

  /// One change. The views point into the batch.
  struct change {
    batch::verb verb;
    store::table table;
    store::kind kind;
    std::uint8_t version;
    std::string_view key; // of `append`: the `once` key, may be empty
    std::string_view body;
    log_id log;             // of `append`
    std::uint64_t expected; // of `append`: the position it must get, or `any_position`
  };

  static constexpr auto any_position = ~std::uint64_t{0};

  /// Writes or replaces a row.
  void put(table t, std::string_view key, kind k, std::string_view body, std::uint8_t version = 1);

  /// Removes a row; one that is not there is fine.
  void erase(table t, std::string_view key);

  /// Adds a row at the end of a log, at the position that the store assigns when it
  /// builds the transaction. With `once`, a key that the log has seen adds nothing and
  /// answers the first position. An `expected` position that is not met is a bug.
  void append(log_id log, kind k, std::string_view body, std::string_view once = {},
              std::uint64_t expected = any_position);

  /// Adds the changes of `other` behind its own.
  void merge(const batch& other);

  bool empty() const {
    return entries_.empty();
  }

  /// How many changes.
  std::size_t size() const {
    return entries_.size();
  }

  /// The i-th change, in the order they were made.
  change operator[](std::size_t i) const;

  /// How many of them are appends.
  std::size_t appends() const {
    return appends_;
  }

  /// Whether some are to logs of channels.
  bool has_messages() const {
    return has_messages_;
  }

  /// Bytes of keys and bodies.
  std::size_t bytes() const {
    return arena_.size();
  }

  friend bool operator==(const batch&, const batch&) = default;

private:
  struct entry {
    batch::verb verb;
    store::table table;
    store::kind kind;
    std::uint8_t version;
    log_id log;
    std::uint64_t expected;
    std::size_t key_at;
    std::size_t body_at;
    std::size_t end;
    friend bool operator==(const entry&, const entry&) = default;
  };

  void add(entry x, std::string_view key, std::string_view body);

  std::string arena_;
  std::vector<entry> entries_;
  std::size_t appends_ = 0;
  bool has_messages_ = false;
};

/// What a commit did.
struct committed {
  /// 1, 2, 3, ... over the life of the store.
  std::uint64_t number = 0;
  /// Of every `append`, over all batches in order.
  std::vector<std::uint64_t> positions;
  /// Which of them added nothing, because their key was there: indexes, ascending.
  std::vector<std::size_t> repeated = {};
};

enum class direction : std::uint8_t { up, down };

/// One snapshot. Lives within one call; used by one thread. Everything it gives out points
/// into it. Every record is checked before it is handed out: a damaged one is the
/// error store_corrupt, which names table and key.
class view {
public:
  /// Returns false to end the scan.
  using visitor = std::function<bool(std::string_view key, const record&)>;

  virtual ~view() = default;

  /// The record of `key`, or nothing.
  virtual result<std::optional<record>> get(table t, std::string_view key) = 0;

  /// Visits the rows from `from` (up: the first key >= it; down: the last key <= it) on.
  virtual result<void> scan(table t, std::string_view from, direction d, const visitor& visit) = 0;
};

/// Sizes and counts, for `dagger store info`.
struct statistics {
  std::uint64_t commits = 0;
  std::uint64_t bytes_used = 0;
  std::uint64_t bytes_file = 0;
  std::array<std::uint64_t, table_count> rows{};
};

/// One writer at a time, any number of readers in any thread.
class store {
public:
  virtual ~store() = default;

  /// Makes all batches durable in one transaction, in order; if all are empty, there is no
  /// commit. After an error nothing has changed. Errors: store_full (may be tried again when
  /// there is room), store_corrupt, store_readonly, unavailable (of the disk: open it again).
  virtual result<committed> commit(std::span<const batch* const> batches) = 0;

  /// A snapshot of the last commit at the first question that it is asked. Costs nothing until
  /// then. Ends before the store does.
  virtual std::unique_ptr<view> read() const = 0;

  virtual result<statistics> measure() const = 0;
};

/// Visits the rows of `t` whose keys begin with `prefix`, upwards.
result<void> scan_prefix(view& v, table t, std::string_view prefix, const view::visitor& visit);

/// One past the last position of a log, 0 if it is empty.
result<std::uint64_t> end_of(view& v, log_id log);

/// A store without a disk; it ends with the object.
std::unique_ptr<store> make_memory();

struct lmdb_options {
  /// Makes the directory if it is not there.
  bool create = true;
  /// Opens beside an engine that holds the store: takes no lock, cannot commit.
  bool read_only = false;
  /// Who holds it, for the error of the next one: "dagger run".
  std::string holder = "dagger";
  /// How large the data file may become; 0: limits::store_map_bytes. Commits that only erase
  /// have some more, so that a full store can be emptied.
  std::size_t map_bytes = 0;
};

/// Opens a store directory. Of a newer minor format it can only be read. Errors: store_in_use
/// (names the holder; a process opens a store once), store_newer, store_corrupt, store_readonly,
/// store_full, unavailable, not_found (also for what is not a store).
result<std::unique_ptr<store>> open_lmdb(const std::filesystem::path& directory,
                                         lmdb_options options = {});

/// Who holds the store's lock now ("process 4711 (dagger run)"), or nothing.
std::optional<std::string> holder_of(const std::filesystem::path& directory);

/// A hot, compacted copy into the new or empty directory `to`, which appears when it is whole
/// (a kill leaves a directory `to.XXXXXX`); the store may be in use. Errors: conflict, and those
/// of `open_lmdb`.
result<void> backup(const std::filesystem::path& directory, const std::filesystem::path& to);

/// Rewrites the store without its free pages; nobody may have it open, not even to read. Bytes
/// before and after. A kill leaves the old store or the new one.
result<std::pair<std::uint64_t, std::uint64_t>> compact(const std::filesystem::path& directory);

/// Everything that is wrong with a store, which may be in use: first its pages (in the file,
/// used once, not free, keys in order), then, if they are whole, its records (checksums, shape
/// and order of keys, each row found in both directions and by its key, counts). Damage of pages
/// that are being read may still end the process: run it in one of its own.
result<std::vector<error>> check_records(const std::filesystem::path& directory);

} // namespace dagger::store
