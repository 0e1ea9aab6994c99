// Opening and closing an LMDB environment, and the list of those that are open.
#include <dagger/store/lmdb_env.hpp>

#include <dagger/limits.hpp>
#include <dagger/store/damage.hpp>
#include <dagger/store/pages.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dagger::store {

namespace {

/// More read transactions than this at the same time are begun anew each time.
constexpr std::size_t max_idle = 64;

/// Where the address space does not allow the usual map, this much must do.
constexpr std::size_t smallest_map = std::size_t{1} << 30;

/// What the map has beyond its limit, for erasing when it is full.
constexpr std::size_t smallest_reserve = std::size_t{1} << 20;
constexpr std::size_t largest_reserve = limits::min_free_bytes;

/// The environments of this process. LMDB's locks belong to the process, so a second
/// environment on the same files would release them when it closes.
struct open_list {
  std::mutex mutex;
  std::condition_variable closed;
  std::map<environment::identity, std::weak_ptr<environment>> all;
};

open_list& opened() {
  static auto list = open_list{};
  return list;
}

/// The one that is open, or null. One that is just closing is waited for.
std::shared_ptr<environment> find_open(open_list& list, std::unique_lock<std::mutex>& guard,
                                       const environment::identity& identity) {
  auto found = std::shared_ptr<environment>{};
  list.closed.wait(guard, [&] {
    auto i = list.all.find(identity);
    if (i == list.all.end())
      return true;
    found = i->second.lock();
    return found != nullptr;
  });
  return found;
}

result<environment::identity> identity_of(const fs::path& directory) {
  struct stat s;
  if (::stat(directory.c_str(), &s) != 0)
    return fail(disk_error(errno, "cannot read it", directory));
  return environment::identity{s.st_dev, s.st_ino};
}

result<void> make_directory(const fs::path& directory) {
  auto path = directory.has_filename() ? directory : directory.parent_path();
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
    return fail(disk_error(errno, "cannot create it", directory));
  return sync(path.has_parent_path() ? path.parent_path() : ".");
}

// LMDB passes nothing to what it calls.
std::atomic<void (*)()> end_of_process{nullptr};

[[noreturn]] void pages_damaged(MDB_env* env, const char* text) {
  const char* path = "";
  mdb_env_get_path(env, &path);
  std::fprintf(stderr,
               "dagger: the store %s is damaged (LMDB: %s)\n"
               "  restore a backup; `dagger store check` says what is damaged\n",
               path, text);
  if (auto end = end_of_process.load())
    end();
  std::abort();
}

/// LMDB writes to the table of readers through a map. A hole in that file that is met when the disk
/// is full would end the process (SIGBUS), so there are none. True if there were: only an
/// environment that is closed may be touched, its locks end with any descriptor of the file.
result<bool> fill_holes(const fs::path& file, const std::function<void()>& close_environment) {
  struct stat s {};
  constexpr auto bytes_of_block = 512; // POSIX leaves it open, Linux has this
  if (::stat(file.c_str(), &s) != 0 || s.st_blocks * bytes_of_block >= s.st_size)
    return false;
  close_environment();
  auto opened = open_file(file, O_RDWR);
  if (!opened)
    return fail(std::move(opened.error()));
  // Not every file system can; then there is nothing to be done.
  if (::fallocate(opened->get(), 0, 0, s.st_size) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
    return fail(disk_error(errno, "cannot reserve its space", file));
  return true;
}

error no_store(const fs::path& directory) {
  return {code::not_found, "there is no store here", directory, {}};
}

} // namespace

void on_damaged_pages(void (*end)()) {
  end_of_process = end;
}

result<std::shared_ptr<environment>> environment::open(const fs::path& directory,
                                                       const lmdb_options& options) {
  auto exists = is_store(directory);
  if (!exists)
    return fail(std::move(exists.error()));
  if (!*exists && (options.read_only || !options.create))
    return fail(no_store(directory));
  if (!*exists)
    if (auto done = make_directory(directory); !done)
      return fail(std::move(done.error()));
  auto identity = identity_of(directory);
  if (!identity)
    return fail(std::move(identity.error()));
  auto& list = opened();
  auto guard = std::unique_lock{list.mutex};
  if (find_open(list, guard, *identity))
    return fail(in_use(directory, "this process (" + std::to_string(::getpid()) + ")"));
  auto x = std::shared_ptr<environment>{new environment{directory}};
  if (auto done = x->start(options); !done) {
    guard.unlock();
    return fail(std::move(done.error()));
  }
  list.all[*identity] = x;
  x->listed_ = *identity;
  return x;
}

result<std::shared_ptr<environment>> environment::share(const fs::path& directory) {
  if (auto identity = identity_of(directory)) {
    auto guard = std::unique_lock{opened().mutex};
    if (auto x = find_open(opened(), guard, *identity))
      return x;
  }
  auto options = lmdb_options{};
  options.read_only = true;
  return open(directory, options);
}

environment::~environment() {
  auto& list = opened();
  auto guard = std::unique_lock{list.mutex};
  for (auto* txn : idle_)
    mdb_txn_abort(txn);
  if (env_)
    mdb_env_close(env_);
  lock_.reset();
  if (!listed_)
    return;
  list.all.erase(*listed_);
  list.closed.notify_all();
}

result<void> environment::start(const lmdb_options& options) {
  const auto& directory = tables_.directory;
  if (options.read_only) {
    read_only_ = error{code::store_readonly, "the store was opened for reading only", directory};
  } else {
    auto lock = store_lock::acquire(directory, options.holder);
    if (!lock)
      return fail(std::move(lock.error()));
    lock_ = std::move(*lock);
    // Under the lock nobody else makes one: what is there was left by a crash.
    auto failed = std::error_code{};
    fs::remove(directory / new_data_file, failed);
    if (!fs::exists(directory / data_file, failed))
      if (auto done = create_data_file(directory); !done)
        return done;
  }
  if (auto done = check_header(directory / data_file, name_of(table::meta)); !done)
    return done;
  if (auto done = open_file(options); !done)
    return done;
  return open_tables();
}

result<void> environment::open_file(const lmdb_options& options) {
  limit_ = options.map_bytes ? options.map_bytes : limits::store_map_bytes;
  auto rc = open_map(options.read_only);
  if (rc == 0 && !options.read_only) {
    auto filled = fill_holes(tables_.directory / readers_file,
                             [&] { mdb_env_close(std::exchange(env_, nullptr)); });
    if (!filled)
      return fail(std::move(filled.error()));
    if (*filled)
      rc = open_map(false);
  }
  // Where the address space is limited (ulimit -v, valgrind) a smaller store is better than none.
  while ((rc == ENOMEM || rc == EINVAL) && options.map_bytes == 0 && limit_ > smallest_map) {
    mdb_env_close(std::exchange(env_, nullptr));
    limit_ /= 2;
    rc = open_map(options.read_only);
  }
  auto dead = 0;
  if (rc == 0)
    rc = mdb_reader_check(env_, &dead);
  return rc == 0 ? result<void>{} : fail(tables_.failure(rc, "cannot open it"));
}

int environment::open_map(bool read_only) {
  if (auto rc = mdb_env_create(&env_); rc != 0)
    return rc;
  mdb_env_set_maxdbs(env_, table_count);
  mdb_env_set_maxreaders(env_, limits::store_readers);
  mdb_env_set_mapsize(env_, limit_ + std::clamp(limit_ / 16, smallest_reserve, largest_reserve));
  mdb_env_set_assert(env_, pages_damaged);
  auto flags = unsigned{MDB_NOTLS} | (read_only ? unsigned{MDB_RDONLY} : 0u);
  return mdb_env_open(env_, tables_.directory.c_str(), flags, 0666);
}

result<void> environment::open_tables() {
  MDB_txn* raw = nullptr;
  if (auto rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &raw); rc != 0)
    return fail(tables_.failure(rc, "cannot read it"));
  auto txn = std::unique_ptr<MDB_txn, void (*)(MDB_txn*)>{raw, mdb_txn_abort};
  // The lock file remembers the last transaction. If `compact` has put a new data file beside it
  // and was killed while another process waited to read, it speaks of the old one.
  auto file = MDB_envinfo{};
  mdb_env_info(env_, &file);
  if (mdb_txn_id(raw) > file.me_last_txnid)
    return fail(code::unavailable, "the store has just been compacted", tables_.directory,
                "try again");
  for (auto t = std::size_t{0}; t < table_count; ++t) {
    auto rc = mdb_dbi_open(raw, table_names[t].data(), 0, &tables_.numbers[t]);
    if (rc == MDB_NOTFOUND)
      return fail(code::store_corrupt, "the table " + std::string{table_names[t]} + " is missing",
                  tables_.directory, "this is not a store of Dagger, or restore a backup");
    if (rc != 0)
      return fail(tables_.failure(rc, "cannot open the table " + std::string{table_names[t]}));
    if (t == static_cast<std::size_t>(table::meta))
      if (auto done = check_format(raw); !done)
        return done;
  }
  // Only a commit keeps the numbers of the tables.
  if (auto rc = mdb_txn_commit(txn.release()); rc != 0)
    return fail(tables_.failure(rc, "cannot open its tables"));
  return {};
}

