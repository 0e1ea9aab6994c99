// The durable store: each commit is one synced transaction of LMDB, each view one
// of its snapshots.
#include <dagger/store/lmdb_env.hpp>

#include <cerrno>
#include <mutex>

#include <lmdb.h>
#include <sys/stat.h>

namespace dagger::store {

namespace {

class lmdb_view : public view {
public:
  explicit lmdb_view(const environment& env) : env_(env) {}

  ~lmdb_view() override {
    if (txn_)
      env_.end_read(txn_);
  }

  result<std::optional<record>> get(table t, std::string_view key) override {
    if (auto done = begin(); !done)
      return fail(std::move(done.error()));
    return get_row(env_.tables(), txn_, t, key);
  }

  result<void> scan(table t, std::string_view from, direction d, const visitor& visit) override {
    if (auto done = begin(); !done)
      return done;
    return scan_rows(env_.tables(), txn_, t, from, d, visit);
  }

private:
  result<void> begin() {
    if (txn_)
      return {};
    auto txn = env_.begin_read();
    if (!txn)
      return fail(std::move(txn.error()));
    txn_ = *txn;
    return {};
  }

  const environment& env_;
  MDB_txn* txn_ = nullptr;
};

/// The number of the last commit.
result<std::uint64_t> last_commit(const environment& env) {
  auto v = lmdb_view{env};
  auto number = number_of(v, table::meta, key::commit);
  if (!number)
    return fail(std::move(number.error()));
  if (!*number)
    return fail(env.tables().damaged(table::meta, key::commit, {code::store_corrupt, "is gone"}));
  return **number;
}

class lmdb_store : public store {
public:
  lmdb_store(std::shared_ptr<environment> env, std::uint64_t commits)
    : env_(std::move(env)),
      commits_(commits) {}

  result<committed> commit(std::span<const batch* const> batches) override {
    if (env_->read_only())
      return fail(*env_->read_only());
    auto guard = std::lock_guard{mutex_};
    if (all_empty(batches))
      return committed{commits_, {}};
    auto number = commits_ + 1;
    auto what = committed{};
    auto write = [&](transaction& to) {
      return apply(to, number, batches).map([&](auto&& x) { what = std::move(x); });
    };
    auto only_erases = erases(batches);
    auto done = run(number, only_erases, write);
    // Pages that the last commit freed serve the commit after the next one.
    if (!done && done.error().code == code::store_full && turn_over())
      done = run(number, only_erases, write);
    if (!done)
      return fail(std::move(done.error()));
    commits_ = number;
    return what;
  }

  std::unique_ptr<view> read() const override {
    return std::make_unique<lmdb_view>(*env_);
  }

  result<statistics> measure() const override {
    auto commits = last_commit(*env_);
    if (!commits)
      return fail(std::move(commits.error()));
    auto x = statistics{};
    x.commits = *commits;
    const auto& tables = env_->tables();
    auto fd = mdb_filehandle_t{};
    struct stat file;
    mdb_env_get_fd(env_->get(), &fd);
    if (::fstat(fd, &file) != 0)
      return fail(disk_error(errno, "cannot read it", tables.directory / data_file));
    x.bytes_file = static_cast<std::uint64_t>(file.st_size);
    auto txn = env_->begin_read();
    if (!txn)
      return fail(std::move(txn.error()));
    for (auto t = std::size_t{0}; t < table_count; ++t) {
      auto s = MDB_stat{};
      mdb_stat(*txn, tables.numbers[t], &s);
      x.rows[t] = s.ms_entries;
      x.bytes_used += s.ms_psize * (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages);
    }
    env_->end_read(*txn);
    return x;
  }

private:
  static bool erases(std::span<const batch* const> batches) {
    for (auto* b : batches)
      for (auto i = std::size_t{0}; i < b->size(); ++i)
        if ((*b)[i].verb != batch::verb::erase)
          return false;
    return true;
  }

  /// One transaction of LMDB. Only what makes room may use the reserve of the map.
  template <class Write>
  result<void> run(std::uint64_t number, bool may_use_reserve, const Write& write) {
    const auto& tables = env_->tables();
    if (!may_use_reserve && env_->over_limit())
      return fail(tables.failure(MDB_MAP_FULL, "cannot commit"));
    MDB_txn* raw = nullptr;
    if (auto rc = mdb_txn_begin(env_->get(), nullptr, 0, &raw); rc != 0)
      return fail(tables.failure(rc, "cannot begin a commit"));
    auto txn = std::unique_ptr<MDB_txn, void (*)(MDB_txn*)>{raw, mdb_txn_abort};
    auto to = lmdb_transaction{tables, raw, number};
    if (auto done = write(to); !done)
      return done;
    if (auto rc = mdb_txn_commit(txn.release()); rc != 0)
      return fail(tables.failure(rc, "cannot commit"));
    return {};
  }

  /// A commit that changes nothing, so that LMDB may use the pages that the last one freed.
  bool turn_over() {
    return run(commits_, true,
               [&](transaction& to) { return apply(to, commits_, {}).map([](auto&&) {}); })
      .has_value();
  }

  std::shared_ptr<environment> env_;
  std::mutex mutex_;
  std::uint64_t commits_;
};

} // namespace

result<std::unique_ptr<store>> open_lmdb(const fs::path& directory, lmdb_options options) {
  auto env = environment::open(directory, options);
  if (!env)
    return fail(std::move(env.error()));
  auto commits = last_commit(**env);
  if (!commits)
    return fail(std::move(commits.error()));
  return std::make_unique<lmdb_store>(std::move(*env), *commits);
}

} // namespace dagger::store
