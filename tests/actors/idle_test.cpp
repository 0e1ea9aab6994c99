// An idle engine sleeps, and real alarms ring. The only tests that need real time.
#include "agents.hpp"

#include <dagger/actors/clock.hpp>
#include <dagger/actors/control_protocol.hpp>
#include <dagger/actors/control_socket.hpp>
#include <dagger/actors/gate.hpp>

#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace dagger {

namespace {

using namespace test;

/// How often the threads of this process have gone to sleep by themselves, the caller's not
/// counted.
long sleeps() {
  auto sum = 0l;
  auto own = std::to_string(::gettid());
  for (auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
    if (thread.path().filename() == own)
      continue;
    auto status = std::ifstream{thread.path() / "status"};
    for (auto line = std::string{}; std::getline(status, line);)
      if (line.starts_with("voluntary_ctxt_switches:"))
        sum += std::stol(line.substr(line.find(':') + 1));
  }
  return sum;
}

TEST(idle, an_engine_with_nothing_to_do_wakes_less_than_ten_times_in_three_seconds) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the sanitizer has a thread of its own, which wakes";
#endif
  auto folder = temporary_folder{};
  auto engine = dagger::engine{{.store = folder / "store"}};
  engine.add(quick());
  engine.add(adder());
  engine.add(named("sleeper", [](task& self, const json&) -> outcome {
    return self.wait(condition::time(duration{24h}));
  }));
  EXPECT_TRUE(got(engine.submit(chain("job", 3))).completed());
  EXPECT_TRUE(got(engine.submit(one_task("sum", "add", {{"a", 1}, {"b", 2}}))).completed());
  EXPECT_TRUE(got(engine.submit(one_task("waits", "sleeper")).accepted()));
  // Somebody who only listens wakes nobody either.
  auto peer = actors::connect_to_engine(folder / "store").value();
  auto watch = actors::to_line(actors::control_watch{"waits", {}});
  ASSERT_EQ(::send(peer.get(), watch.data(), watch.size(), 0),
            static_cast<ssize_t>(watch.size()));
  auto answer = char{};
  ASSERT_EQ(::recv(peer.get(), &answer, 1, 0), 1);
  // Until the last commit is through.
  EXPECT_TRUE(got(engine.submit(chain("last", 1))).completed());
  auto before = sleeps();
  auto never = std::promise<void>{};
  never.get_future().wait_for(3s);
  EXPECT_LT(sleeps() - before, 10);
}

TEST(clocks, ring_when_an_alarm_is_due_and_not_before) {
  auto clock = actors::make_clock({});
  auto rang = actors::gate{};
  auto at = std::atomic<timestamp>{};
  auto alarm = clock->add([&] {
    at = clock->now();
    rang.open();
  });
  auto due = clock->now() + 20ms;
  clock->set(alarm, due + 1h);
  clock->set(alarm, due);
  rang.wait();
  EXPECT_GE(at.load(), due);
}

TEST(clocks, an_alarm_in_the_past_rings_at_once_and_others_keep_their_time) {
  auto clock = actors::make_clock({});
  auto late = actors::gate{};
  auto early = actors::gate{};
  auto first = clock->add([&] { early.open(); });
  auto second = clock->add([&] { late.open(); });
  clock->set(second, clock->now() + 30ms);
  clock->set(first, clock->now() - 1h);
  early.wait();
  late.wait();
  SUCCEED();
}

TEST(clocks, never_begin_before_the_last_time_of_the_store) {
  auto ahead =
    std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now() + 24h);
  auto clock = actors::make_clock(ahead);
  auto first = clock->now();
  EXPECT_GE(first, ahead);
  EXPECT_GE(clock->now(), first);
}

TEST(clocks, ring_no_more_when_they_are_stopped) {
  auto clock = actors::make_clock({});
  auto rang = std::atomic{0};
  auto alarm = clock->add([&] { ++rang; });
  clock->stop();
  clock->set(alarm, clock->now() - 1s);
  EXPECT_EQ(rang, 0);
}

} // namespace

} // namespace dagger
