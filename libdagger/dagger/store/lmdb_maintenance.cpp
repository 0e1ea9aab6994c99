// Backup, compaction and the check of a whole store.
#include <dagger/store/lmdb_env.hpp>
#include <dagger/store/pages.hpp>

#include <cerrno>
#include <cstdlib>
#include <map>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dagger::store {

namespace {

/// Enough to see what happened.
constexpr std::size_t max_errors = 1'000;

/// A compacted copy of the last commit, on the disk when this returns.
result<void> copy_to(const environment& env, const fs::path& file) {
  auto to = open_file(file, O_WRONLY | O_CREAT | O_EXCL);
  if (!to)
    return fail(std::move(to.error()));
  if (auto rc = mdb_env_copyfd2(env.get(), to->get(), MDB_CP_COMPACT); rc != 0) {
    auto why = env.tables().failure(rc, "cannot copy the store");
    why.where = file;
    return fail(std::move(why));
  }
  if (::fsync(to->get()) != 0)
    return fail(disk_error(errno, "cannot sync it", file));
  return {};
}

/// `to` without a slash at its end; refused if there is something.
result<fs::path> free_name(const fs::path& to) {
  auto path = to.has_filename() ? to : to.parent_path();
  auto failed = std::error_code{};
  if (!fs::exists(path, failed) && !failed)
    return path;
  if (!failed && fs::is_directory(path, failed) && fs::is_empty(path, failed) && !failed)
    return path;
  if (failed)
    return fail(disk_error(failed.value(), "cannot read it", to));
  return fail(code::conflict, "there is something with this name already", to,
              "name a new directory for the backup");
}

/// Keeps other processes from having the data file open while it is replaced. LMDB holds a
/// read lock on the first byte of its lock file for as long as an environment is open.
result<descriptor> exclude_readers(const fs::path& directory) {
  auto file = open_file(directory / readers_file, O_RDWR);
  if (!file)
    return file;
  struct flock first {};
  first.l_type = F_WRLCK;
  first.l_whence = SEEK_SET;
  first.l_len = 1;
  if (::fcntl(file->get(), F_SETLK, &first) == 0)
    return file;
  if (errno != EAGAIN && errno != EACCES)
    return fail(disk_error(errno, "cannot lock it", directory / readers_file));
  if (::fcntl(file->get(), F_GETLK, &first) != 0 || first.l_type == F_UNLCK)
    return fail(in_use(directory, "a process that reads it"));
  return fail(in_use(directory, "process " + std::to_string(first.l_pid) + ", which reads it"));
}

/// Everything that can be wrong with rows, within one read transaction.
class row_check {
public:
  row_check(const environment& env, MDB_txn* txn) : tables_(env.tables()), txn_(txn) {}

  std::vector<error> run() {
    if (auto last = number_of(rows_, table::meta, key::commit); last && *last)
      last_commit_ = **last;
    for (auto t = std::size_t{0}; t < table_count; ++t) {
      auto up = walk(static_cast<table>(t), direction::up);
      auto down = walk(static_cast<table>(t), direction::down);
      auto s = MDB_stat{};
      mdb_stat(txn_, tables_.numbers[t], &s);
      if (up != s.ms_entries || down != s.ms_entries)
        report("the table " + std::string{table_names[t]} + " has " + std::to_string(up)
               + " rows upwards, " + std::to_string(down) + " downwards, and counts "
               + std::to_string(s.ms_entries));
    }
    return std::move(errors_);
  }

private:
  /// Reads the rows of the transaction.
  class txn_view : public view {
  public:
    explicit txn_view(const row_check& in) : in_(in) {}

    result<std::optional<record>> get(table t, std::string_view key) override {
      return get_row(in_.tables_, in_.txn_, t, key);
    }

    result<void> scan(table t, std::string_view from, direction d, const visitor& v) override {
      return scan_rows(in_.tables_, in_.txn_, t, from, d, v);
    }

  private:
    const row_check& in_;
  };

  void report(std::string what) {
    if (errors_.size() < max_errors)
      errors_.push_back(
        {code::store_corrupt, std::move(what), tables_.directory, "restore a backup"});
  }

  /// How many rows there are in one direction. Looks at each once, on the way up.
  std::uint64_t walk(table t, direction d) {
    MDB_cursor* raw = nullptr;
    if (auto rc = mdb_cursor_open(txn_, tables_[t], &raw); rc != 0) {
      errors_.push_back(tables_.failure(rc, "cannot read the table " + std::string{name_of(t)}));
      return 0;
    }
    auto cursor = std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)>{raw, mdb_cursor_close};
    auto up = d == direction::up;
    auto count = std::uint64_t{0};
    auto before = std::string{};
    auto k = MDB_val{};
    auto v = MDB_val{};
    auto rc = mdb_cursor_get(raw, &k, &v, up ? MDB_FIRST : MDB_LAST);
    for (; rc == 0; rc = mdb_cursor_get(raw, &k, &v, up ? MDB_NEXT : MDB_PREV)) {
      auto x = std::string_view{static_cast<const char*>(k.mv_data), k.mv_size};
      if (count > 0 && (up ? x <= before : x >= before)) {
        report("the record " + readable(t, x) + " stands on the wrong side of "
               + readable(t, before));
        return count; // the order may lead in circles
      }
      before.assign(x);
      ++count;
      if (up)
        look_at(t, x, v);
    }
    if (rc != MDB_NOTFOUND)
      errors_.push_back(tables_.failure(rc, "cannot read the table " + std::string{name_of(t)}));
    return count;
  }

