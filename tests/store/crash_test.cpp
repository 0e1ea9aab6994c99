// The crash enumerator: the data file as a power cut would leave it after every write,
// with and without those that were not synced, opened again and compared.
#include "disk_recorder.hpp"
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <cerrno>
#include <fstream>
#include <random>

namespace dagger::store {

namespace {

using test::disk_step;

constexpr std::size_t page_bytes = 4'096;

/// A part of a write that reaches the disk or not, whatever becomes of the rest.
struct piece {
  std::uint64_t offset;
  std::string bytes;
};

/// A file as the disk has it, and the writes that a crash may still lose.
class disk {
public:
  explicit disk(std::string bytes) : durable_(std::move(bytes)) {}

  void take(const disk_step& x) {
    switch (x.what) {
    case disk_step::kind::write:
      for (auto at = std::size_t{0}; at < x.bytes.size(); at += page_bytes)
        pending_.push_back({x.offset + at, x.bytes.substr(at, page_bytes)});
      break;
    case disk_step::kind::synced_write:
      // It is on the disk when the call returns; what was written before may not be.
      put(durable_, {x.offset, x.bytes});
      break;
    case disk_step::kind::sync:
      for (const auto& p : pending_)
        put(durable_, p);
      pending_.clear();
      break;
    case disk_step::kind::mark:
      break;
    }
  }

  std::size_t pending() const {
    return pending_.size();
  }

  /// The file if only the pending pieces that `kept` names arrived.
  template <class Kept>
  std::string after_crash(const Kept& kept) const {
    auto bytes = durable_;
    for (auto i = std::size_t{0}; i < pending_.size(); ++i)
      if (kept(i))
        put(bytes, pending_[i]);
    return bytes;
  }

private:
  static void put(std::string& bytes, const piece& p) {
    if (bytes.size() < p.offset + p.bytes.size())
      bytes.resize(p.offset + p.bytes.size(), '\0');
    bytes.replace(p.offset, p.bytes.size(), p.bytes);
  }

