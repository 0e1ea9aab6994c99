// The check of the checks: a planner with a planted fault must be noticed.
#include <plan/alphabets.hpp>

#include <gtest/gtest.h>

#include <iostream>

namespace dagger::test {

namespace {

using change = store::batch::change;

/// The batch again, with what `keep` lets through; `keep` may alter it.
void rewrite(store::batch& b, const std::function<bool(change&)>& keep) {
  auto made = store::batch{};
  for (auto i = std::size_t{0}; i < b.size(); ++i) {
    auto c = b[i];
    if (!keep(c))
      continue;
    switch (c.verb) {
    case store::batch::verb::put:
      made.put(c.table, c.key, c.kind, c.body, c.version);
      break;
    case store::batch::verb::erase:
      made.erase(c.table, c.key);
      break;
    case store::batch::verb::append:
      made.append(c.log, c.kind, c.body, c.key, c.expected);
      break;
    }
  }
  b = std::move(made);
}

auto without_rows_of(store::table t, store::batch::verb v) {
  return [=](plan::effects& x) {
    rewrite(x.writes, [=](change& c) { return c.table != t || c.verb != v; });
  };
}

template <class Command>
auto without() {
  return [](plan::effects& x) {
    std::erase_if(x.commands, [](const auto& c) { return std::holds_alternative<Command>(c); });
  };
}

/// What is done to every assignment.
auto each_assign(std::function<void(plan::assign&)> spoil) {
  return [spoil = std::move(spoil)](plan::effects& x) {
    for (auto& c : x.commands)
      if (auto* a = std::get_if<plan::assign>(&c))
        spoil(*a);
  };
}

void expect_noticed(alphabet a, const std::string& fault,
                    std::function<void(plan::effects&)> tamper) {
  a.options.tamper = std::move(tamper);
  const auto result = walk(a, 4, disk::any_prefix);
  EXPECT_NE(result.problem, "") << fault << " went unnoticed over " << result.histories
                                << " histories of " << a.name;
  std::cout << fault << ": noticed after " << result.steps << " steps\n";
}

using verb = store::batch::verb;
using store::table;

} // namespace

TEST(planted_fault, without_a_fault_nothing_is_noticed) {
  auto a = waits();
  a.options.tamper = [](plan::effects&) {};
  EXPECT_EQ(walk(a, 3, disk::any_prefix).problem, "");
}

TEST(planted_fault, a_row_that_is_not_written_is_noticed) {
  expect_noticed(submits_and_reports(), "no row of a task",
                 without_rows_of(table::tasks, verb::put));
  expect_noticed(submits_and_reports(), "no job in `active`",
                 without_rows_of(table::active, verb::put));
  expect_noticed(submits_and_reports(), "a job stays in `active`",
                 without_rows_of(table::active, verb::erase));
  expect_noticed(waits(), "no timer", without_rows_of(table::timers, verb::put));
  expect_noticed(children(), "no specs of added tasks", without_rows_of(table::specs, verb::put));
  expect_noticed(submits_and_reports(), "no large payload",
                 without_rows_of(table::payloads, verb::put));
}

TEST(planted_fault, only_the_last_row_missing_is_noticed) {
  expect_noticed(retries(), "the last task row of a batch is missing", [](plan::effects& x) {
    auto last = std::string{};
    for (auto i = std::size_t{0}; i < x.writes.size(); ++i)
      if (x.writes[i].table == table::tasks)
        last = x.writes[i].key;
    auto seen = false;
    rewrite(x.writes, [&](change& c) {
      const auto it = c.verb == verb::put && c.table == table::tasks && c.key == last;
      seen |= it;
      return !it;
    });
  });
}

TEST(planted_fault, swapped_assignments_are_noticed) {
  expect_noticed(slots(), "assignments out of turn", each_assign([](plan::assign& a) {
                   if (a.tasks.size() > 1)
                     std::swap(a.tasks[0], a.tasks[1]);
                 }));
}

TEST(planted_fault, a_wrong_attempt_is_noticed) {
  expect_noticed(retries(), "an attempt counted twice",
                 each_assign([](plan::assign& a) { ++a.tasks[0].attempt.attempt; }));
}

TEST(planted_fault, an_assignment_too_many_is_noticed) {
  expect_noticed(submits_and_reports(), "started twice",
                 each_assign([](plan::assign& a) { a.tasks.push_back(a.tasks[0]); }));
}

TEST(planted_fault, a_missing_command_is_noticed) {
  expect_noticed(submits_and_reports(), "no answer", without<plan::answer>());
  expect_noticed(submits_and_reports(), "no accept", without<plan::accept>());
  expect_noticed(duplicates(), "no refusal", without<plan::refuse>());
  expect_noticed(time_outs(), "no stop", without<plan::stop>());
  expect_noticed(retries(), "no assignment", without<plan::assign>());
}

} // namespace dagger::test
