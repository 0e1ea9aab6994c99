// What an attempt does while it runs: heartbeats, streams, steps, looks at other jobs.
#include "agents.hpp"

#include <support/actors.hpp>
#include <support/faulty_store.hpp>
#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <atomic>

namespace dagger {

namespace {

using namespace test;

std::shared_ptr<store::store> memory() {
  return store::make_memory();
}

/// The values of a task's stream; "restarted" where another attempt begins.
std::vector<json> stream_of(store::view& v, std::string_view id, std::uint32_t task = 0) {
  auto found = std::vector<json>{};
  auto number = plan::find_job(v, id).value().value().number;
  EXPECT_TRUE(plan::read_stream(v, number, task, 0, [&](auto& x) {
    found.push_back(x.restarted ? json("restarted") : json::parse(x.value));
    return true;
  }));
  return found;
}

TEST(heartbeats, keep_an_attempt_alive_and_their_end_is_a_time_out) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto beats = named("beats", [](task& self, const json& in) -> outcome {
    auto mutex = std::mutex{};
    auto guard = std::unique_lock{mutex};
    auto changed = std::condition_variable_any{};
    for (auto i = 0; i < in["beats"].get<int>(); ++i) {
      self.heartbeat();
      changed.wait_for(guard, self.stop_token(), 50ms, [] { return false; });
    }
    if (in.contains("hang"))
      changed.wait(guard, self.stop_token(), [] { return false; });
    return json(self.stop_token().stop_requested());
  });
  beats.heartbeat = 1s;
  beats.concurrency = 2;
  engine.add(std::move(beats));
  auto lives = engine.submit(one_task("lives", "beats", {{"beats", 40}}));
  auto hangs = engine.submit(one_task("hangs", "beats", {{"beats", 1}, {"hang", true}}));
  EXPECT_EQ(got(lives)["only"], false);
  EXPECT_EQ(got(hangs).failure()->code, code::timeout);
}

TEST(heartbeats, leave_their_last_progress_to_the_next_attempt) {
  auto engine = staged_engine{memory()};
  auto worker = named("worker", [](task& self, const json&) -> outcome {
    if (self.attempt() == 2)
      return self.progress();
    for (auto i = 1; i <= 100; ++i)
      self.heartbeat({{"done", i}});
    self.heartbeat();
    return failure{};
  });
  worker.retry = {.max_attempts = 2, .initial = duration{0}};
  worker.cooperative = true;
  engine->add(std::move(worker));
  EXPECT_EQ(engine.get(engine->submit(one_task("job", "worker").spec()))["only"]["done"], 100);
}

TEST(heartbeats, never_flood_the_planner) {
  auto box = std::make_shared<actors::line>();
  auto notices = 0;
  box->open({.send = [&](auto) { ++notices; }, .step = {}, .request = {}});
  auto out = std::make_shared<actors::outbox>(plan::attempt_id{1, 0, 1, 1}, box, std::stop_token{});
  for (auto i = 0; i < 1'000'000; ++i)
    out->beat({});
  EXPECT_EQ(notices, 1);
  EXPECT_TRUE(out->take_beat());
  EXPECT_FALSE(out->take_beat());
  out->beat({});
  EXPECT_EQ(notices, 2);
}

TEST(streams, hold_what_was_emitted_before_the_outcome) {
  for (auto seed = 0u; seed < 20; ++seed) {
    auto store = memory();
    auto engine = staged_engine{store, seed};
    auto talker = quick("talker");
    talker.run = [](task& self, const json&) -> outcome {
      for (auto i = 0; i < 3; ++i)
        self.emit(i);
      return json(1);
    };
    engine->add(std::move(talker));
    auto job = engine.get(engine->submit(one_task("job", "talker").spec()));
    EXPECT_TRUE(job.completed());
    EXPECT_EQ(stream_of(*store->read(), "job"), (std::vector<json>{0, 1, 2})) << "seed " << seed;
  }
}

TEST(streams, of_a_second_attempt_begin_with_a_mark) {
  auto store = memory();
  auto engine = staged_engine{store};
  auto talker = quick("talker");
  talker.run = [](task& self, const json&) -> outcome {
    self.emit(self.attempt());
    return self.attempt() == 1 ? outcome{failure{}} : outcome{json(1)};
  };
  talker.retry = {.max_attempts = 2, .initial = duration{0}};
  engine->add(std::move(talker));
  engine.get(engine->submit(one_task("job", "talker").spec()));
  EXPECT_EQ(stream_of(*store->read(), "job"), (std::vector<json>{1, "restarted", 2}));
}

TEST(streams, are_written_while_the_task_runs_at_most_every_20_ms) {
  auto line = std::make_shared<actors::line>();
  line->open({.send = [](auto) {}, .step = {}, .request = {}});
  auto out =
    std::make_shared<actors::outbox>(plan::attempt_id{1, 0, 1, 1}, line, std::stop_token{});
  using actors::outbox;
  auto now = virtual_clock::start;
  EXPECT_TRUE(out->put(payload::from(1), outbox::when_full::refuse));
  EXPECT_EQ(out->take_chunks(now, false).value().chunks.size(), 1u);
  EXPECT_TRUE(out->put(payload::from(2), outbox::when_full::refuse));
  EXPECT_TRUE(out->put(payload::from(3), outbox::when_full::refuse));
  EXPECT_FALSE(out->take_chunks(now + 19ms, false));
  EXPECT_EQ(out->chunks_due(), now + 20ms);
  EXPECT_EQ(out->take_chunks(now + 20ms, false).value().chunks.size(), 2u);
  EXPECT_TRUE(out->put(payload::from(4), outbox::when_full::refuse));
  EXPECT_TRUE(out->take_chunks(now + 20ms, true));
}

TEST(streams, reach_the_disk_while_their_task_still_runs) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto block = std::make_shared<stone>();
  engine.add(named("talker", [=](task& self, const json&) -> outcome {
    for (auto i = 0; i < 3; ++i)
      self.emit(i);
    block->wait();
    return json(1);
  }));
  auto end = engine.submit(one_task("job", "talker"));
  ASSERT_TRUE(block->holds(1));
  auto seen = std::vector<json>{};
  while (seen.size() < 3 && !end.wait_for(1ms))
    seen = stream_of(*engine.read(), "job");
  EXPECT_EQ(seen, (std::vector<json>{0, 1, 2}));
  block->release();
  EXPECT_TRUE(got(end).completed());
}

