// The same random batches and questions for both stores and for plain maps; whatever
// differs is a defect. The maps know nothing of how stores work.
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <cstdlib>
#include <random>

namespace dagger::store {

namespace {

using generator = std::mt19937_64;

std::uint64_t below(generator& g, std::uint64_t n) {
  return g() % n;
}

/// The slow, obvious store.
struct oracle {
  all_rows rows;
  std::map<log_id, std::uint64_t> ends;
  std::uint64_t commits = 0;

  table_rows& operator[](table t) {
    return rows[static_cast<std::size_t>(t)];
  }

  std::vector<std::uint64_t> commit(const std::vector<batch>& batches) {
    auto positions = std::vector<std::uint64_t>{};
    ++commits;
    for (const auto& b : batches)
      for (auto i = std::size_t{0}; i < b.size(); ++i)
        apply(b[i], positions);
    return positions;
  }

  void apply(const batch::change& x, std::vector<std::uint64_t>& positions) {
    auto& rows_of_table = (*this)[x.table];
    if (x.verb == batch::verb::put)
      rows_of_table[std::string{x.key}] = {x.kind, x.version, commits, std::string{x.body}};
    else if (x.verb == batch::verb::erase)
      rows_of_table.erase(std::string{x.key});
    else
      append(x, positions);
  }

  void append(const batch::change& x, std::vector<std::uint64_t>& positions) {
    auto once = key::once(x.log, x.key);
    if (auto seen = (*this)[table::once].find(once);
        !x.key.empty() && seen != (*this)[table::once].end()) {
      positions.push_back(reader{seen->second.body}.varint());
      return;
    }
    auto position = ends[x.log]++;
    positions.push_back(position);
    (*this)[table::log][key::log(x.log, position)] = {x.kind, 1, commits, std::string{x.body}};
    if (x.key.empty())
      return;
    auto body = std::string{};
    writer{body}.varint(position);
    (*this)[table::once][once] = {kind::position, 1, commits, body};
  }
};

/// Rows in the order of a scan.
std::vector<std::pair<std::string, row>> scan_oracle(const table_rows& all, const std::string& from,
                                                     direction d) {
  auto out = std::vector<std::pair<std::string, row>>{};
  if (d == direction::up)
    out.assign(all.lower_bound(from), all.end());
  else
    out.assign(std::make_reverse_iterator(all.upper_bound(from)), all.rend());
  return out;
}

std::vector<std::pair<std::string, row>> scan_store(view& v, table t, const std::string& from,
                                                    direction d) {
  auto out = std::vector<std::pair<std::string, row>>{};
  auto done = v.scan(t, from, d, [&](std::string_view key, const record& x) {
    out.emplace_back(key, to_row(x));
    return true;
  });
  EXPECT_TRUE(done) << to_string(done.error());
  return out;
}

class trial {
public:
  explicit trial(std::uint64_t seed) : g_(seed) {
    for (auto size : {1, 1, 2, 2, 3, 5, 9, 13, 21, 100, 510, 511, 511}) {
      auto text = std::string(static_cast<std::size_t>(size), '\0');
      for (auto& c : text)
        c = "\0\1ab\xfe\xff"[below(g_, 6)];
      keys_.push_back(text);
      if (size > 1)
        keys_.push_back(text.substr(0, text.size() - 1));
    }
  }

  void run(int steps) {
    for (auto i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      change();
      if (below(g_, 3) == 0)
        hold();
      ask_held();
      if (below(g_, 12) == 0)
        reopen();
    }
    held_.clear();
  }

private:
  /// Views of both stores, and what they must show.
  struct snapshot {
    std::unique_ptr<view> memory;
    std::unique_ptr<view> lmdb;
    oracle expected;
  };

  std::string some_key() {
    return keys_[below(g_, keys_.size())];
  }

  table some_table() {
    constexpr auto plain = std::array{table::definitions, table::jobs, table::tasks};
    return plain[below(g_, plain.size())];
  }

  std::string some_body() {
    constexpr auto sizes = std::array{0, 0, 1, 20, 100, 1'000, 2'030, 5'000, 20'000};
    auto size = below(g_, 120) == 0 ? std::size_t{1} << 20
                                    : static_cast<std::size_t>(sizes[below(g_, sizes.size())]);
    return std::string(size, static_cast<char>(g_()));
  }

