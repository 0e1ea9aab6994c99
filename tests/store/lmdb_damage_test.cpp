// Files that were damaged on purpose: found, named, never used, and never a crash.
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <fstream>
#include <random>

#include <sys/wait.h>
#include <unistd.h>

namespace dagger::store {

namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file) {
  auto in = std::ifstream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_bytes(const fs::path& file, std::string_view bytes) {
  std::ofstream{file, std::ios::binary | std::ios::trunc} << bytes;
}

class lmdb_damage : public testing::Test {
protected:
  lmdb_damage() {
    // Trees of two levels, values with pages of their own, free pages.
    auto s = must_open(path);
    for (auto n = std::uint64_t{0}; n < 6; ++n) {
      auto b = batch{};
      for (auto i = std::uint64_t{0}; i < 60; ++i)
        b.put(table::jobs, key::job(i * 7 % 60 + n * 20), kind::job, std::string(90 + i, 'x'));
      b.put(table::payloads, key::payload(n, 0, slot::output, 0), kind::payload,
            std::string(9'000, 'y'));
      b.erase(table::payloads, key::payload(n - 2, 0, slot::output, 0));
      b.append(log_id::jobs, kind::job_event, "event", "once " + std::to_string(n));
      must_commit(*s, b);
    }
    auto b = batch{};
    b.put(table::tasks, key::task(12, 3), kind::task, "a body that stands there once");
    b.put(table::tasks, key::task(12, 4), kind::task, "its neighbour");
    must_commit(*s, b);
    rows = rows_of(*s);
    s.reset();
    whole = bytes_of(file);
  }

  /// What checking says about the file; empty if all is well.
  std::vector<error> wrong() {
    auto x = check_records(path);
    return x ? *x : std::vector{x.error()};
  }

  test::temporary_folder folder;
  fs::path path = folder / "s";
  fs::path file = path / "data.mdb";
  all_rows rows;
  std::string whole;
};

TEST_F(lmdb_damage, a_store_that_is_whole_is_found_so) {
  EXPECT_TRUE(wrong().empty());
}

TEST_F(lmdb_damage, a_flipped_byte_in_a_record_is_named_and_its_neighbours_are_read) {
  auto broken = whole;
  auto at = broken.find("a body that stands there once");
  ASSERT_NE(at, broken.npos);
  broken[at + 5] = static_cast<char>(broken[at + 5] ^ 1);
  write_bytes(file, broken);
  auto message =
    "the record tasks: job 12 task 3 is damaged: its checksum does not match its bytes";
  auto s = must_open(path);
  auto v = s->read();
  auto x = v->get(table::tasks, key::task(12, 3));
  ASSERT_FALSE(x);
  EXPECT_EQ(x.error().code, code::store_corrupt);
  EXPECT_EQ(x.error().message, message);
  EXPECT_EQ(x.error().where, path);
  EXPECT_NE(x.error().hint.find("restore a backup"), std::string::npos);
  EXPECT_EQ(body_of(*v, table::tasks, key::task(12, 4)), "its neighbour");
  auto seen = 0;
  auto scanned = v->scan(table::tasks, {}, direction::up, [&](auto, auto&) { return ++seen; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().message, message);
  EXPECT_EQ(seen, 0);
  // The store may be in use while it is checked.
  auto errors = wrong();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].message, message);
}

TEST_F(lmdb_damage, every_flipped_byte_of_a_record_is_found) {
  auto stored = std::string(header_bytes + 5, '\0');
  seal(stored.data(), kind::task, 1, 77, "key", "abcde");
  ASSERT_TRUE(open("key", stored));
  for (auto i = std::size_t{0}; i < stored.size() * 8; ++i) {
    auto broken = stored;
    broken[i / 8] = static_cast<char>(broken[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(open("key", broken)) << "bit " << i;
  }
  for (auto size = std::size_t{0}; size < stored.size(); ++size)
    EXPECT_FALSE(open("key", std::string_view{stored}.substr(0, size)));
  EXPECT_FALSE(open("kex", stored));
  EXPECT_FALSE(open("key", stored + "x"));
}

TEST_F(lmdb_damage, a_store_whose_last_commit_cannot_be_read_does_not_open) {
  auto broken = whole;
  auto stored = std::string(header_bytes + 1, '\0');
  seal(stored.data(), kind::meta, 1, 7, key::commit, "\x07");
  auto at = broken.find(stored);
  ASSERT_NE(at, broken.npos);
  for (; at != broken.npos; at = broken.find(stored, at))
    broken[at + header_bytes] = 9;
  write_bytes(file, broken);
  auto s = open_lmdb(path);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, code::store_corrupt);
  EXPECT_EQ(s.error().message,
            "the record meta: commit is damaged: its checksum does not match its bytes");
}

TEST_F(lmdb_damage, a_truncated_file_is_refused_or_complete) {
  auto refused = 0;
  for (auto size = std::size_t{0}; size < whole.size(); size += size < 9'000 ? 311 : 2'048) {
    SCOPED_TRACE(size);
    write_bytes(file, whole.substr(0, size));
    auto s = open_lmdb(path);
    if (s) {
      // Only free pages were cut off.
      EXPECT_EQ(rows_of(**s), rows);
      continue;
    }
    ++refused;
    EXPECT_EQ(s.error().code, code::store_corrupt);
    EXPECT_EQ(s.error().where, file);
  }
  EXPECT_GT(refused, 30);
}

TEST_F(lmdb_damage, a_file_of_something_else_is_refused) {
  for (const auto& text : {std::string{}, std::string(100, 'x'), std::string(100'000, '\0'),
                           std::string(100'000, 'x'), "SQLite format 3" + whole.substr(15)}) {
    write_bytes(file, text);
    auto s = open_lmdb(path);
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().code, code::store_corrupt);
  }
}

/// Opens, checks and reads a file in a process of its own. 0: all is as it was, 1: the damage
/// was found, 2: it was not, else the process died.
int outcome(const fs::path& path, const all_rows& rows) {
  auto child = ::fork();
  if (child == 0) {
    auto wrong = check_records(path);
    if (!wrong || !wrong->empty())
      ::_exit(1);
    auto s = open_lmdb(path);
    ::_exit(s && rows_of(**s) == rows ? 0 : 2);
  }
  auto status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(lmdb_damage, random_damage_is_found_or_harmless) {
  const auto* given = std::getenv("DAGGER_SEED");
  auto seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  auto g = std::mt19937_64{seed};
  auto seen = std::map<int, int>{};
  for (auto i = 0; i < 400; ++i) {
    auto broken = whole;
    auto at = g() % broken.size();
    // One byte, a torn sector, or the head of a page.
    if (i % 4 == 0)
      std::fill_n(broken.begin() + static_cast<std::ptrdiff_t>(at / 512 * 512), 512,
                  static_cast<char>(g()));
    else
      broken[i % 4 == 1 ? at / 4'096 * 4'096 + g() % 48 : at] ^= static_cast<char>(1 + g() % 255);
    write_bytes(file, broken);
    auto x = outcome(path, rows);
    ++seen[x];
    ASSERT_LE(x, 1) << "DAGGER_SEED=" << seed << " step " << i << " at " << at;
  }
  EXPECT_GT(seen[1], 40);
}

} // namespace

} // namespace dagger::store