TEST(streams, are_bounded_for_cooperative_agents_and_make_others_wait) {
  auto chunk = json(std::string(limits::chunk_bytes - 2, 'x'));
  auto most = limits::chunk_bytes_in_flight / limits::chunk_bytes;
  for (auto cooperative : {true, false}) {
    auto store = memory();
    auto engine = staged_engine{store};
    auto talker = named("talker", [&](task& self, const json&) -> outcome {
      for (auto i = std::size_t{0}; i < 3 * most; ++i)
        try {
          self.emit(chunk);
        } catch (const error& why) {
          return json{{"after", i}, {"code", why.code}};
        }
      return json("all");
    });
    talker.cooperative = cooperative;
    engine->add(std::move(talker));
    auto result = engine.get(engine->submit(one_task("job", "talker").spec()));
    auto written = stream_of(*store->read(), "job").size();
    if (cooperative) {
      EXPECT_EQ(result["only"], (json{{"after", most}, {"code", "limit"}}));
      EXPECT_EQ(written, most);
    } else {
      EXPECT_EQ(result["only"], "all");
      EXPECT_EQ(written, 3 * most);
    }
  }
}

TEST(streams, take_no_chunk_beyond_the_bound) {
  auto engine = staged_engine{memory()};
  engine->add(named("talker", [](task& self, const json&) -> outcome {
    self.emit(std::string(limits::chunk_bytes, 'x'));
    return json(1);
  }));
  auto result = engine.get(engine->submit(one_task("job", "talker").spec()));
  EXPECT_EQ(result.failure()->code, code::too_large);
}

