// Channels and jobs together: what a task publishes, what a message starts, what a task waits for.
#include "actors/channels.hpp"
#include "support/faulty_store.hpp"
#include "support/temporary_folder.hpp"

#include <dagger/actors/engine_impl.hpp>
#include <dagger/dagger.hpp>
#include <dagger/log/rows.hpp>

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::basket;
using test::end_of;
using test::error_of;
using test::got;
using test::job_ids;
using test::named;
using test::wait_until;

/// The batches of one commit, as keys by table.
struct written {
  std::set<store::table> tables;
  bool has(store::table x) const {
    return tables.contains(x);
  }
};

written what_is_in(std::span<const store::batch* const> batches) {
  auto made = written{};
  for (auto* b : batches)
    for (auto i = std::size_t{0}; i < b->size(); ++i)
      made.tables.insert((*b)[i].table);
  return made;
}

// -- a task publishes ---------------------------------------------------------

TEST(channel_work, what_a_task_publishes_is_there_if_and_only_if_its_outcome_is) {
  auto e = engine{};
  auto tries = std::atomic<int>{0};
  auto x = named("work", [&](task& self, const json&) -> outcome {
    self.publish("news", {{"try", ++tries}}, {.key = "k"});
    if (tries == 1)
      throw std::runtime_error{"no"};
    EXPECT_EQ(end_of(e, "news"), 0u) << "before the outcome nothing is there";
    self.publish("news", {{"try", "second of " + std::to_string(tries)}});
    return json::object();
  });
  x.retry = retry_policy{.max_attempts = 2, .initial = duration{1}};
  e.add(std::move(x));
  auto seen = basket{};
  auto sub = e.subscribe("news", [&](delivery& d) { seen.put(d.data()["try"]); });
  EXPECT_TRUE(got(e.submit(test::one_task("a", "work"))).completed());
  EXPECT_EQ(seen.wait_for(2), (std::vector<json>{2, "second of 2"}));
  EXPECT_EQ(end_of(e, "news"), 2u);
}

TEST(channel_work, a_task_s_messages_and_its_outcome_are_one_transaction) {
  auto mutex = std::mutex{};
  auto together = false;
  auto alone = false;
  auto look = [&](std::size_t, std::span<const store::batch* const> batches) {
    for (auto* b : batches)
      for (auto i = std::size_t{0}; i < b->size(); ++i)
        if ((*b)[i].verb == store::batch::verb::append
            && (*b)[i].log >= store::log_id::first_channel) {
          auto guard = std::lock_guard{mutex};
          (what_is_in(std::span{&b, 1}).has(store::table::tasks) ? together : alone) = true;
        }
    return std::optional<error>{};
  };
  auto e = engine{{}, std::make_unique<test::faulty_store>(store::make_memory(), look)};
  e.add(named("work", [](task& self, const json&) -> outcome {
    self.publish("news", 1);
    return json::object();
  }));
  EXPECT_TRUE(got(e.submit(test::one_task("a", "work"))).completed());
  auto guard = std::lock_guard{mutex};
  EXPECT_TRUE(together);
  EXPECT_FALSE(alone);
}

TEST(channel_work, a_task_is_told_what_it_may_not_publish) {
  auto e = engine{};
  got(e.channel({.name = "strict", .schema = {{"type", "integer"}}}));
  auto told = basket{};
  e.add(named("work", [&](task& self, const json&) -> outcome {
    auto try_it = [&](const std::string& channel, json data) {
      try {
        self.publish(channel, std::move(data));
        told.put("");
      } catch (const error& why) {
        told.put(why.code);
      }
    };
    try_it("strict", "text");
    try_it("a..b", 1);
    try_it("dagger.jobs", 1);
    try_it("big", std::string(limits::message_bytes, 'x'));
    try_it("strict", 1);
    return json::object();
  }));
  EXPECT_TRUE(got(e.submit(test::one_task("a", "work"))).completed());
  EXPECT_EQ(told.wait_for(5), (std::vector<json>{"invalid_input", "invalid_input", "invalid_input",
                                                 "too_large", ""}));
  EXPECT_EQ(end_of(e, "strict"), 1u);
}

TEST(channel_work, a_cooperative_agent_needs_a_channel_that_is_there) {
  auto e = engine{};
  auto x = named("work", [](task& self, const json& in) -> outcome {
    self.publish(in["channel"], 1);
    return json::object();
  });
  x.cooperative = true;
  x.retry = retry_policy{.max_attempts = 1};
  e.add(std::move(x));
  auto missing = got(e.submit(test::one_task("a", "work", {{"channel", "none"}})));
  ASSERT_TRUE(missing.failure());
  EXPECT_EQ(missing.failure()->code, code::misuse);
  got(e.channel({.name = "some"}));
  EXPECT_TRUE(got(e.submit(test::one_task("b", "work", {{"channel", "some"}}))).completed());
  EXPECT_EQ(end_of(e, "some"), 1u);
}