  std::string durable_;
  std::vector<piece> pending_;
};

std::string bytes_of(const std::filesystem::path& file) {
  auto in = std::ifstream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class store_crash : public testing::Test {
protected:
  /// New rows, rewritten rows, erased rows, values with pages of their own, logs.
  static batch changes(std::uint64_t n) {
    auto b = batch{};
    for (auto i = std::uint64_t{0}; i < 12; ++i)
      b.put(table::tasks, key::task(n * 5 + i, 0), kind::task, std::string(150 + 10 * n, 'x'));
    for (auto i = std::uint64_t{0}; i < 4; ++i)
      b.erase(table::tasks, key::task(n * 3 + i, 0));
    b.put(table::payloads, key::payload(n, 0, slot::output, 0), kind::payload,
          std::string(7'000 + 3'000 * (n % 3), 'y'));
    if (n > 1)
      b.erase(table::payloads, key::payload(n - 2, 0, slot::output, 0));
    b.append(log_id::jobs, kind::job_event, "event", std::to_string(n));
    return b;
  }

  /// Writes `commits` commits; what the disk saw, and the rows after each one.
  void record(std::uint64_t commits) {
    auto s = must_open(folder / "s");
    must_commit(*s, changes(0));
    must_commit(*s, changes(1));
    before = bytes_of(folder / "s" / "data.mdb");
    states.push_back(rows_of(*s));
    test::record_disk((folder / "s" / "data.mdb").string());
    for (auto n = std::uint64_t{2}; n < commits + 2; ++n) {
      must_commit(*s, changes(n));
      states.push_back(rows_of(*s));
      test::mark_disk(states.size() - 1);
    }
    steps = test::recorded_disk();
  }

  /// Opens a file. It must hold one of the states from `oldest` on and be fit for more.
  void expect_state(const std::string& bytes, std::size_t oldest) {
    auto path = folder / "crashed";
    std::filesystem::create_directory(path);
    std::ofstream{path / "data.mdb", std::ios::binary | std::ios::trunc} << bytes;
    ++images;
    auto s = open_lmdb(path);
    ASSERT_TRUE(s) << to_string(s.error());
    auto found = rows_of(**s);
    auto i = oldest;
    while (i < states.size() && i <= oldest + 1 && found != states[i])
      ++i;
    ASSERT_TRUE(i < states.size() && i <= oldest + 1) << "neither the last commit nor the next";
    s->reset();
    auto wrong = check_records(path);
    ASSERT_TRUE(wrong && wrong->empty());
    if (images % 16 != 0)
      return;
    auto again = must_open(path);
    must_commit(*again, changes(50));
    again.reset();
    ASSERT_TRUE(check_records(path)->empty());
  }

  /// Every way to lose pending writes if there are few of them; else all, none, each alone
  /// lost, each alone kept, and random halves.
  void crash(const disk& d, std::size_t oldest) {
    auto n = d.pending();
    auto try_out = [&](auto kept) {
      if (!HasFatalFailure())
        expect_state(d.after_crash(kept), oldest);
    };
    if (n <= 5) {
      for (auto subset = std::uint64_t{0}; subset < std::uint64_t{1} << n; ++subset)
        try_out([&](std::size_t i) { return (subset >> i & 1) != 0; });
      return;
    }
    try_out([](std::size_t) { return true; });
    try_out([](std::size_t) { return false; });
    for (auto one = std::size_t{0}; one < n; ++one) {
      try_out([&](std::size_t i) { return i == one; });
      try_out([&](std::size_t i) { return i != one; });
    }
    for (auto k = 0; k < 20; ++k)
      try_out([&](std::size_t) { return g() % 2 == 0; });
  }

  test::temporary_folder folder;
  std::string before;
  std::vector<all_rows> states;
  std::vector<disk_step> steps;
  std::mt19937_64 g;
  std::size_t images = 0;
};

TEST_F(store_crash, every_prefix_of_the_writes_and_every_loss_leaves_a_committed_state) {
  record(6);
  auto d = disk{before};
  auto oldest = std::size_t{0};
  auto syncs = 0;
  auto metas = 0;
  crash(d, oldest);
  for (const auto& x : steps) {
    d.take(x);
    syncs += x.what == disk_step::kind::sync;
    metas += x.what == disk_step::kind::synced_write;
    // A commit that has returned must be there.
    if (x.what == disk_step::kind::mark)
      oldest = x.number;
    crash(d, oldest);
    if (HasFatalFailure())
      return;
  }
  // Each commit synced its pages, then its meta page.
  EXPECT_EQ(syncs, 6);
  EXPECT_EQ(metas, 6);
  EXPECT_GT(images, 300u);
  RecordProperty("images", static_cast<int>(images));
}

TEST_F(store_crash, the_enumerator_sees_a_store_that_does_not_sync) {
  record(3);
  // The same writes without the syncs, as MDB_NOSYNC would have them: some loss must show.
  auto d = disk{before};
  for (const auto& x : steps)
    if (x.what != disk_step::kind::sync)
      d.take(x);
  ASSERT_GT(d.pending(), 0u);
  auto path = folder / "crashed";
  std::filesystem::create_directory(path);
  std::ofstream{path / "data.mdb", std::ios::binary}
    << d.after_crash([](std::size_t) { return false; });
  auto wrong = check_records(path);
  EXPECT_TRUE(!wrong || !wrong->empty());
}

/// A disk that fails while a store is open.
class store_fault : public testing::Test {
protected:
  store_fault() {
    must_commit(*s, row(1));
    test::record_disk((folder / "s" / "data.mdb").string());
  }

  ~store_fault() override {
    test::recorded_disk();
  }

  static batch row(std::uint64_t n) {
    auto b = batch{};
    b.put(table::jobs, key::job(n), kind::job, std::string(3'000, 'x'));
    b.append(log_id::jobs, kind::job_event, "event");
    return b;
  }

  test::temporary_folder folder;
  std::unique_ptr<store> s = must_open(folder / "s");
};

TEST_F(store_fault, a_full_disk_changes_nothing_and_commits_go_on_when_there_is_room) {
  auto before = rows_of(*s);
  for (auto number : {ENOSPC, EDQUOT}) {
    test::fail_disk(number);
    auto done = commit(*s, row(2));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, code::store_full);
    EXPECT_EQ(rows_of(*s), before);
  }
  test::fail_disk(0);
  EXPECT_EQ(must_commit(*s, row(2)).positions, (std::vector<std::uint64_t>{1}));
  s.reset();
  EXPECT_TRUE(check_records(folder / "s")->empty());
}

TEST_F(store_fault, a_failed_sync_is_not_taken_for_a_full_disk_and_the_commit_has_not_happened) {
  auto before = rows_of(*s);
  test::fail_disk(EIO, 1); // the pages are written, then synced
  auto done = commit(*s, row(2));
  test::fail_disk(0);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, code::unavailable);
  EXPECT_NE(done.error().message.find("Input/output error"), std::string::npos);
  EXPECT_EQ(rows_of(*s), before);
  s.reset();
  s = must_open(folder / "s");
  EXPECT_EQ(rows_of(*s), before);
}

TEST_F(store_fault, after_a_failed_write_of_a_meta_page_the_store_must_be_opened_again) {
  auto before = rows_of(*s);
  test::fail_disk(EIO, 2); // the pages are written and synced, then the meta page
  EXPECT_FALSE(commit(*s, row(2)));
  test::fail_disk(0);
  auto next = commit(*s, row(3));
  ASSERT_FALSE(next);
  EXPECT_NE(next.error().hint.find("open the store again"), std::string::npos);
  s.reset();
  s = must_open(folder / "s");
  EXPECT_EQ(rows_of(*s), before);
  must_commit(*s, row(3));
}

} // namespace

} // namespace dagger::store