TEST(streams, do_not_hold_who_is_given_up_while_the_store_is_full) {
  auto faulty = std::make_unique<faulty_store>(memory());
  auto* control = faulty.get();
  auto told = future<std::string>::promise{};
  {
    auto engine = dagger::engine{{.grace = 10ms, .log = log_level::off}, std::move(faulty)};
    auto begun = future<bool>::promise{};
    engine.add(named("talker", [=](task& self, const json&) -> outcome {
      control->decide([](auto, auto) { return error{code::store_full, "no space"}; });
      begun.set(true);
      try {
        for (auto i = 0; i < 100; ++i)
          self.emit(std::string(limits::chunk_bytes / 2, 'x'));
      } catch (const error& why) {
        told.set(why.code);
      }
      return json(1);
    }));
    engine.submit(one_task("job", "talker"));
    got(begun.future());
  }
  EXPECT_EQ(got(told.future()), code::attempt_lost);
}

/// Makes two steps and fails after the first or the second one, once each.
agent stepper(std::shared_ptr<std::vector<std::string>> calls) {
  auto made = named("stepper", [=](task& self, const json&) -> outcome {
    auto step = [&](const std::string& name) {
      return self.step(name, [&] {
        calls->push_back(name);
        return json{{"n", calls->size()}};
      });
    };
    auto first = step("first");
    if (self.attempt() == 1)
      return failure{};
    auto second = step("second");
    if (self.attempt() == 2)
      return failure{};
    return json{{"first", first["n"]}, {"second", second["n"]}};
  });
  made.retry = {.max_attempts = 3, .initial = duration{0}};
  return made;
}

TEST(steps, are_called_once_whatever_happens_to_their_attempts) {
  auto calls = std::make_shared<std::vector<std::string>>();
  auto engine = dagger::engine{{.log = log_level::off}};
  engine.add(stepper(calls));
  auto result = got(engine.submit(one_task("job", "stepper")));
  EXPECT_EQ(result["only"], (json{{"first", 1}, {"second", 2}}));
  EXPECT_EQ(*calls, (std::vector<std::string>{"first", "second"}));
}

TEST(steps, are_there_after_a_restart_and_in_later_visits) {
  auto folder = temporary_folder{};
  auto calls = std::make_shared<std::atomic<int>>(0);
  auto pays = named("pays", [=](task& self, const json&) -> outcome {
    auto id = self.step("pay", [&] { return json(++*calls); });
    if (self.first_visit())
      return self.wait(condition::signal("go"));
    return id;
  });
  {
    auto engine = dagger::engine{{.store = folder / "store", .log = log_level::off}};
    engine.add(pays);
    auto suspended = [&] {
      auto view = engine.read();
      auto waits = plan::signal_waits(*view, "job");
      return waits && !waits->empty();
    };
    auto end = engine.submit(one_task("job", "pays"));
    while (!suspended() && !end.wait_for(1ms)) {}
  }
  auto engine = dagger::engine{{.store = folder / "store", .log = log_level::off}};
  engine.add(pays);
  auto end = engine.resume("job");
  got(engine.signal("job", "go"));
  EXPECT_EQ(got(end)["only"], 1);
  EXPECT_EQ(*calls, 1);
}

TEST(steps, are_on_disk_when_they_return) {
  auto store = memory();
  auto engine = staged_engine{store};
  engine->add(named("stepper", [&](task& self, const json&) -> outcome {
    self.step("one", [] { return json("done"); });
    auto rows = store->measure().value().rows;
    return json(rows[static_cast<std::size_t>(store::table::steps)]);
  }));
  EXPECT_EQ(engine.get(engine->submit(one_task("job", "stepper").spec()))["only"], 1);
}

