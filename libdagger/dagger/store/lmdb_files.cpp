// What a store directory looks like before LMDB opens it, and how the data file is made.
#include <dagger/store/lmdb_env.hpp>

#include <cerrno>

#include <lmdb.h>
#include <sys/stat.h>

namespace dagger::store {

namespace {

bool ours(const std::string& name) {
  return name == data_file || name == readers_file || name == new_data_file || name == "lock"
      || name == "control.sock" || name == "children";
}

error not_a_store(const fs::path& directory, const std::string& why) {
  return {code::not_found, "this is not a store: " + why, directory,
          "name a store, an empty directory, or one that does not exist yet"};
}

error unreadable(const std::error_code& why, const fs::path& directory) {
  return disk_error(why.value(), "cannot read it", directory);
}

using owned_env = std::unique_ptr<MDB_env, void (*)(MDB_env*)>;

/// The tables and the first rows, in one commit.
result<void> fill(MDB_env* env, const fs::path& directory) {
  auto tables = lmdb_tables{directory, {}};
  auto failed = [&](int rc) { return fail(tables.failure(rc, "cannot create it")); };
  MDB_txn* raw = nullptr;
  if (auto rc = mdb_txn_begin(env, nullptr, 0, &raw); rc != 0)
    return failed(rc);
  auto txn = std::unique_ptr<MDB_txn, void (*)(MDB_txn*)>{raw, mdb_txn_abort};
  for (auto t = std::size_t{0}; t < table_count; ++t)
    if (auto rc = mdb_dbi_open(raw, table_names[t].data(), MDB_CREATE, &tables.numbers[t]); rc != 0)
      return failed(rc);
  auto rows = lmdb_transaction{tables, raw, 0};
  if (auto done = found(rows); !done)
    return done;
  if (auto rc = mdb_txn_commit(txn.release()); rc != 0)
    return failed(rc);
  return {};
}

} // namespace

result<bool> is_store(const fs::path& directory) {
  auto failed = std::error_code{};
  auto status = fs::status(directory, failed);
  if (status.type() == fs::file_type::not_found)
    return false;
  if (failed)
    return fail(unreadable(failed, directory));
  if (status.type() != fs::file_type::directory)
    return fail(not_a_store(directory, "it is a file"));
  if (fs::exists(directory / data_file, failed))
    return true;
  if (failed)
    return fail(unreadable(failed, directory));
  auto i = fs::directory_iterator{directory, failed};
  for (; !failed && i != fs::directory_iterator{}; i.increment(failed))
    if (auto name = i->path().filename().string(); !ours(name))
      return fail(not_a_store(directory, "it holds other files (" + name + ")"));
  if (failed)
    return fail(unreadable(failed, directory));
  return false;
}

result<void> create_data_file(const fs::path& directory) {
  auto path = directory / new_data_file;
  auto ignored = std::error_code{};
  fs::remove(path, ignored);
  auto failed = [&](int rc) {
    return fail(lmdb_tables{directory, {}}.failure(rc, "cannot create it"));
  };
  MDB_env* raw = nullptr;
  if (auto rc = mdb_env_create(&raw); rc != 0)
    return failed(rc);
  auto env = owned_env{raw, mdb_env_close};
  mdb_env_set_maxdbs(raw, table_count);
  // Nobody else knows the file yet, so it needs no table of readers.
  if (auto rc = mdb_env_open(raw, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK, 0666); rc != 0)
    return failed(rc);
  if (auto done = fill(raw, directory); !done)
    return done;
  env.reset();
  return move_durably(path, directory / data_file);
}

} // namespace dagger::store
