// Outputs that are kept for equal calls: written with the outcome that they belong to, and erased
// when their time is over. What else can happen meanwhile: random_test.cpp.
#include <support/bare_planner.hpp>
#include <support/histories.hpp>

#include <dagger/plan/rows.hpp>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

const auto usual_place = digest128("a place");

class kept_outputs : public testing::Test {
protected:
  kept_outputs() {
    planner.apply(plan::agent_joined{.agent = "a", .slots = 1, .retry = {}, .timeout = 1h});
  }

  /// A job of one task that starts at once.
  plan::attempt_id start(const std::string& id) {
    auto t = plan::task_spec{};
    t.name = "t";
    t.agent = "a";
    planner.submit(job_of(id, {t}));
    return planner.assigned().at(0).attempt;
  }

  void report(const plan::attempt_id& attempt, decltype(plan::report::outcome) outcome,
              const digest& place = usual_place, duration keep = 1min) {
    auto r = plan::report{};
    r.attempt = attempt;
    r.outcome = std::move(outcome);
    r.keep = plan::kept_output{.place = place, .call = {1, 2}, .keep = keep};
    planner.apply(plan::tasks_reported{{std::move(r)}});
  }

  std::size_t rows() {
    auto n = std::size_t{0};
    auto view = planner.store->read();
    EXPECT_TRUE(store::scan_prefix(*view, store::table::cache, store::key::of(),
                                   [&](auto, auto&) { return ++n > 0; }));
    return n;
  }

  bare_planner planner;
};

TEST_F(kept_outputs, stand_in_the_batch_of_their_outcome) {
  report(start("j"), plan::completed{text_payload("[1]")});
  auto tables = std::multiset<store::table>{};
  auto& batch = planner.batches.back();
  for (auto i = std::size_t{0}; i < batch.size(); ++i)
    tables.insert(batch[i].table);
  EXPECT_EQ(tables.count(store::table::cache), 1u);
  EXPECT_EQ(tables.count(store::table::tasks), 1u);
  auto view = planner.store->read();
  auto stored = view->get(store::table::cache, store::key::cached(usual_place));
  ASSERT_TRUE(stored && *stored);
  auto row = plan::decode_cached((*stored)->body);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->call, (digest{1, 2}));
  EXPECT_EQ(row->made, planner.now);
  EXPECT_EQ(row->until, planner.now + 1min);
  EXPECT_EQ(row->output, "[1]");
}

TEST_F(kept_outputs, are_those_of_successes_that_count) {
  report(start("fails"), plan::failed{.why = {.code = "x.y", .message = "no"}, .feedback = {}});
  report(start("skips"), plan::skipped{"nothing to do"});
  report(start("reviews"), plan::in_review{.output = text_payload("1")});
  auto late = start("late");
  planner.pass_to(planner.now + 2h);
  report(late, plan::completed{text_payload("1")});
  EXPECT_EQ(planner.tasks("late").at(0).state, task_state::failed);
  EXPECT_EQ(rows(), 0u);
}

TEST_F(kept_outputs, say_that_a_task_did_not_run) {
  report(start("j"), plan::completed{text_payload("1"), "up to date"});
  auto task = planner.tasks("j").at(0);
  EXPECT_EQ(task.state, task_state::completed);
  EXPECT_EQ(task.cached, "up to date");
  EXPECT_FALSE(task.error);
}

TEST_F(kept_outputs, whose_time_is_over_make_room_for_others) {
  constexpr auto all = 2'000;
  for (auto i = 0; i < all; ++i) {
    planner.keeps = false;
    planner.now += 1s; // 60 of them are young at any time
    auto attempt = start("j" + std::to_string(i));
    report(attempt, plan::completed{text_payload("1")}, digest128(std::to_string(i)));
    ASSERT_LE(rows(), 200u) << i;
  }
  EXPECT_GE(rows(), 60u);
}

TEST_F(kept_outputs, of_few_rows_all_are_looked_at) {
  for (auto i = 0; i < 10; ++i)
    report(start("j" + std::to_string(i)), plan::completed{text_payload("1")},
           digest128(std::to_string(i)));
  EXPECT_EQ(rows(), 10u);
  planner.now += 1min;
  report(start("last"), plan::completed{text_payload("1")});
  EXPECT_EQ(rows(), 1u);
}

} // namespace

} // namespace dagger::test