TEST(channel_work, an_id_counts_for_tasks_as_for_all_who_publish) {
  auto e = engine{};
  e.add(named("work", [](task& self, const json&) -> outcome {
    self.publish("news", 1, {.id = "one"});
    self.publish("news", 2, {.id = "one"});
    return json::object();
  }));
  EXPECT_EQ(got(e.publish("news", 0, {.id = "one"})), 0u);
  EXPECT_TRUE(got(e.submit(test::one_task("a", "work"))).completed());
  EXPECT_EQ(end_of(e, "news"), 1u);
}

// -- a message starts a job ---------------------------------------------------

TEST(channel_work, each_message_starts_one_job_and_is_acknowledged_with_it) {
  auto mutex = std::mutex{};
  auto started = 0;
  auto apart = 0;
  auto look = [&](std::size_t, std::span<const store::batch* const> batches) {
    auto in = what_is_in(batches);
    if (in.has(store::table::definitions)) {
      auto guard = std::lock_guard{mutex};
      ++started;
      apart += !in.has(store::table::cursors) && !in.has(store::table::acks);
    }
    return std::optional<error>{};
  };
  auto e = engine{{}, std::make_unique<test::faulty_store>(store::make_memory(), look)};
  auto done = basket{};
  e.add(named("ship", [&](task&, const json& in) -> outcome {
    done.put(in["order"]);
    return json::object();
  }));
  auto sub = e.on("orders.*", {.name = "shipping",
                               .agent = "ship",
                               .input = "{order = message.data.id * 10}",
                               .from = start::first});
  for (auto i = 0; i < 100; ++i)
    e.publish(i % 2 ? "orders.created" : "orders.changed", {{"id", i}});
  auto all = done.wait_for(100);
  std::ranges::sort(all);
  for (auto i = 0; i < 100; ++i)
    EXPECT_EQ(all[static_cast<std::size_t>(i)], i * 10);
  EXPECT_EQ(job_ids(e).size(), 100u);
  wait_until([&] {
    auto state = dagger::log::channel_state_of(*e.read(), "orders.created");
    return (*state)->groups.at(0).pending == 0;
  });
  auto guard = std::lock_guard{mutex};
  EXPECT_GT(started, 0);
  EXPECT_EQ(apart, 0) << "a job was made in a transaction without the acknowledgement";
}

TEST(channel_work, a_trigger_goes_on_where_the_last_engine_was) {
  auto folder = test::temporary_folder{};
  auto how = trigger_options{.name = "t", .agent = "quick", .from = start::first};
  {
    auto e = engine{{.store = folder.path() / "s"}};
    e.add(test::quick());
    auto sub = e.on("orders", how);
    for (auto i = 0; i < 10; ++i)
      got(e.publish("orders", i));
    wait_until([&] { return job_ids(e).size() == 10; });
  }
  auto e = engine{{.store = folder.path() / "s"}};
  for (auto i = 0; i < 5; ++i)
    got(e.publish("orders", i));
  e.add(test::quick());
  auto sub = e.on("orders", how);
  wait_until([&] { return job_ids(e).size() == 15; });
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(job_ids(e).size(), 15u);
}

TEST(channel_work, what_can_start_nothing_is_a_dead_letter_with_the_reason) {
  auto e = engine{};
  auto x = test::quick("strict");
  x.input = {{"type", "integer"}};
  e.add(std::move(x));
  auto dead = basket{};
  auto letters = e.subscribe("orders.dead",
                             [&](delivery& d) { dead.put(d.what().headers.at("dagger-reason")); });
  auto sub = e.on("orders", {.name = "t", .agent = "strict", .input = "message.data"});
  got(e.publish("orders", "text"));
  got(e.publish("orders", 7));
  wait_until([&] { return job_ids(e).size() == 1; });
  auto reason = dead.wait_for(1).at(0).get<std::string>();
  EXPECT_NE(reason.find("integer"), std::string::npos) << reason;
}

TEST(channel_work, a_trigger_makes_jobs_of_any_shape) {
  auto e = engine{};
  e.add(test::quick());
  auto sub = e.on("orders", {.name = "t", .make = [](const json& in, const std::string& id) {
                               auto made = job{id};
                               made.inputs({{"from", in["channel"]}});
                               auto first = made.add({.name = "a", .agent = "quick"});
                               made.add({.name = "b", .agent = "quick", .after = {first}});
                               return made.spec();
                             }});
  got(e.publish("orders", 1));
  wait_until([&] { return job_ids(e).size() == 1; });
  auto id = job_ids(e).at(0);
  EXPECT_TRUE(id.starts_with("t-")) << id;
  EXPECT_EQ(got(e.resume(id)).tasks().size(), 2u);
}

