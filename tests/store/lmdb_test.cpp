// What only the durable store does: directories, versions, backups, a full map.
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <dagger/limits.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include <lmdb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dagger::store {

namespace {

namespace fs = std::filesystem;

class lmdb : public testing::Test {
protected:
  /// `count` rows with bodies of `size`, in one commit.
  void fill(store& s, std::uint64_t count, std::size_t size = 100) {
    auto b = batch{};
    for (auto i = std::uint64_t{0}; i < count; ++i)
      b.put(table::jobs, key::job(i), kind::job, std::string(size, 'x'));
    b.append(log_id::jobs, kind::job_event, "filled");
    must_commit(s, b);
  }

  error refusal(const fs::path& directory, lmdb_options options = {}) {
    auto x = open_lmdb(directory, options);
    EXPECT_FALSE(x);
    return x ? error{} : x.error();
  }

  test::temporary_folder folder;
  fs::path path = folder / "s";
};

TEST_F(lmdb, what_was_committed_is_there_after_closing) {
  auto s = must_open(path);
  fill(*s, 1'000);
  auto before = rows_of(*s);
  s.reset();
  s = must_open(path);
  EXPECT_EQ(rows_of(*s), before);
  auto b = batch{};
  b.append(log_id::jobs, kind::job_event, "next");
  auto done = must_commit(*s, b);
  EXPECT_EQ(done.number, 2u);
  EXPECT_EQ(done.positions, (std::vector<std::uint64_t>{1}));
}

TEST_F(lmdb, the_end_of_an_erased_log_is_there_after_closing) {
  auto s = must_open(path);
  fill(*s, 1);
  auto b = batch{};
  b.erase(table::log, key::log(log_id::jobs, 0));
  must_commit(*s, b);
  s.reset();
  EXPECT_EQ(*end_of(*must_open(path)->read(), log_id::jobs), 1u);
}

TEST_F(lmdb, a_store_is_created_only_if_asked) {
  EXPECT_EQ(refusal(path, {.create = false}).code, code::not_found);
  EXPECT_EQ(refusal(path, {.read_only = true}).code, code::not_found);
  EXPECT_FALSE(fs::exists(path));
  must_open(path);
  EXPECT_TRUE(open_lmdb(path, {.create = false}));
  EXPECT_EQ(refusal(folder / "no" / "parent").code, code::not_found);
}

TEST_F(lmdb, what_is_not_a_store_is_refused_and_left_alone) {
  std::ofstream{folder / "file"} << "text";
  EXPECT_EQ(refusal(folder / "file").code, code::not_found);
  EXPECT_EQ(refusal(folder / "file").message, "this is not a store: it is a file");
  fs::create_directory(folder / "photos");
  std::ofstream{folder / "photos" / "cat.jpg"} << "cat";
  EXPECT_EQ(refusal(folder / "photos").message,
            "this is not a store: it holds other files (cat.jpg)");
  EXPECT_EQ(std::distance(fs::directory_iterator{folder / "photos"}, {}), 1);
}

TEST_F(lmdb, creation_that_was_killed_at_any_point_goes_on) {
  // What creation leaves behind, step by step: the directory, the lock, the new file in
  // parts, then the whole file under its name.
  must_open(folder / "whole").reset();
  auto size = fs::file_size(folder / "whole" / "data.mdb");
  for (auto kept : {std::uintmax_t{0}, std::uintmax_t{1}, std::uintmax_t{4'096}, size / 2, size}) {
    SCOPED_TRACE(kept);
    fs::remove_all(path);
    fs::create_directory(path);
    must_open(path).reset();
    fs::remove(path / "data.mdb");
    fs::remove(path / "lock.mdb");
    fs::copy_file(folder / "whole" / "data.mdb", path / "data.mdb.new");
    fs::resize_file(path / "data.mdb.new", kept);
    fill(*must_open(path), 3);
    EXPECT_FALSE(fs::exists(path / "data.mdb.new"));
    EXPECT_EQ(must_open(path)->measure()->commits, 1u);
  }
  fs::remove_all(path);
  fs::create_directory(path);
  fill(*must_open(path), 3);
}

TEST_F(lmdb, a_reader_beside_the_engine_cannot_commit) {
  auto s = must_open(path);
  fill(*s, 3);
  s.reset();
  auto r = must_open(path, {.read_only = true});
  EXPECT_EQ(r->measure()->rows[static_cast<std::size_t>(table::jobs)], 3u);
  auto b = batch{};
  b.erase(table::jobs, key::job(1));
  EXPECT_EQ(commit(*r, b).error().code, code::store_readonly);
}

/// Writes another format version where the store keeps its own, as a later program would.
void write_version(const fs::path& path, std::uint64_t major, std::uint64_t minor) {
  auto body = std::string{};
  auto w = writer{body};
  w.varint(major);
  w.varint(minor);
  auto stored = std::string(header_bytes + body.size(), '\0');
  seal(stored.data(), kind::meta, 1, 0, key::format, body);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  auto dbi = MDB_dbi{};
  auto k = MDB_val{key::format.size(), const_cast<char*>(key::format.data())};
  auto v = MDB_val{stored.size(), stored.data()};
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_maxdbs(env, 1);
  ASSERT_EQ(mdb_env_open(env, path.c_str(), 0, 0644), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
  ASSERT_EQ(mdb_put(txn, dbi, &k, &v, 0), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

TEST_F(lmdb, a_newer_major_version_is_refused) {
  fill(*must_open(path), 1);
  write_version(path, format_major + 1, 0);
  for (auto read_only : {false, true}) {
    auto e = refusal(path, {.read_only = read_only});
    EXPECT_EQ(e.code, code::store_newer);
    EXPECT_EQ(e.message, "the store has format 2.0, this program writes 1.0");
    EXPECT_EQ(e.hint, "use a newer version of Dagger");
  }
}

TEST_F(lmdb, a_newer_minor_version_is_read_but_not_written) {
  fill(*must_open(path), 1);
  write_version(path, format_major, format_minor + 1);
  auto s = must_open(path);
  EXPECT_EQ(body_of(*s->read(), table::log, key::log(log_id::jobs, 0)), "filled");
  auto b = batch{};
  b.erase(table::jobs, key::job(0));
  auto refused = commit(*s, b);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code::store_readonly);
  EXPECT_EQ(refused.error().message, "the store has format 1.1, this program writes 1.0");
  EXPECT_FALSE(holder_of(path));
}

TEST_F(lmdb, a_full_map_changes_nothing_and_is_usable_after_erasing) {
  auto s = must_open(path, {.map_bytes = 1 << 20});
  auto full = std::optional<error>{};
  auto rows = std::uint64_t{0};
  for (; !full; ++rows) {
    ASSERT_LT(rows, 1'000u);
    auto before = rows_of(*s);
    auto b = batch{};
    b.put(table::jobs, key::job(rows), kind::job, std::string(10'000, 'x'));
    b.append(log_id::jobs, kind::job_event, "put");
    if (auto done = commit(*s, b); !done) {
      full = done.error();
      EXPECT_EQ(rows_of(*s), before);
    }
  }
  EXPECT_EQ(full->code, code::store_full);
  EXPECT_GT(rows, 20u);
  auto purge = batch{};
  for (auto i = std::uint64_t{0}; i < 20; ++i)
    purge.erase(table::jobs, key::job(i));
  ASSERT_TRUE(commit(*s, purge));
  for (auto i = std::uint64_t{0}; i < 10; ++i) {
    auto b = batch{};
    b.put(table::jobs, key::job(i), kind::job, std::string(10'000, 'y'));
    b.append(log_id::jobs, kind::job_event, "put");
    // The failed append took no position.
    EXPECT_EQ(must_commit(*s, b).positions.front(), rows - 1 + i);
  }
  s.reset();
  EXPECT_TRUE(check_records(path)->empty());
}

TEST_F(lmdb, a_backup_made_while_writing_is_a_snapshot) {
  auto s = must_open(path);
  fill(*s, 2'000, 500);
  auto stop = std::atomic<bool>{false};
  auto writer = std::thread{[&] {
    // Both rows of a commit, or none.
    for (auto n = 0; !stop; ++n) {
      auto b = batch{};
      b.put(table::tasks, key::task(1, 1), kind::task, std::to_string(n));
      b.put(table::tasks, key::task(9, 9), kind::task, std::to_string(n));
      must_commit(*s, b);
    }
  }};
  for (auto i = 0; i < 5; ++i) {
    auto to = folder / ("backup" + std::to_string(i));
    auto done = backup(path, to);
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_TRUE(check_records(to)->empty());
    auto copy = must_open(to);
    auto v = copy->read();
    EXPECT_EQ(body_of(*v, table::tasks, key::task(1, 1)),
              body_of(*v, table::tasks, key::task(9, 9)));
    fill(*copy, 1);
  }
  stop = true;
  writer.join();
}

TEST_F(lmdb, a_backup_does_not_overwrite) {
  fill(*must_open(path), 3);
  fs::create_directory(folder / "empty");
  EXPECT_TRUE(backup(path, folder / "empty"));
  EXPECT_EQ(rows_of(*must_open(folder / "empty")), rows_of(*must_open(path)));
  EXPECT_EQ(backup(path, folder / "empty").error().code, code::conflict);
  std::ofstream{folder / "file"} << "text";
  EXPECT_EQ(backup(path, folder / "file").error().code, code::conflict);
  EXPECT_EQ(backup(folder / "none", folder / "b").error().code, code::not_found);
  EXPECT_FALSE(fs::exists(folder / "b"));
  EXPECT_EQ(backup(path, folder / "no" / "parent").error().code, code::not_found);
}

TEST_F(lmdb, compaction_gives_free_pages_back_and_keeps_every_row) {
  auto s = must_open(path);
  fill(*s, 2'000, 500);
  auto b = batch{};
  for (auto i = std::uint64_t{10}; i < 2'000; ++i)
    b.erase(table::jobs, key::job(i));
  must_commit(*s, b);
  auto before = rows_of(*s);
  EXPECT_EQ(compact(path).error().code, code::store_in_use);
  s.reset();
  auto sizes = compact(path);
  ASSERT_TRUE(sizes) << to_string(sizes.error());
  EXPECT_LT(sizes->second, sizes->first / 4);
  EXPECT_EQ(sizes->second, fs::file_size(path / "data.mdb"));
  EXPECT_TRUE(check_records(path)->empty());
  s = must_open(path);
  EXPECT_EQ(rows_of(*s), before);
  fill(*s, 50);
  EXPECT_EQ(s->measure()->commits, 3u);
}

TEST_F(lmdb, readers_up_to_the_limit_and_not_beyond) {
  auto s = must_open(path);
  fill(*s, 1);
  auto views = std::vector<std::unique_ptr<view>>{};
  for (auto i = 0u; i < limits::store_readers; ++i) {
    views.push_back(s->read());
    ASSERT_EQ(body_of(*views.back(), table::log, key::log(log_id::jobs, 0)), "filled") << i;
  }
  auto refused = s->read()->get(table::jobs, key::job(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code::limit);
  views.pop_back();
  EXPECT_TRUE(s->read()->get(table::jobs, key::job(0)));
}

TEST_F(lmdb, a_process_with_little_address_space_gets_a_smaller_store) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need the address space";
#endif
  auto child = ::fork();
  if (child == 0) {
    auto most = rlimit{std::size_t{8} << 30, std::size_t{8} << 30};
    ::setrlimit(RLIMIT_AS, &most);
    auto s = open_lmdb(path);
    if (s)
      fill(**s, 10);
    ::_exit(s ? 0 : 1);
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(must_open(path)->measure()->commits, 1u);
}

TEST_F(lmdb, a_file_that_may_not_grow_is_full_and_goes_on_when_it_may) {
  // In a process of its own: the bound holds for all files, and is felt as a signal as well.
  auto child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto s = must_open(path);
    fill(*s, 1);
    auto before = rows_of(*s);
    auto size = fs::file_size(path / "data.mdb");
    auto wrong = 0;
    // At the end of the file, of a page, and inside one: LMDB's write fails or is cut short.
    for (auto more : {0u, 4'096u, 6'000u, 8'192u}) {
      auto bound = rlimit{size + more, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &bound);
      auto big = batch{};
      big.put(table::jobs, key::job(7), kind::job, std::string(200'000, 'x'));
      auto done = commit(*s, big);
      bound.rlim_cur = RLIM_INFINITY;
      ::setrlimit(RLIMIT_FSIZE, &bound);
      if (done || done.error().code != code::store_full
          || done.error().hint.find("ulimit -f") == std::string::npos || rows_of(*s) != before)
        ++wrong;
    }
    fill(*s, 10, 100'000);
    ::_exit(wrong);
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(check_records(path)->empty());
  EXPECT_EQ(must_open(path)->measure()->commits, 2u);
}

/// Runs `what` in a process of its own, as a user who owns nothing if we are root.
int as_nobody(const std::function<int()>& what) {
  auto child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65'534) != 0 || ::setuid(65'534) != 0))
      ::_exit(99);
    ::_exit(what());
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(lmdb, missing_permissions_are_named) {
  fill(*must_open(path), 1);
  fs::permissions(folder.path(), fs::perms{0755});
  fs::permissions(path, fs::perms{0555});
  for (const auto& x : fs::directory_iterator{path})
    fs::permissions(x.path(), fs::perms{0444});
  EXPECT_EQ(as_nobody([&] { return open_lmdb(path).error().code != code::store_readonly; }), 0);
  EXPECT_EQ(
    as_nobody([&] { return open_lmdb(folder / "new").error().code != code::store_readonly; }), 0);
  fs::permissions(path, fs::perms{0000});
  EXPECT_EQ(as_nobody([&] {
              auto e = open_lmdb(path).error();
              return e.code != code::store_readonly
                  || e.message.find("Permission denied") == std::string::npos;
            }),
            0);
  fs::permissions(path, fs::perms{0755});
}

} // namespace

} // namespace dagger::store