  log_id some_log() {
    return below(g_, 2) ? log_id::jobs : log_id{1'024};
  }

  batch some_batch() {
    auto b = batch{};
    for (auto n = below(g_, 12); n > 0; --n)
      switch (below(g_, 8)) {
      case 0:
      case 1:
        b.erase(some_table(), some_key());
        break;
      case 2:
        b.append(some_log(), kind::message, some_body());
        break;
      case 3:
        b.append(some_log(), kind::message, some_body(), "k" + std::to_string(below(g_, 30)));
        break;
      case 4: {
        auto log = some_log();
        auto end = expected_.ends[log];
        b.erase(table::log, key::log(log, end - below(g_, std::min<std::uint64_t>(end, 4) + 1)));
        break;
      }
      default:
        b.put(some_table(), some_key(), static_cast<kind>(1 + below(g_, 11)), some_body(),
              static_cast<std::uint8_t>(g_()));
      }
    return b;
  }

  void change() {
    auto batches = std::vector<batch>(1 + below(g_, 3));
    auto pointers = std::vector<const batch*>{};
    auto empty = true;
    for (auto& b : batches) {
      b = some_batch();
      pointers.push_back(&b);
      empty = empty && b.empty();
    }
    auto in_memory = memory_->commit(pointers);
    auto on_disk = lmdb_->commit(pointers);
    auto positions = empty ? std::vector<std::uint64_t>{} : expected_.commit(batches);
    ASSERT_TRUE(in_memory && on_disk);
    EXPECT_EQ(in_memory->positions, positions);
    EXPECT_EQ(on_disk->positions, positions);
    EXPECT_EQ(in_memory->number, expected_.commits);
    EXPECT_EQ(on_disk->number, expected_.commits);
  }

  void hold() {
    held_.push_back({memory_->read(), lmdb_->read(), expected_});
    // A view begins with its first question.
    for (auto* v : {held_.back().memory.get(), held_.back().lmdb.get()})
      EXPECT_TRUE(v->get(table::meta, key::commit));
    if (held_.size() > 6)
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(below(g_, held_.size())));
  }

  void ask_held() {
    for (auto& x : held_) {
      ask(x);
      if (testing::Test::HasFailure())
        return;
    }
    auto now = snapshot{memory_->read(), lmdb_->read(), expected_};
    ask(now);
    auto in_memory = rows_of(*now.memory);
    EXPECT_TRUE(in_memory == rows_of(*now.lmdb)); // with those of meta
    for (auto t : {table::definitions, table::jobs, table::tasks, table::log, table::once})
      EXPECT_TRUE(in_memory[static_cast<std::size_t>(t)] == now.expected[t]) << name_of(t);
    EXPECT_EQ(memory_->measure()->rows, lmdb_->measure()->rows);
  }

  void ask(snapshot& x) {
    for (auto* v : {x.memory.get(), x.lmdb.get()}) {
      auto t = some_table();
      auto key = some_key();
      auto found = v->get(t, key);
      ASSERT_TRUE(found);
      auto expected = x.expected[t].find(key);
      EXPECT_EQ(found->has_value(), expected != x.expected[t].end());
      if (*found && expected != x.expected[t].end()) {
        EXPECT_EQ(to_row(**found), expected->second);
      }
      for (auto d : {direction::up, direction::down})
        EXPECT_TRUE(scan_store(*v, t, key, d) == scan_oracle(x.expected[t], key, d));
      ask_prefix(*v, t, key.substr(0, 1 + below(g_, 3)), x.expected[t]);
      for (auto log : {log_id::jobs, log_id{1'024}})
        EXPECT_EQ(*end_of(*v, log), x.expected.ends[log]);
    }
  }

  void ask_prefix(view& v, table t, const std::string& prefix, const table_rows& expected) {
    auto seen = std::vector<std::string>{};
    EXPECT_TRUE(scan_prefix(v, t, prefix, [&](std::string_view key, const record&) {
      seen.emplace_back(key);
      return true;
    }));
    auto all = std::vector<std::string>{};
    for (const auto& [key, x] : expected)
      if (key.starts_with(prefix))
        all.push_back(key);
    EXPECT_EQ(seen, all);
  }

  void reopen() {
    held_.clear();
    lmdb_.reset();
    auto wrong = check_records(folder_ / "s");
    ASSERT_TRUE(wrong) << to_string(wrong.error());
    for (const auto& x : *wrong)
      EXPECT_TRUE(x.message.ends_with("has a key that means nothing")) << x.message;
    lmdb_ = must_open(folder_ / "s");
  }

  generator g_;
  std::vector<std::string> keys_;
  test::temporary_folder folder_;
  std::unique_ptr<store> memory_ = make_memory();
  std::unique_ptr<store> lmdb_ = must_open(folder_ / "s");
  oracle expected_;
  std::vector<snapshot> held_;
};

TEST(store_differential, random_batches_and_snapshots_agree_on_memory_lmdb_and_plain_maps) {
  const auto* given = std::getenv("DAGGER_SEED");
  auto first = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  for (auto i = std::uint64_t{0}; i < (given ? 1 : 6) && !HasFailure(); ++i) {
    SCOPED_TRACE("DAGGER_SEED=" + std::to_string(first + i));
    trial{first + i}.run(60);
  }
}

} // namespace

} // namespace dagger::store
