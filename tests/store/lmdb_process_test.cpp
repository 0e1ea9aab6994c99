// Stores and other processes: who holds the lock, and what a kill leaves.
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <functional>
#include <random>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dagger::store {

namespace {

/// A process that runs `what` and then waits to be killed. What it prints comes by a pipe.
class child {
public:
  explicit child(const std::function<void(int out)>& what) {
    int ends[2];
    if (::pipe(ends) != 0)
      throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      what(ends[1]);
      while (true)
        ::pause();
    }
    ::close(ends[1]);
    in_ = ends[0];
  }

  child(const child&) = delete;

  ~child() {
    kill();
    ::close(in_);
  }

  pid_t pid() const {
    return pid_;
  }

  void kill() {
    if (pid_ <= 0)
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  /// The next number that it printed, or nothing at its end.
  std::optional<std::uint64_t> next() {
    auto x = std::uint64_t{0};
    return ::read(in_, &x, sizeof x) == sizeof x ? std::optional{x} : std::nullopt;
  }

private:
  pid_t pid_ = 0;
  int in_ = -1;
};

void print(int out, std::uint64_t x) {
  if (::write(out, &x, sizeof x) != sizeof x)
    ::_exit(1);
}

class lmdb_process : public testing::Test {
protected:
  test::temporary_folder folder;
  std::filesystem::path path = folder / "runs.db";
};

TEST_F(lmdb_process, the_same_process_is_refused_a_second_time) {
  auto s = must_open(path);
  for (auto read_only : {false, true}) {
    auto again = open_lmdb(path, {.read_only = read_only});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, code::store_in_use);
  }
  // Under another name it is the same store.
  std::filesystem::create_symlink(path, folder / "link");
  EXPECT_EQ(open_lmdb(folder / "link").error().code, code::store_in_use);
  s.reset();
  EXPECT_TRUE(open_lmdb(path));
}

TEST_F(lmdb_process, the_error_names_the_process_that_holds_the_store) {
  EXPECT_FALSE(holder_of(path));
  auto c = child{[&](int out) {
    auto s = must_open(path, {.holder = "dagger run"});
    print(out, 1);
    while (true)
      ::pause();
  }};
  ASSERT_TRUE(c.next());
  auto holder = "process " + std::to_string(c.pid()) + " (dagger run)";
  auto refused = open_lmdb(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code::store_in_use);
  EXPECT_EQ(refused.error().message, "store runs.db is in use by " + holder);
  EXPECT_EQ(open_lmdb(path / "").error().message, "store runs.db is in use by " + holder);
  EXPECT_EQ(holder_of(path), holder);
  EXPECT_EQ(compact(path).error().code, code::store_in_use);
  EXPECT_TRUE(open_lmdb(path, {.read_only = true}));
  c.kill();
  EXPECT_FALSE(holder_of(path));
  EXPECT_TRUE(open_lmdb(path));
}

TEST_F(lmdb_process, a_reader_follows_the_commits_of_another_process) {
  auto go = child{[&](int out) {
    auto s = must_open(path);
    for (auto i = std::uint64_t{0}; i < 50; ++i) {
      auto b = batch{};
      b.put(table::jobs, key::job(i), kind::job, "");
      print(out, must_commit(*s, b).number);
    }
    while (true)
      ::pause();
  }};
  ASSERT_TRUE(go.next());
  auto r = must_open(path, {.read_only = true});
  for (auto n = std::uint64_t{2}; n <= 50; ++n) {
    ASSERT_EQ(go.next(), n);
    EXPECT_GE(rows_of(*r)[static_cast<std::size_t>(table::jobs)].size(), n);
  }
  EXPECT_TRUE(check_records(path)->empty());
}

TEST_F(lmdb_process, compaction_waits_for_no_reader_but_names_it) {
  must_open(path).reset();
  auto c = child{[&](int out) {
    auto r = must_open(path, {.read_only = true});
    print(out, 1);
    while (true)
      ::pause();
  }};
  ASSERT_TRUE(c.next());
  auto refused = compact(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code::store_in_use);
  EXPECT_EQ(refused.error().message,
            "store runs.db is in use by process " + std::to_string(c.pid()) + ", which reads it");
  c.kill();
  EXPECT_TRUE(compact(path));
}

