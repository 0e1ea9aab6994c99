// Reading and writing rows through LMDB's cursors.
#include <dagger/store/lmdb_rows.hpp>

#include <dagger/store/disk.hpp>
#include <dagger/store/lmdb_env.hpp>

#include <cerrno>

#include <lmdb.h>

namespace dagger::store {

namespace {

MDB_val to_val(std::string_view x) {
  return {x.size(), const_cast<char*>(x.data())};
}

std::string_view to_view(const MDB_val& x) {
  return {static_cast<const char*>(x.mv_data), x.mv_size};
}

/// Puts `cursor` on the first row of a scan.
int seek(MDB_cursor* cursor, std::string_view from, direction d, MDB_val& key, MDB_val& value) {
  // LMDB knows no empty key: nothing is below it, all is above.
  if (from.empty())
    return d == direction::down ? MDB_NOTFOUND : mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  key = to_val(from);
  auto rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  if (d == direction::up)
    return rc;
  if (rc == MDB_NOTFOUND)
    return mdb_cursor_get(cursor, &key, &value, MDB_LAST);
  return rc == 0 && to_view(key) != from ? mdb_cursor_get(cursor, &key, &value, MDB_PREV) : rc;
}

} // namespace

error lmdb_tables::failure(int rc, std::string_view doing) const {
  auto message = std::string{doing} + ": " + mdb_strerror(rc);
  switch (rc) {
  case MDB_MAP_FULL:
    return {code::store_full, std::string{doing} + ": the space reserved for the store is used up",
            directory, "purge what is finished; nothing was changed"};
  case MDB_PANIC:
    return {code::store_corrupt, message, directory,
            "open the store again; if this stays, restore a backup"};
  case MDB_CORRUPTED:
  case MDB_PAGE_NOTFOUND:
  case MDB_INVALID:
  case MDB_VERSION_MISMATCH:
  case MDB_INCOMPATIBLE:
    return {code::store_corrupt, message, directory,
            "restore a backup; `dagger store check` says what is damaged"};
  case MDB_TXN_FULL:
    return {code::too_large, std::string{doing} + ": one commit changes too much", directory, {}};
  case MDB_READERS_FULL:
    return {code::limit, std::string{doing} + ": the store has all the readers that it can have",
            directory, "end some of the processes that read it"};
  case ENOMEM:
    return {code::unavailable, message, directory,
            "the store needs room for its map in the address space (ulimit -v)"};
  case EIO:
    // That is what LMDB makes of a write that the kernel cut short at the bound.
    return disk_error(is_as_large_as_allowed(directory / data_file) ? EFBIG : EIO, doing,
                      directory);
  default:
    return disk_error(rc, doing, directory);
  }
}

error lmdb_tables::damaged(table t, std::string_view key, const error& why) const {
  return {why.code, "the record " + readable(t, key) + " is damaged: " + why.message, directory,
          "restore a backup; `dagger store check` lists all that is damaged"};
}

result<std::optional<record>> get_row(const lmdb_tables& in, MDB_txn* txn, table t,
                                      std::string_view key) {
  if (key.empty())
    return std::nullopt;
  auto k = to_val(key);
  auto value = MDB_val{};
  auto rc = mdb_get(txn, in[t], &k, &value);
  if (rc == MDB_NOTFOUND)
    return std::nullopt;
  if (rc != 0)
    return fail(in.failure(rc, "cannot read " + readable(t, key)));
  auto x = open(key, to_view(value));
  if (!x)
    return fail(in.damaged(t, key, x.error()));
  return *x;
}

result<void> scan_rows(const lmdb_tables& in, MDB_txn* txn, table t, std::string_view from,
                       direction d, const view::visitor& visit) {
  auto failed = [&](int rc) {
    return fail(in.failure(rc, "cannot read the table " + std::string{name_of(t)}));
  };
  MDB_cursor* raw = nullptr;
  if (auto rc = mdb_cursor_open(txn, in[t], &raw); rc != 0)
    return failed(rc);
  auto cursor = std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)>{raw, mdb_cursor_close};
  auto key = MDB_val{};
  auto value = MDB_val{};
  auto step = d == direction::up ? MDB_NEXT : MDB_PREV;
  auto rc = seek(raw, from, d, key, value);
  for (; rc == 0; rc = mdb_cursor_get(raw, &key, &value, step)) {
    auto x = open(to_view(key), to_view(value));
    if (!x)
      return fail(in.damaged(t, to_view(key), x.error()));
    if (!visit(to_view(key), *x))
      return {};
  }
  return rc == MDB_NOTFOUND ? result<void>{} : failed(rc);
}

result<std::optional<record>> lmdb_transaction::get(table t, std::string_view key) {
  return get_row(to_, txn_, t, key);
}

result<void> lmdb_transaction::scan(table t, std::string_view from, direction d,
                                    const visitor& visit) {
  return scan_rows(to_, txn_, t, from, d, visit);
}

int lmdb_transaction::open(place& x, table t) {
  if (auto rc = mdb_cursor_open(txn_, to_[t], &x.cursor); rc != 0)
    return rc;
  auto key = MDB_val{};
  auto value = MDB_val{};
  auto rc = mdb_cursor_get(x.cursor, &key, &value, MDB_LAST);
  x.last.assign(rc == 0 ? to_view(key) : std::string_view{});
  return rc == MDB_NOTFOUND ? 0 : rc;
}

result<void> lmdb_transaction::put(table t, std::string_view key, kind k, std::uint8_t version,
                                   std::string_view body) {
  auto failed = [&](int rc) { return fail(to_.failure(rc, "cannot write " + readable(t, key))); };
  auto& x = places_[static_cast<std::size_t>(t)];
  if (!x.cursor)
    if (auto rc = open(x, t); rc != 0)
      return failed(rc);
  auto behind = key > x.last;
  auto k_val = to_val(key);
  auto value = MDB_val{header_bytes + body.size(), nullptr};
  auto rc = mdb_cursor_put(x.cursor, &k_val, &value,
                           behind ? MDB_RESERVE | MDB_APPEND : unsigned{MDB_RESERVE});
  if (rc != 0)
    return failed(rc);
  seal(static_cast<char*>(value.mv_data), k, version, number_, key, body);
  if (behind)
    x.last.assign(key);
  return {};
}

result<void> lmdb_transaction::erase(table t, std::string_view key) {
  auto k = to_val(key);
  auto rc = mdb_del(txn_, to_[t], &k, nullptr);
  if (rc == MDB_NOTFOUND)
    return {};
  if (rc != 0)
    return fail(to_.failure(rc, "cannot erase " + readable(t, key)));
  // The place may be gone; the next `put` looks for the end again.
  auto& x = places_[static_cast<std::size_t>(t)];
  if (x.cursor)
    mdb_cursor_close(std::exchange(x.cursor, nullptr));
  return {};
}

} // namespace dagger::store
