// The machine's own limit: the same rows in the same transactions, written by a
// loop that does nothing else.
#include "support/recording.hpp"

#include <dagger/check.hpp>
#include <dagger/limits.hpp>

#include <lmdb.h>

#include <array>
#include <chrono>
#include <cstring>
#include <map>

namespace dagger::bench {

namespace {

void must(int code) {
  check(code == MDB_SUCCESS, mdb_strerror(code));
}

} // namespace

class replayer::environment {
public:
  explicit environment(const std::filesystem::path& directory) {
    std::filesystem::create_directories(directory);
    must(mdb_env_create(&env_));
    must(mdb_env_set_maxdbs(env_, store::table_count));
    must(mdb_env_set_mapsize(env_, limits::store_map_bytes));
    must(mdb_env_open(env_, directory.c_str(), MDB_NOTLS, 0644));
    auto txn = begin();
    for (auto i = std::size_t{0}; i < store::table_count; ++i)
      must(mdb_dbi_open(txn, std::string{store::table_names[i]}.c_str(), MDB_CREATE, &tables_[i]));
    must(mdb_txn_commit(txn));
  }

  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  ~environment() {
    mdb_env_close(env_);
  }

  void write(const recorded_commit& x) {
    auto txn = begin();
    for (auto i = std::size_t{0}; i < x.size(); ++i)
      write(txn, x[i]);
    put(txn, store::table::meta, "commit", 8);
    must(mdb_txn_commit(txn));
  }

private:
  MDB_txn* begin() {
    MDB_txn* txn = nullptr;
    must(mdb_txn_begin(env_, nullptr, 0, &txn));
    return txn;
  }

  void write(MDB_txn* txn, const store::batch::change& c) {
    switch (c.verb) {
    case store::batch::verb::put:
      put(txn, c.table, c.key, c.body.size());
      break;
    case store::batch::verb::append:
      put(txn, store::table::log, store::key::log(c.log, ends_[c.log]++), c.body.size());
      break;
    case store::batch::verb::erase: {
      auto key = MDB_val{c.key.size(), const_cast<char*>(c.key.data())};
      auto code = mdb_del(txn, tables_[static_cast<std::size_t>(c.table)], &key, nullptr);
      if (code != MDB_NOTFOUND)
        must(code);
      break;
    }
    }
  }

  void put(MDB_txn* txn, store::table t, std::string_view k, std::size_t body) {
    auto key = MDB_val{k.size(), const_cast<char*>(k.data())};
    auto value = MDB_val{store::header_bytes + body, nullptr};
    must(mdb_put(txn, tables_[static_cast<std::size_t>(t)], &key, &value, MDB_RESERVE));
    std::memset(value.mv_data, 0x5a, value.mv_size);
  }

  MDB_env* env_ = nullptr;
  std::array<MDB_dbi, store::table_count> tables_{};
  std::map<store::log_id, std::uint64_t> ends_;
};

replayer::replayer(const std::filesystem::path& directory)
  : to_(std::make_unique<environment>(directory)) {}

replayer::~replayer() = default;

double replayer::operator()(const recording& what) {
  auto start = std::chrono::steady_clock::now();
  for (auto& c : what.commits)
    to_->write(c);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace dagger::bench
