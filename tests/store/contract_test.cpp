// What every store promises, asked of each one.
#include "rows.hpp"
#include "support/temporary_folder.hpp"

#include <thread>

namespace dagger::store {

namespace {

class store_contract : public testing::TestWithParam<std::string> {
protected:
  std::vector<std::string> keys_of(view& v, table t, std::string_view from, direction d,
                                   std::size_t most = 1'000) {
    auto keys = std::vector<std::string>{};
    auto done = v.scan(t, from, d, [&](std::string_view key, const record&) {
      keys.emplace_back(key);
      return keys.size() < most;
    });
    EXPECT_TRUE(done) << to_string(done.error());
    return keys;
  }

  test::temporary_folder folder;
  std::unique_ptr<store> s = GetParam() == "memory" ? make_memory() : must_open(folder / "s");
};

using keys = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(on, store_contract, testing::Values("memory", "lmdb"),
                         [](const auto& x) { return x.param; });

TEST_P(store_contract, a_row_is_read_as_it_was_put) {
  auto b = batch{};
  b.put(table::tasks, key::task(12, 3), kind::task, "body", 7);
  must_commit(*s, b);
  auto v = s->read();
  auto x = v->get(table::tasks, key::task(12, 3));
  ASSERT_TRUE(x && *x);
  EXPECT_EQ(to_row(**x), (row{kind::task, 7, 1, "body"}));
  EXPECT_FALSE(*v->get(table::tasks, key::task(12, 4)));
  EXPECT_FALSE(*v->get(table::jobs, key::task(12, 3)));
}

TEST_P(store_contract, commits_are_numbered_without_gaps_and_rows_carry_the_number) {
  for (auto i = std::uint64_t{1}; i <= 5; ++i) {
    auto b = batch{};
    b.put(table::jobs, key::job(i), kind::job, "");
    EXPECT_EQ(must_commit(*s, b).number, i);
  }
  auto v = s->read();
  EXPECT_EQ((*v->get(table::jobs, key::job(4)))->commit, 4u);
  EXPECT_EQ(s->measure()->commits, 5u);
}

TEST_P(store_contract, batches_of_one_commit_apply_in_order) {
  auto first = batch{};
  first.put(table::jobs, key::job(1), kind::job, "first");
  first.put(table::jobs, key::job(2), kind::job, "gone");
  auto second = batch{};
  second.put(table::jobs, key::job(1), kind::job, "second");
  second.erase(table::jobs, key::job(2));
  second.erase(table::jobs, key::job(3));
  second.put(table::jobs, key::job(3), kind::job, "back");
  const batch* both[] = {&first, &second};
  ASSERT_TRUE(s->commit(both));
  auto v = s->read();
  EXPECT_EQ(body_of(*v, table::jobs, key::job(1)), "second");
  EXPECT_EQ(body_of(*v, table::jobs, key::job(2)), std::nullopt);
  EXPECT_EQ(body_of(*v, table::jobs, key::job(3)), "back");
}

TEST_P(store_contract, empty_batches_commit_nothing) {
  auto b = batch{};
  b.put(table::jobs, key::job(1), kind::job, "");
  must_commit(*s, b);
  auto before = rows_of(*s);
  EXPECT_EQ(must_commit(*s, batch{}).number, 1u);
  EXPECT_EQ(s->commit({})->number, 1u);
  EXPECT_EQ(rows_of(*s), before);
}

TEST_P(store_contract, erasing_a_missing_row_is_a_commit_like_any_other) {
  auto b = batch{};
  b.erase(table::jobs, key::job(1));
  EXPECT_EQ(must_commit(*s, b).number, 1u);
  EXPECT_EQ(must_commit(*s, b).number, 2u);
}

TEST_P(store_contract, scans_go_up_from_the_first_key_not_below) {
  auto b = batch{};
  for (auto* k : {"b", "d", "f"})
    b.put(table::definitions, k, kind::definition, k);
  must_commit(*s, b);
  auto v = s->read();
  auto up = [&](std::string_view from) {
    return keys_of(*v, table::definitions, from, direction::up);
  };
  EXPECT_EQ(up(""), (keys{"b", "d", "f"}));
  EXPECT_EQ(up("b"), (keys{"b", "d", "f"}));
  EXPECT_EQ(up("c"), (keys{"d", "f"}));
  EXPECT_EQ(up("d\0"), (keys{"d", "f"}));
  EXPECT_EQ(up("g"), keys{});
}

TEST_P(store_contract, scans_go_down_from_the_last_key_not_above) {
  auto b = batch{};
  for (auto* k : {"b", "d", "f"})
    b.put(table::definitions, k, kind::definition, k);
  must_commit(*s, b);
  auto v = s->read();
  auto down = [&](std::string_view from) {
    return keys_of(*v, table::definitions, from, direction::down);
  };
  EXPECT_EQ(down(""), keys{});
  EXPECT_EQ(down("a"), keys{});
  EXPECT_EQ(down("b"), (keys{"b"}));
  EXPECT_EQ(down("e"), (keys{"d", "b"}));
  EXPECT_EQ(down("f"), (keys{"f", "d", "b"}));
  EXPECT_EQ(down(std::string(600, '\xff')), (keys{"f", "d", "b"}));
}

TEST_P(store_contract, a_visitor_ends_a_scan) {
  auto b = batch{};
  for (auto i = std::uint64_t{0}; i < 10; ++i)
    b.put(table::jobs, key::job(i), kind::job, "");
  must_commit(*s, b);
  auto v = s->read();
  EXPECT_EQ(keys_of(*v, table::jobs, {}, direction::up, 3).size(), 3u);
}

TEST_P(store_contract, a_prefix_scan_sees_its_own_rows_only) {
  auto b = batch{};
  for (auto job : {11, 12, 13})
    for (auto task : {0, 1})
      b.put(table::tasks,
            key::task(static_cast<std::uint64_t>(job), static_cast<std::uint32_t>(task)),
            kind::task, "");
  must_commit(*s, b);
  auto v = s->read();
  auto seen = keys{};
  ASSERT_TRUE(scan_prefix(*v, table::tasks, key::job(12), [&](std::string_view key, const record&) {
    seen.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(seen, (keys{key::task(12, 0), key::task(12, 1)}));
}

TEST_P(store_contract, a_visitor_may_read_the_same_view) {
  auto b = batch{};
  for (auto i = std::uint64_t{0}; i < 3; ++i)
    b.put(table::jobs, key::job(i), kind::job, std::to_string(i));
  must_commit(*s, b);
  auto v = s->read();
  auto read = std::string{};
  ASSERT_TRUE(v->scan(table::jobs, {}, direction::up, [&](std::string_view key, const record&) {
    read += *body_of(*v, table::jobs, key);
    read += std::to_string(keys_of(*v, table::jobs, key, direction::up).size());
    return true;
  }));
  EXPECT_EQ(read, "031221");
}

TEST_P(store_contract, appends_get_dense_positions_in_each_log) {
  auto other = log_id{1'024};
  auto b = batch{};
  b.append(log_id::jobs, kind::job_event, "a");
  b.append(other, kind::message, "x");
  b.append(log_id::jobs, kind::job_event, "b", {}, 1);
  EXPECT_EQ(must_commit(*s, b).positions, (std::vector<std::uint64_t>{0, 0, 1}));
  EXPECT_EQ(must_commit(
              *s, b =
                    [] {
                      auto x = batch{};
                      x.append(log_id::jobs, kind::job_event, "c");
                      return x;
                    }())
              .positions,
            (std::vector<std::uint64_t>{2}));
  auto v = s->read();
  EXPECT_EQ(body_of(*v, table::log, key::log(log_id::jobs, 2)), "c");
  EXPECT_EQ(*end_of(*v, log_id::jobs), 3u);
  EXPECT_EQ(*end_of(*v, other), 1u);
  EXPECT_EQ(*end_of(*v, log_id{2}), 0u);
}

TEST_P(store_contract, a_key_that_a_log_has_seen_adds_nothing) {
  auto b = batch{};
  b.append(log_id::jobs, kind::job_event, "first", "key");
  b.append(log_id::jobs, kind::job_event, "again", "key");
  EXPECT_EQ(must_commit(*s, b).positions, (std::vector<std::uint64_t>{0, 0}));
  auto later = batch{};
  later.append(log_id::jobs, kind::job_event, "later", "key");
  later.append(log_id{2}, kind::job_event, "elsewhere", "key");
  later.append(log_id::jobs, kind::job_event, "new", "other");
  EXPECT_EQ(must_commit(*s, later).positions, (std::vector<std::uint64_t>{0, 0, 1}));
  auto v = s->read();
  EXPECT_EQ(body_of(*v, table::log, key::log(log_id::jobs, 0)), "first");
  EXPECT_EQ(*end_of(*v, log_id::jobs), 2u);
}

TEST_P(store_contract, a_log_goes_on_where_it_was_after_its_rows_are_erased) {
  auto b = batch{};
  for (auto i = 0; i < 3; ++i)
    b.append(log_id::jobs, kind::job_event, "x");
  must_commit(*s, b);
  auto purge = batch{};
  for (auto i = std::uint64_t{0}; i < 3; ++i)
    purge.erase(table::log, key::log(log_id::jobs, i));
  must_commit(*s, purge);
  EXPECT_EQ(*end_of(*s->read(), log_id::jobs), 3u);
  EXPECT_EQ(must_commit(*s, b).positions, (std::vector<std::uint64_t>{3, 4, 5}));
  EXPECT_EQ(*end_of(*s->read(), log_id::jobs), 6u);
}

TEST_P(store_contract, a_row_appended_and_erased_in_one_batch_keeps_its_position) {
  auto b = batch{};
  b.append(log_id::jobs, kind::job_event, "x");
  b.erase(table::log, key::log(log_id::jobs, 0));
  b.append(log_id::jobs, kind::job_event, "y");
  EXPECT_EQ(must_commit(*s, b).positions, (std::vector<std::uint64_t>{0, 1}));
}

TEST_P(store_contract, a_position_that_is_not_met_stops_the_process) {
  auto b = batch{};
  b.append(log_id::jobs, kind::job_event, "x", {}, 7);
  EXPECT_DEATH((void)commit(*s, b), "position not met");
}

TEST_P(store_contract, a_view_keeps_its_snapshot) {
  auto b = batch{};
  b.put(table::jobs, key::job(1), kind::job, "old");
  b.put(table::jobs, key::job(2), kind::job, "stays");
  must_commit(*s, b);
  auto v = s->read();
  auto before = rows_of(*v);
  auto change = batch{};
  change.put(table::jobs, key::job(1), kind::job, "new");
  change.erase(table::jobs, key::job(2));
  change.put(table::jobs, key::job(3), kind::job, "added");
  must_commit(*s, change);
  EXPECT_EQ(rows_of(*v), before);
  EXPECT_EQ(body_of(*v, table::jobs, key::job(1)), "old");
  EXPECT_EQ(body_of(*s->read(), table::jobs, key::job(1)), "new");
}

TEST_P(store_contract, what_a_view_gave_out_stays_readable_while_it_lives) {
  auto b = batch{};
  b.put(table::jobs, key::job(1), kind::job, "short");
  must_commit(*s, b);
  auto v = s->read();
  auto x = **v->get(table::jobs, key::job(1));
  for (auto i = 0; i < 50; ++i) {
    auto change = batch{};
    change.put(table::jobs, key::job(1), kind::job, std::string(5'000, 'x'));
    must_commit(*s, change);
  }
  EXPECT_EQ(x.body, "short");
}

TEST_P(store_contract, empty_and_large_bodies_and_the_longest_keys_are_kept) {
  auto longest = std::string(max_key_bytes, 'k');
  auto large = std::string(1 << 20, 'x');
  auto b = batch{};
  b.put(table::definitions, longest, kind::definition, large);
  b.put(table::active, "a", kind::active, "");
  must_commit(*s, b);
  auto v = s->read();
  EXPECT_EQ(body_of(*v, table::definitions, longest), large);
  EXPECT_EQ(body_of(*v, table::active, "a"), "");
  EXPECT_EQ(body_of(*v, table::definitions, longest + "k"), std::nullopt);
  EXPECT_EQ(body_of(*v, table::definitions, ""), std::nullopt);
}

TEST_P(store_contract, rows_are_counted) {
  auto b = batch{};
  b.put(table::jobs, key::job(1), kind::job, "");
  b.put(table::jobs, key::job(1), kind::job, "again");
  b.put(table::jobs, key::job(2), kind::job, "");
  b.put(table::jobs, key::job(3), kind::job, "");
  b.erase(table::jobs, key::job(3));
  b.append(log_id::jobs, kind::job_event, "x", "once");
  must_commit(*s, b);
  auto x = s->measure();
  ASSERT_TRUE(x);
  EXPECT_EQ(x->rows, (std::array<std::uint64_t, table_count>{2, 0, 2, 0, 0, 0, 0, 0, 1, 1}));
  EXPECT_GT(x->bytes_used, 0u);
}

TEST_P(store_contract, readers_in_other_threads_see_whole_commits) {
  constexpr auto rows = std::uint64_t{8};
  auto stop = std::atomic<bool>{false};
  auto torn = std::atomic<int>{0};
  auto readers = std::vector<std::thread>{};
  for (auto i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        auto seen = std::map<std::string, std::uint64_t>{};
        auto v = s->read();
        for (auto d : {direction::up, direction::down})
          if (!v->scan(table::jobs, std::string(9, d == direction::up ? '\0' : '\xff'), d,
                       [&](std::string_view, const record& x) {
                         ++seen[std::string{x.body}];
                         return true;
                       }))
            ++torn;
        // All rows are of one commit, and both directions saw all.
        if (seen.size() > 1 || (seen.size() == 1 && seen.begin()->second != 2 * rows))
          ++torn;
      }
    });
  for (auto n = 0; n < 200; ++n) {
    auto b = batch{};
    for (auto i = std::uint64_t{0}; i < rows; ++i) {
      b.erase(table::jobs, key::job((static_cast<std::uint64_t>(n) + 16) % 17 * rows + i));
      b.put(table::jobs, key::job(static_cast<std::uint64_t>(n) % 17 * rows + i), kind::job,
            std::to_string(n));
    }
    must_commit(*s, b);
  }
  stop = true;
  for (auto& t : readers)
    t.join();
  EXPECT_EQ(torn, 0);
}

TEST(batch, merging_adds_the_changes_behind_its_own) {
  auto one = batch{};
  one.put(table::jobs, "a", kind::job, "1");
  auto two = batch{};
  two.append(log_id::jobs, kind::job_event, "2", "once", 4);
  two.erase(table::jobs, "c");
  one.merge(two);
  one.merge(batch{});
  ASSERT_EQ(one.size(), 3u);
  EXPECT_EQ(one[0].body, "1");
  EXPECT_EQ(one[1].key, "once");
  EXPECT_EQ(one[1].body, "2");
  EXPECT_EQ(one[1].expected, 4u);
  EXPECT_EQ(one[2].verb, batch::verb::erase);
  EXPECT_EQ(one[2].key, "c");
  EXPECT_EQ(one.bytes(), 8u);
  auto again = batch{};
  again.put(table::jobs, "a", kind::job, "1");
  again.merge(two);
  EXPECT_EQ(again, one);
}

TEST(batch, rows_that_belong_to_the_store_are_refused) {
  auto b = batch{};
  EXPECT_DEATH(b.put(table::log, key::log(log_id::jobs, 1), kind::job_event, ""), "appended");
  EXPECT_DEATH(b.put(table::meta, key::commit, kind::meta, ""), "belongs to the store");
  EXPECT_DEATH(b.erase(table::meta, key::format), "belongs to the store");
  EXPECT_DEATH(b.put(table::jobs, "", kind::job, ""), "1 to 511");
  EXPECT_DEATH(b.put(table::jobs, std::string(512, 'x'), kind::job, ""), "1 to 511");
}

} // namespace

} // namespace dagger::store