TEST_F(lmdb_process, readers_that_were_killed_make_room) {
  must_open(path).reset();
  auto c = child{[&](int out) {
    auto views = std::vector<std::unique_ptr<view>>{};
    auto r = must_open(path, {.read_only = true});
    for (auto i = 0; i < 300; ++i) {
      views.push_back(r->read());
      (void)views.back()->get(table::meta, key::commit);
    }
    print(out, 1);
    while (true)
      ::pause();
  }};
  ASSERT_TRUE(c.next());
  auto s = must_open(path);
  c.kill();
  auto views = std::vector<std::unique_ptr<view>>{};
  for (auto i = 0; i < 500; ++i) {
    views.push_back(s->read());
    ASSERT_TRUE(views.back()->get(table::meta, key::commit)) << i;
  }
}

constexpr auto rows_per_commit = std::uint64_t{10};

/// Commits groups of rows for ever; prints the number of each commit once it is done.
void write_groups(const std::filesystem::path& path, int out) {
  auto s = must_open(path);
  auto n = s->measure()->commits;
  while (true) {
    auto b = batch{};
    for (auto i = std::uint64_t{0}; i < rows_per_commit; ++i)
      b.put(table::jobs, key::job(n * rows_per_commit + i), kind::job,
            std::string(n * 37 % 700, 'x'));
    if (n > 20) // so that pages are used again
      b.erase(table::active, key::active(n - 20));
    b.put(table::active, key::active(n), kind::active, std::string(n * 91 % 9'000, 'y'));
    b.append(log_id::jobs, kind::job_event, std::to_string(n), std::to_string(n));
    n = must_commit(*s, b).number;
    print(out, n);
  }
}

TEST_F(lmdb_process, a_killed_writer_loses_nothing_and_leaves_nothing_half_done) {
  auto g = std::mt19937_64{std::random_device{}()};
  auto printed = std::uint64_t{0};
  for (auto round = 0; round < 20; ++round) {
    auto c = child{[&](int out) { write_groups(path, out); }};
    for (auto n = g() % 40 + 1; n > 0; --n)
      printed = std::max(printed, c.next().value_or(0));
    c.kill();
    while (auto x = c.next())
      printed = std::max(printed, *x);

    ASSERT_TRUE(check_records(path)->empty());
    auto s = must_open(path);
    auto all = rows_of(*s);
    auto commits = s->measure()->commits;
    ASSERT_GE(commits, printed);
    auto per_commit = std::map<std::uint64_t, std::uint64_t>{};
    for (const auto& [key, x] : all[static_cast<std::size_t>(table::jobs)])
      ++per_commit[x.commit];
    ASSERT_EQ(per_commit.size(), commits);
    for (const auto& [n, count] : per_commit)
      ASSERT_EQ(count, rows_per_commit) << "commit " << n;
    ASSERT_EQ(all[static_cast<std::size_t>(table::log)].size(), commits);
    ASSERT_EQ(*end_of(*s->read(), log_id::jobs), commits);
  }
  EXPECT_GT(printed, 20u);
}

TEST_F(lmdb_process, compaction_that_is_killed_leaves_a_whole_store) {
  auto s = must_open(path);
  auto b = batch{};
  for (auto i = std::uint64_t{0}; i < 3'000; ++i)
    b.put(table::jobs, key::job(i), kind::job, std::string(300, 'x'));
  must_commit(*s, b);
  auto before = rows_of(*s);
  s.reset();
  auto g = std::mt19937_64{std::random_device{}()};
  for (auto round = 0; round < 20; ++round) {
    auto c = child{[&](int out) {
      print(out, 0);
      for (auto n = std::uint64_t{1}; compact(path); ++n)
        print(out, n);
      ::_exit(1);
    }};
    // Killed anywhere: the pipe says how far it came, not where it is.
    for (auto n = g() % 3 + 1; n > 0; --n)
      ASSERT_TRUE(c.next());
    volatile auto spin = g() % 2'000'000;
    while (spin > 0)
      spin = spin - 1;
    c.kill();
    ASSERT_TRUE(check_records(path)->empty());
    ASSERT_EQ(rows_of(*must_open(path)), before);
  }
}

} // namespace

} // namespace dagger::store
