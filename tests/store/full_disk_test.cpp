// What LMDB maps for writing has its place on the disk before it is needed.
#include "rows.hpp"

#include <support/own_mounts.hpp>
#include <support/temporary_folder.hpp>

#include <dagger/limits.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/wait.h>

namespace dagger::store {

namespace {

using namespace test;

std::size_t bytes_on_disk(const std::filesystem::path& file) {
  struct stat s {};
  EXPECT_EQ(::stat(file.c_str(), &s), 0);
  return static_cast<std::size_t>(s.st_blocks) * 512;
}

std::size_t size_of_readers(const std::filesystem::path& store) {
  return std::filesystem::file_size(store / "lock.mdb");
}

TEST(full_disk, the_table_of_readers_has_no_holes) {
  auto folder = temporary_folder{};
  auto path = folder / "store";
  must_open(path).reset();
  EXPECT_GE(size_of_readers(path), limits::store_readers * 64);
  EXPECT_GE(bytes_on_disk(path / "lock.mdb"), size_of_readers(path));
  // One that an older program or a reader has made.
  std::filesystem::remove(path / "lock.mdb");
  auto reader = open_lmdb(path, {.read_only = true});
  ASSERT_TRUE(reader);
  reader->reset();
  must_open(path).reset();
  EXPECT_GE(bytes_on_disk(path / "lock.mdb"), size_of_readers(path));
}

/// As many readers as there can be, while no page of the disk is free.
int read_on_a_full_disk(const std::filesystem::path& disk) {
  auto s = must_open(disk / "store");
  leave_free(disk, 0);
  auto views = std::vector<std::unique_ptr<view>>{};
  for (auto i = 0u; i < limits::store_readers; ++i) {
    views.push_back(s->read());
    if (!views.back()->get(table::meta, key::commit))
      return 1;
  }
  auto b = batch{};
  b.put(table::jobs, key::job(1), kind::job, std::string(1'000'000, 'x'));
  auto refused = commit(*s, b);
  if (refused || refused.error().code != code::store_full)
    return 2;
  views.clear();
  std::filesystem::remove(disk / "filling");
  return commit(*s, b) ? 0 : 3;
}

TEST(full_disk, readers_up_to_the_limit_are_served_and_commits_refused_until_there_is_room) {
  auto folder = temporary_folder{};
  auto status = 0;
  auto why = on_a_small_disk(folder.path(), std::size_t{8} << 20, [&] {
    // A process of its own: what went wrong here would be a SIGBUS.
    auto child = ::fork();
    if (child == 0)
      ::_exit(read_on_a_full_disk(folder.path()));
    ::waitpid(child, &status, 0);
  });
  if (!why.empty())
    GTEST_SKIP() << why;
  EXPECT_EQ(status, 0);
}

} // namespace

} // namespace dagger::store