TEST(channel_work, a_trigger_that_cannot_be_is_refused) {
  auto e = engine{};
  e.add(test::quick());
  auto refusal = [&](trigger_options how) {
    try {
      auto sub = e.on("orders", std::move(how));
    } catch (const error& why) {
      return why.code;
    }
    return std::string{};
  };
  EXPECT_EQ(refusal({.name = "a b", .agent = "quick"}), code::invalid_input);
  EXPECT_EQ(refusal({.name = "t"}), code::invalid_input);
  EXPECT_EQ(refusal({.name = "t", .agent = "none"}), code::not_found);
  EXPECT_EQ(refusal({.name = "t", .agent = "quick", .input = "{"}), code::invalid_input);
  EXPECT_EQ(refusal({.name = "t", .agent = "quick"}), "");
}

// -- what happens to jobs -----------------------------------------------------

TEST(channel_work, the_log_of_the_jobs_is_a_channel) {
  auto e = engine{};
  e.add(test::quick());
  EXPECT_TRUE(got(e.submit(test::one_task("early", "quick"))).completed());
  auto all = basket{};
  auto one = basket{};
  auto from_first = subscribe_options{.from = start::first};
  auto a = e.subscribe("dagger.jobs", from_first, [&](delivery& d) { all.put(d.data()); });
  auto b = e.subscribe("dagger.jobs.b", [&](delivery& d) {
    EXPECT_EQ(d.what().key, "b");
    EXPECT_EQ(d.what().type, "dagger.job");
    one.put(d.data());
  });
  auto c = e.subscribe(">", [](delivery&) { FAIL() << "`>` is not for the engine's own"; });
  EXPECT_TRUE(got(e.submit(test::one_task("a", "quick"))).completed());
  EXPECT_TRUE(got(e.submit(test::one_task("b", "quick"))).completed());
  auto ended = [](const std::vector<json>& xs) {
    return std::ranges::count_if(xs, [](auto& x) { return x.value("state", "") == "completed"; });
  };
  auto seen = std::vector<json>{};
  wait_until([&] {
    seen = all.wait_for(0);
    return ended(seen) == 3 && ended(one.wait_for(0)) == 1;
  });
  EXPECT_EQ(seen.front()["job"], "early");
  for (auto& x : one.wait_for(0))
    EXPECT_EQ(x["job"], "b");
  auto last = one.wait_for(0).back();
  EXPECT_EQ(last["tasks"][0]["task"], "only");
  EXPECT_EQ(last["tasks"][0]["state"], "completed");
  EXPECT_EQ(last["tasks"][0]["attempt"], 1);
}

TEST(channel_work, the_log_of_the_jobs_cannot_be_deleted_or_written_to) {
  auto e = engine{};
  EXPECT_EQ(error_of(e.remove_channel("dagger.jobs", true)).code, code::invalid_input);
  EXPECT_EQ(error_of(e.publish("dagger.jobs", 1)).code, code::invalid_input);
  EXPECT_EQ(error_of(e.channel({.name = "dagger.jobs"})).code, code::invalid_input);
}

TEST(channel_work, a_group_reads_the_log_of_the_jobs_where_it_was) {
  auto folder = test::temporary_folder{};
  auto ids = std::multiset<std::string>{};
  for (auto round = 0; round < 2; ++round) {
    auto e = engine{{.store = folder.path() / "s"}};
    e.add(test::quick());
    auto name = "job" + std::to_string(round);
    EXPECT_TRUE(got(e.submit(test::one_task(name, "quick"))).completed());
    auto seen = basket{};
    auto how = subscribe_options{.group = "audit", .from = start::first};
    auto sub = e.subscribe("dagger.jobs", how, [&](delivery& d) {
      if (d.data().value("state", "") == "completed")
        seen.put(d.data()["job"]);
    });
    for (auto& x : seen.wait_for(1))
      ids.insert(x.get<std::string>());
    got(e.internals().channels().quiet({"audit"}));
  }
  EXPECT_EQ(ids, (std::multiset<std::string>{"job0", "job1"}));
}

TEST(channel_work, a_trigger_on_the_log_of_the_jobs_starts_work_after_work) {
  auto e = engine{};
  e.add(test::quick());
  e.add(test::quick("after"));
  auto sub =
    e.on("dagger.jobs.first", {.name = "then", .make = [](const json& in, const std::string& id) {
                                 auto made = job{id};
                                 auto ended = in["data"].value("state", "") == "completed";
                                 made.add({.agent = ended ? "after" : "quick"});
                                 return made.spec();
                               }});
  EXPECT_TRUE(got(e.submit(test::one_task("first", "quick"))).completed());
  wait_until([&] {
    auto after = 0;
    auto view = e.read();
    for (auto& id : job_ids(e)) {
      auto found = plan::find_job(*view, id);
      auto tasks = found && *found ? plan::tasks_of(*view, (*found)->number)
                                   : result<std::vector<plan::task_status>>{};
      after += tasks && !tasks->empty() && tasks->front().agent == "after";
    }
    return after == 1;
  });
}

} // namespace