TEST(steps, refuse_what_makes_no_sense_in_them) {
  auto engine = staged_engine{memory()};
  auto codes = std::vector<std::string>{};
  auto tries = [&](task& self) {
    auto attempt = [&](const std::string& name, const std::function<json()>& run) {
      try {
        self.step(name, run);
        codes.emplace_back("none");
      } catch (const error& why) {
        codes.push_back(why.code);
      }
    };
    attempt("a", [] { return json(1); });
    attempt("a", [] { return json(1); });
    attempt("b", [&] { return json(self.add_task({.agent = "blocking"}).added); });
    attempt("c", [&] { return self.step("d", [] { return json(1); }); });
    attempt("e", [&]() -> json {
      self.submit(one_task("other", "blocking"));
      return 1;
    });
    attempt("", [] { return json(1); });
    attempt("f", [] { return json(std::string(limits::step_bytes, 'x')); });
    attempt("g", []() -> json { throw error{"outside.broken", "once"}; });
    attempt("g", [] { return json(1); });
    return json(1);
  };
  engine->add(named("blocking", [&](task& self, const json&) -> outcome { return tries(self); }));
  auto cooperative = quick("cooperative");
  cooperative.run = [&](task& self, const json&) -> outcome {
    return self.step("a", [] { return json(1); });
  };
  engine->add(std::move(cooperative));
  EXPECT_TRUE(engine.get(engine->submit(one_task("job", "blocking").spec())).completed());
  EXPECT_EQ(codes,
            (std::vector<std::string>{"none", "misuse", "misuse", "misuse", "misuse",
                                      "invalid_input", "too_large", "outside.broken", "none"}));
  auto result = engine.get(engine->submit(one_task("short", "cooperative").spec()));
  EXPECT_EQ(result.failure()->code, code::misuse);
}

TEST(steps, of_an_attempt_whose_time_is_over_are_not_recorded) {
  auto engine = dagger::engine{{.log = log_level::off}};
  auto told = future<std::string>::promise{};
  auto slow = named("slow", [=](task& self, const json&) -> outcome {
    auto mutex = std::mutex{};
    auto guard = std::unique_lock{mutex};
    auto changed = std::condition_variable_any{};
    changed.wait(guard, self.stop_token(), [] { return false; });
    try {
      self.step("late", [] { return json(1); });
      told.set(std::string{"none"});
    } catch (const error& why) {
      told.set(why.code);
    }
    return json(1);
  });
  slow.timeout = 20ms;
  engine.add(std::move(slow));
  EXPECT_EQ(got(engine.submit(one_task("job", "slow"))).failure()->code, code::timeout);
  EXPECT_EQ(got(told.future()), code::attempt_lost);
}

TEST(submitting, from_an_agent_is_part_of_the_outcome) {
  auto engine = staged_engine{memory()};
  engine->add(quick());
  engine->add(named("parent", [](task& self, const json&) -> outcome {
    if (!self.first_visit()) {
      auto other = self.look_at("child");
      return json{{"state", to_text(other.state)}, {"outputs", other.outputs}};
    }
    auto id = self.submit(one_task("child", "quick"));
    self.submit(one_task("child", "quick"));
    return self.wait(condition::of_jobs({id}));
  }));
  auto result = engine.get(engine->submit(one_task("job", "parent").spec()));
  EXPECT_EQ(result["only"],
            (json{{"state", "completed"}, {"outputs", {{"only", {{"ok", true}}}}}}));
}

TEST(submitting, is_refused_where_it_is_wrong) {
  auto engine = staged_engine{memory()};
  auto codes = std::vector<std::string>{};
  engine->add(quick());
  engine->add(named("parent", [&](task& self, const json&) -> outcome {
    for (auto& call :
         std::vector<std::function<void()>>{[&] { self.submit(one_task("no id", "quick")); },
                                            [&] { self.submit(one_task("a", "nobody")); },
                                            [&] { self.submit(one_task("b", "quick")); },
                                            [&] {
                                              self.submit(one_task("b", "quick", {{"x", 1}}));
                                            },
                                            [&] { self.look_at("nothing"); }})
      try {
        call();
      } catch (const error& why) {
        codes.push_back(why.code);
      }
    return json(1);
  }));
  EXPECT_TRUE(engine.get(engine->submit(one_task("job", "parent").spec())).completed());
  EXPECT_EQ(codes,
            (std::vector<std::string>{"invalid_input", "not_found", "id_conflict", "not_found"}));
}

} // namespace

} // namespace dagger