result<void> environment::check_format(MDB_txn* txn) {
  auto row = get_row(tables_, txn, table::meta, key::format);
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return fail(code::store_corrupt, "its format version is missing", tables_.directory,
                "this is not a store of Dagger, or restore a backup");
  auto major = std::uint64_t{0};
  auto minor = std::uint64_t{0};
  try {
    auto r = reader{(*row)->body};
    major = r.varint();
    minor = r.varint();
  } catch (const truncated& e) {
    return fail(tables_.damaged(table::meta, key::format, {code::store_corrupt, e.what()}));
  }
  auto text = "the store has format " + std::to_string(major) + "." + std::to_string(minor)
            + ", this program writes " + std::to_string(format_major) + "."
            + std::to_string(format_minor);
  if (major > format_major)
    return fail(code::store_newer, text, tables_.directory, "use a newer version of Dagger");
  if (major == format_major && minor > format_minor) {
    read_only_ = error{code::store_readonly, text, tables_.directory,
                       "it can be read; use a newer version of Dagger to write"};
    lock_.reset();
  }
  return {};
}

bool environment::over_limit() const {
  auto file = MDB_envinfo{};
  auto stat = MDB_stat{};
  mdb_env_info(env_, &file);
  mdb_env_stat(env_, &stat);
  auto used = file.me_last_pgno + 1;
  if (used * stat.ms_psize < limit_)
    return false;
  auto txn = begin_read();
  if (!txn)
    return true;
  // The table without a name: transaction -> how many pages it freed, and their numbers.
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(*txn, 0, &cursor) == 0) {
    auto key = MDB_val{};
    auto value = MDB_val{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
      used -= *static_cast<const std::size_t*>(value.mv_data);
    mdb_cursor_close(cursor);
  }
  end_read(*txn);
  return used * stat.ms_psize >= limit_;
}

result<MDB_txn*> environment::begin_read() const {
  {
    auto guard = std::lock_guard{mutex_};
    if (!idle_.empty()) {
      auto* txn = idle_.back();
      idle_.pop_back();
      if (mdb_txn_renew(txn) == 0)
        return txn;
      mdb_txn_abort(txn);
    }
  }
  MDB_txn* txn = nullptr;
  auto rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (rc == MDB_READERS_FULL) {
    auto dead = 0;
    mdb_reader_check(env_, &dead);
    rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  }
  if (rc != 0)
    return fail(tables_.failure(rc, "cannot read it"));
  return txn;
}

void environment::end_read(MDB_txn* txn) const {
  mdb_txn_reset(txn);
  auto guard = std::unique_lock{mutex_};
  if (idle_.size() < max_idle) {
    idle_.push_back(txn);
    return;
  }
  guard.unlock();
  mdb_txn_abort(txn);
}

} // namespace dagger::store