  void look_at(table t, std::string_view x, const MDB_val& v) {
    if (!well_formed(t, x))
      report("the record " + readable(t, x) + " has a key that means nothing");
    auto k = MDB_val{x.size(), const_cast<char*>(x.data())};
    auto found = MDB_val{};
    if (mdb_get(txn_, tables_[t], &k, &found) != 0 || found.mv_data != v.mv_data)
      report("the record " + readable(t, x) + " is not found by its key");
    auto row = open(x, {static_cast<const char*>(v.mv_data), v.mv_size});
    if (!row)
      errors_.push_back(tables_.damaged(t, x, row.error()));
    else if (last_commit_ && row->commit > *last_commit_)
      report("the record " + readable(t, x) + " is of commit " + std::to_string(row->commit)
             + ", the store's last one is " + std::to_string(*last_commit_));
    else if (t == table::once && well_formed(t, x))
      look_at_once(x);
  }

  /// What a key was appended at must lie before the end of its log.
  void look_at_once(std::string_view x) {
    auto position = number_of(rows_, table::once, x);
    auto r = reader{x.substr(1)};
    auto end = end_of_log(r.big_endian<std::uint32_t>());
    if (!position)
      errors_.push_back(std::move(position.error()));
    else if (*position && end && **position >= *end)
      report("the record " + readable(table::once, x) + " names position "
             + std::to_string(**position) + ", where the log has not been yet");
  }

  /// Nothing if the log cannot be read; that is reported with the log.
  std::optional<std::uint64_t> end_of_log(std::uint32_t log) {
    auto i = ends_.find(log);
    if (i == ends_.end()) {
      auto end = end_of(rows_, static_cast<log_id>(log));
      i = ends_.emplace(log, end ? std::optional{*end} : std::nullopt).first;
    }
    return i->second;
  }

  const lmdb_tables& tables_;
  MDB_txn* txn_;
  txn_view rows_{*this};
  std::optional<std::uint64_t> last_commit_;
  std::map<std::uint32_t, std::optional<std::uint64_t>> ends_;
  std::vector<error> errors_;
};

} // namespace

result<void> backup(const fs::path& directory, const fs::path& to) {
  auto target = free_name(to);
  if (!target)
    return fail(std::move(target.error()));
  auto env = environment::share(directory);
  if (!env)
    return fail(std::move(env.error()));
  auto name = target->string() + ".XXXXXX";
  if (!::mkdtemp(name.data()))
    return fail(disk_error(errno, "cannot create a directory beside it", to));
  auto partial = fs::path{name};
  auto steps = [&]() -> result<void> {
    if (auto done = copy_to(**env, partial / data_file); !done)
      return done;
    auto failed = std::error_code{};
    fs::permissions(partial, fs::status(directory, failed).permissions(), failed);
    if (auto done = sync(partial); !done)
      return done;
    return move_durably(partial, *target);
  };
  auto done = steps();
  auto ignored = std::error_code{};
  if (!done)
    fs::remove_all(partial, ignored);
  return done;
}

result<std::pair<std::uint64_t, std::uint64_t>> compact(const fs::path& directory) {
  auto options = lmdb_options{};
  options.create = false;
  options.holder = "dagger store compact";
  auto env = environment::open(directory, options);
  if (!env)
    return fail(std::move(env.error()));
  if ((*env)->read_only())
    return fail(*(*env)->read_only());
  // Closed after the environment: closing it earlier would release LMDB's own lock.
  auto others = exclude_readers(directory);
  if (!others)
    return fail(std::move(others.error()));
  auto from = directory / new_data_file;
  auto to = directory / data_file;
  auto failed = std::error_code{};
  auto before = fs::file_size(to, failed);
  auto done = copy_to(**env, from);
  auto after = fs::file_size(from, failed);
  if (done)
    done = move_durably(from, to);
  else
    fs::remove(from, failed);
  env->reset();
  if (!done)
    return fail(std::move(done.error()));
  return std::pair<std::uint64_t, std::uint64_t>{before, after};
}

result<std::vector<error>> check_records(const fs::path& directory) {
  auto env = environment::share(directory);
  if (!env)
    return fail(std::move(env.error()));
  auto txn = (*env)->begin_read();
  if (!txn)
    return fail(std::move(txn.error()));
  // Behind damaged pages LMDB would end the process.
  auto errors = check_pages(directory / data_file);
  if (errors.empty())
    errors = row_check{**env, *txn}.run();
  (*env)->end_read(*txn);
  return errors;
}

} // namespace dagger::store
