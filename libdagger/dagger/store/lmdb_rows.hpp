// Rows within one transaction of LMDB, and its error codes in words. Private to the
// LMDB store. Knows nothing of how an environment is opened.
#pragma once

#include <dagger/store/apply.hpp>

struct MDB_cursor;
struct MDB_txn;

namespace dagger::store {

/// The tables of one data file.
struct lmdb_tables {
  /// The store, for error texts.
  std::filesystem::path directory;
  std::array<unsigned, table_count> numbers{};

  unsigned operator[](table t) const {
    return numbers[static_cast<std::size_t>(t)];
  }

  /// A code of LMDB in words. `doing`: "cannot commit".
  error failure(int rc, std::string_view doing) const;

  /// The error of a record that does not open.
  error damaged(table t, std::string_view key, const error& why) const;
};

/// `view::get` within `txn`.
result<std::optional<record>> get_row(const lmdb_tables& in, MDB_txn* txn, table t,
                                      std::string_view key);

/// `view::scan` within `txn`.
result<void> scan_rows(const lmdb_tables& in, MDB_txn* txn, table t, std::string_view from,
                       direction d, const view::visitor& visit);

/// Writes through a write transaction that the caller begins and ends.
class lmdb_transaction : public transaction {
public:
  lmdb_transaction(const lmdb_tables& to, MDB_txn* txn, std::uint64_t number)
    : to_(to),
      txn_(txn),
      number_(number) {}

  result<std::optional<record>> get(table t, std::string_view key) override;
  result<void> scan(table t, std::string_view from, direction d, const visitor& visit) override;
  result<void> put(table t, std::string_view key, kind k, std::uint8_t version,
                   std::string_view body) override;
  result<void> erase(table t, std::string_view key) override;

private:
  /// Stands where the last row was written, so that the next one is near. LMDB frees it
  /// with the transaction. `last` is the last key of the table: behind it LMDB can append,
  /// which fills its pages to the end.
  struct place {
    MDB_cursor* cursor = nullptr;
    std::string last;
  };

  int open(place& x, table t);

  const lmdb_tables& to_;
  MDB_txn* txn_;
  std::uint64_t number_;
  std::array<place, table_count> places_;
};

} // namespace dagger::store
