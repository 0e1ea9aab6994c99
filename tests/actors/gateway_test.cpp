// Other processes at the engine's door: a real store, a real socket.
#include "agents.hpp"

#include <dagger/actors/gateway.hpp>
#include <dagger/codec/json.hpp>

#include <support/faulty_store.hpp>
#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace dagger {

namespace {

using namespace test;
using namespace actors;

/// One who talks to an engine.
class caller {
public:
  explicit caller(const std::filesystem::path& store) : socket_(connect_to_engine(store).value()) {}

  void say(std::string_view text) {
    while (!text.empty()) {
      auto n = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  /// The next line; empty at the end.
  std::string hear() {
    auto end = heard_.find('\n');
    for (; end == std::string::npos; end = heard_.find('\n')) {
      auto fd = pollfd{socket_.get(), POLLIN, 0};
      if (::poll(&fd, 1, 60'000) != 1)
        throw error{code::timeout, "the answer does not come"};
      char more[4096];
      auto n = ::recv(socket_.get(), more, sizeof more, 0);
      if (n <= 0)
        return {};
      heard_.append(more, static_cast<std::size_t>(n));
    }
    auto line = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    return line;
  }

  /// The code of the error in the answer; "ok" if there is none.
  std::string ask(const control_request& x) {
    say(to_line(x));
    auto answer = read_answer(hear());
    return answer ? "ok" : answer.error().code;
  }

  void say_no_more() {
    ::shutdown(socket_.get(), SHUT_WR);
  }

  int fd() const {
    return socket_.get();
  }

private:
  descriptor socket_;
  std::string heard_;
};

agent waiter() {
  return named("waiter", [](task& self, const json&) -> outcome {
    if (self.first_visit())
      return self.wait(condition::signal("go", {{"type", "integer"}}));
    return self.answer();
  });
}

/// An engine over a folder, with the agents of these tests.
struct house {
  temporary_folder folder;
  std::filesystem::path store = folder / "store";
  dagger::engine engine{{.store = store, .holder = "a test", .log = log_level::off}};

  house() {
    engine.add(quick());
    engine.add(waiter());
  }
};

TEST(gateway, answers_requests_of_other_processes) {
  auto at = house{};
  auto end = at.engine.submit(one_task("job", "waiter"));
  got(end.accepted());
  auto peer = caller{at.store};
  EXPECT_EQ(peer.ask(control_signal{.job = "nobody", .name = "go"}), "not_found");
  EXPECT_EQ(peer.ask(control_pause{"job"}), "ok");
  EXPECT_EQ(got(end).state(), job_state::paused);
  EXPECT_EQ(peer.ask(control_resume{"job"}), "ok");
  EXPECT_EQ(peer.ask(control_accept{"job", "only"}), "conflict");
  EXPECT_EQ(peer.ask(control_purge{"job"}), "conflict");
  EXPECT_EQ(peer.ask(control_signal{.job = "job", .name = "go", .value = 7}), "ok");
  auto result = got(at.engine.resume("job"));
  EXPECT_EQ(result["only"], 7);
  EXPECT_EQ(peer.ask(control_retry{"job", "only", nullptr}), "ok");
  EXPECT_EQ(peer.ask(control_cancel{"job"}), "ok");
  EXPECT_EQ(got(at.engine.resume("job")).state(), job_state::cancelled);
  EXPECT_EQ(peer.ask(control_purge{"job"}), "ok");
  EXPECT_EQ(peer.ask(control_resume{"job"}), "not_found");
}

TEST(gateway, checks_a_signal_against_the_schema_of_its_wait) {
  auto at = house{};
  auto end = at.engine.submit(one_task("job", "waiter"));
  got(end.accepted());
  auto waits = [&] {
    auto view = at.engine.read();
    return !plan::signal_waits(*view, "job").value().empty();
  };
  while (!waits() && !end.wait_for(1ms)) {}
  auto peer = caller{at.store};
  peer.say(to_line(control_signal{.job = "job", .name = "go", .value = "seven"}));
  auto answer = read_answer(peer.hear());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, code::invalid_input);
  EXPECT_NE(answer.error().message.find("must be integer"), std::string::npos);
}

TEST(gateway, retries_with_a_definition_of_the_peer) {
  auto at = house{};
  at.engine.add(named("bad", [](task&, const json&) -> outcome { return failure{}; }));
  EXPECT_FALSE(got(at.engine.submit(one_task("job", "bad"))).completed());
  auto peer = caller{at.store};
  auto with = [](const dagger::job& x) { return std::make_shared<plan::job_spec>(x.spec()); };
  EXPECT_EQ(peer.ask(control_retry{"job", {}, with(one_task("job", "nobody"))}), "not_found");
  EXPECT_EQ(peer.ask(control_retry{"job", {}, with(one_task("job", "quick"))}), "ok");
  EXPECT_TRUE(got(at.engine.resume("job")).completed());
}

TEST(gateway, says_who_holds_the_store) {
  auto at = house{};
  auto peer = caller{at.store};
  peer.say(to_line(control_ping{}));
  auto answer = read_answer(peer.hear()).value();
  EXPECT_EQ(answer["holder"], "a test");
  EXPECT_EQ(answer["process"], ::getpid());
}

TEST(gateway, shows_all_events_of_a_job_until_it_ends) {
  auto at = house{};
  auto end = at.engine.submit(one_task("job", "waiter"));
  got(end.accepted());
  auto other = caller{at.store};
  auto peer = caller{at.store};
  peer.say(to_line(control_watch{"job", 0}));
  EXPECT_EQ(read_answer(peer.hear()).value()["next"], 0);
  got(at.engine.submit(chain("noise", 3)));
  auto positions = std::vector<std::uint64_t>{};
  auto last = json{};
  EXPECT_EQ(other.ask(control_signal{.job = "job", .name = "go", .value = 1}), "ok");
  for (last = read_answer(peer.hear()).value(); last.contains("event");
       last = read_answer(peer.hear()).value())
    positions.push_back(read_event(last).value().position);
  EXPECT_EQ(last, (json{{"end", "completed"}}));
  auto expected = std::vector<std::uint64_t>{};
  for (auto& x : got(end).history())
    expected.push_back(x.position);
  EXPECT_EQ(positions, expected);
  // The connection stays.
  EXPECT_EQ(peer.ask(control_ping{}), "ok");
  EXPECT_EQ(peer.ask(control_watch{"nobody", {}}), "not_found");
  peer.say(to_line(control_watch{"job", {}}));
  EXPECT_EQ(read_answer(peer.hear()).value()["next"],
            *store::end_of(*at.engine.read(), store::log_id::jobs));
  EXPECT_EQ(read_answer(peer.hear()).value(), (json{{"end", "completed"}}));
}

TEST(gateway, wakes_who_watches_when_something_happens) {
  auto at = house{};
  got(at.engine.submit(one_task("job", "waiter")).accepted());
  auto peer = caller{at.store};
  peer.say(to_line(control_watch{"job", {}}));
  EXPECT_TRUE(read_answer(peer.hear()));
  got(at.engine.pause("job"));
  auto state = std::optional<job_state>{};
  while (!state)
    state = read_event(read_answer(peer.hear()).value()).value().state;
  EXPECT_EQ(state, job_state::paused);
}

TEST(gateway, answers_bad_input_and_goes_on) {
  auto at = house{};
  auto peer = caller{at.store};
  auto codes = std::vector<std::string>{};
  for (auto line :
       {"\n", "{\n", "[1, 2]\n", "{\"do\": \"explode\"}\n", "\xff\xfe\n", "{\"do\": \"pause\"}\n",
        "{\"do\": \"retry\", \"job\": \"a\", \"with\": 1}\n"}) {
    peer.say(line);
    codes.push_back(read_answer(peer.hear()).error().code);
  }
  EXPECT_EQ(codes, std::vector<std::string>(codes.size(), "invalid_input"));
  EXPECT_EQ(peer.ask(control_ping{}), "ok");
}

TEST(gateway, answers_in_order_whatever_arrives_at_once) {
  auto at = house{};
  auto peer = caller{at.store};
  auto text = std::string{};
  for (auto i = 0; i < 200; ++i)
    text += i % 2 ? to_line(control_ping{}) : to_line(control_pause{"nobody"});
  // In pieces that end anywhere.
  for (auto rest = std::string_view{text}; !rest.empty();) {
    auto n = std::min<std::size_t>(rest.size(), 37);
    peer.say(rest.substr(0, n));
    rest.remove_prefix(n);
  }
  peer.say_no_more();
  for (auto i = 0; i < 200; ++i)
    EXPECT_EQ(read_answer(peer.hear()).has_value(), i % 2 == 1) << i;
  EXPECT_EQ(peer.hear(), "");
}

TEST(gateway, ends_a_line_that_does_not_end) {
  auto at = house{};
  auto peer = caller{at.store};
  peer.say("{\"do\": \"");
  auto piece = std::string(1 << 20, 'x');
  for (auto sent = std::size_t{0}; sent < limits::control_line_bytes + (1 << 20);
       sent += piece.size())
    peer.say(piece);
  EXPECT_EQ(read_answer(peer.hear()).error().code, code::too_large);
  EXPECT_EQ(peer.hear(), "");
  EXPECT_EQ(caller{at.store}.ask(control_ping{}), "ok");
}

TEST(gateway, does_not_wait_for_who_does_not_read) {
  auto folder = temporary_folder{};
  auto engine =
    dagger::engine{{.store = folder / "store", .log = log_level::off, .control = false}};
  auto door = gateway::open(folder / "store", engine.internals(), 100ms).value();
  engine.add(quick());
  got(engine.submit(chain("job", 2'000)));
  auto deaf = caller{folder / "store"};
  auto small = 4'096;
  ::setsockopt(deaf.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  deaf.say(to_line(control_watch{"job", 0}));
  // Others are served meanwhile, and the deaf one is dropped.
  auto fd = pollfd{deaf.fd(), 0, 0};
  while (::poll(&fd, 1, 1) == 0)
    EXPECT_EQ(caller{folder / "store"}.ask(control_ping{}), "ok");
  EXPECT_NE(fd.revents & POLLHUP, 0);
}

TEST(gateway, refuses_the_one_too_many_and_takes_others_when_one_has_gone) {
  auto at = house{};
  auto peers = std::vector<std::unique_ptr<caller>>{};
  for (auto i = std::size_t{0}; i < limits::control_connections; ++i) {
    peers.push_back(std::make_unique<caller>(at.store));
    EXPECT_EQ(peers.back()->ask(control_ping{}), "ok");
  }
  auto refused = caller{at.store};
  EXPECT_EQ(read_answer(refused.hear()).error().code, code::limit);
  EXPECT_EQ(refused.hear(), "");
  peers.clear();
  auto answer = std::string{};
  while (answer != "ok")
    answer = caller{at.store}.ask(control_ping{});
}

TEST(gateway, reads_one_long_line_at_a_time) {
  auto at = house{};
  got(at.engine.submit(one_task("job", "quick")));
  auto half = std::string(2 * limits::control_short_line_bytes, 'x');
  auto first = caller{at.store};
  // What the socket cannot hold has been read when this returns.
  first.say(half);
  auto second = std::thread{[&] {
    auto next = caller{at.store};
    next.say(half + half + '\n');
    EXPECT_EQ(read_answer(next.hear()).error().code, code::invalid_input);
  }};
  // Short ones pass.
  EXPECT_EQ(caller{at.store}.ask(control_ping{}), "ok");
  first.say("\n");
  EXPECT_EQ(read_answer(first.hear()).error().code, code::invalid_input);
  EXPECT_EQ(first.ask(control_ping{}), "ok");
  second.join();
}

TEST(gateway, ends_a_long_line_that_keeps_others_waiting) {
  auto folder = temporary_folder{};
  auto engine =
    dagger::engine{{.store = folder / "store", .log = log_level::off, .control = false}};
  auto door = gateway::open(folder / "store", engine.internals(), 100ms).value();
  auto long_line = std::string(2 * limits::control_short_line_bytes, 'x');
  auto slow = caller{folder / "store"};
  slow.say(long_line);
  auto next = caller{folder / "store"};
  next.say(long_line + '\n');
  EXPECT_EQ(read_answer(next.hear()).error().code, code::invalid_input);
  EXPECT_EQ(read_answer(slow.hear()).error().code, code::timeout);
  EXPECT_EQ(slow.hear(), "");
}

TEST(gateway, keeps_no_place_for_who_has_gone_while_the_request_waits) {
  auto folder = temporary_folder{};
  std::filesystem::create_directory(folder / "store");
  auto faulty = std::make_unique<faulty_store>(std::shared_ptr<store::store>{store::make_memory()});
  auto* control = faulty.get();
  auto engine = dagger::engine{{.log = log_level::off}, std::move(faulty)};
  auto door = gateway::open(folder / "store", engine.internals()).value();
  engine.add(quick());
  engine.add(waiter());
  auto waits = engine.submit(one_task("job", "waiter"));
  got(waits.accepted());
  control->decide([](auto, auto) { return error{code::store_full, "no space"}; });
  auto stuck = engine.submit(chain("stuck", 1));
  while (!engine.full())
    std::this_thread::yield();
  auto callers = std::vector<std::unique_ptr<caller>>{};
  for (auto i = std::size_t{0}; i < limits::control_connections; ++i) {
    callers.push_back(std::make_unique<caller>(folder / "store"));
    callers.back()->say(to_line(control_signal{.job = "job", .name = "go", .value = i}));
  }
  callers.clear();
  auto answer = std::string{};
  while (answer != "ok")
    answer = caller{folder / "store"}.ask(control_ping{});
  // They are done all the same.
  control->decide({});
  EXPECT_TRUE(got(waits).completed());
  door.reset();
}

TEST(gateway, keeps_no_place_for_who_has_gone_with_its_last_word) {
  auto at = house{};
  got(at.engine.submit(one_task("job", "waiter")).accepted());
  for (auto i = std::size_t{0}; i < 4 * limits::control_connections; ++i)
    caller{at.store}.say(to_line(control_watch{"job", 0}));
  auto answer = std::string{};
  while (answer != "ok")
    answer = caller{at.store}.ask(control_ping{});
  auto peers = std::vector<std::unique_ptr<caller>>{};
  while (peers.size() < limits::control_connections) {
    auto one = std::make_unique<caller>(at.store);
    if (one->ask(control_ping{}) == "ok")
      peers.push_back(std::move(one));
  }
}

TEST(gateway, performs_what_was_sent_even_if_nobody_waits_for_the_answer) {
  auto at = house{};
  auto end = at.engine.submit(one_task("job", "waiter"));
  got(end.accepted());
  caller{at.store}.say(to_line(control_signal{.job = "job", .name = "go", .value = 5}));
  EXPECT_EQ(got(end)["only"], 5);
}

TEST(gateway, is_for_the_owner_only_and_leaves_no_name_behind) {
  auto folder = temporary_folder{};
  auto socket = folder / "store/control.sock";
  {
    auto engine = dagger::engine{{.store = folder / "store", .log = log_level::off}};
    struct stat info {};
    ASSERT_EQ(::stat(socket.c_str(), &info), 0);
    EXPECT_TRUE(S_ISSOCK(info.st_mode));
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    EXPECT_TRUE(connect_to_engine(folder / "store"));
  }
  EXPECT_FALSE(std::filesystem::exists(socket));
  EXPECT_EQ(connect_to_engine(folder / "store").error().code, code::not_found);
}

TEST(gateway, replaces_what_a_dead_engine_has_left) {
  auto folder = temporary_folder{};
  std::filesystem::create_directory(folder / "store");
  auto address = sockaddr_un{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "store/control.sock").c_str(),
               sizeof address.sun_path - 1);
  {
    auto dead = descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_EQ(connect_to_engine(folder / "store").error().code, code::not_found);
  auto engine = dagger::engine{{.store = folder / "store", .log = log_level::off}};
  EXPECT_EQ(caller{folder / "store"}.ask(control_ping{}), "ok");
}

TEST(gateway, works_at_the_end_of_a_path_of_any_length) {
  auto folder = temporary_folder{};
  auto store = folder / std::string(100, 'x') / std::string(100, 'y');
  std::filesystem::create_directories(store.parent_path());
  auto engine = dagger::engine{{.store = store, .log = log_level::off}};
  EXPECT_EQ(caller{store}.ask(control_ping{}), "ok");
}

TEST(gateway, is_not_there_where_it_is_not_wanted) {
  auto folder = temporary_folder{};
  auto engine =
    dagger::engine{{.store = folder / "store", .log = log_level::off, .control = false}};
  EXPECT_EQ(connect_to_engine(folder / "store").error().code, code::not_found);
}

TEST(gateway, tells_what_came_of_a_request_while_the_engine_ends) {
  for (auto i = 0; i < 10; ++i) {
    auto at = std::optional<house>{std::in_place};
    got(at->engine.submit(one_task("job", "waiter")).accepted());
    auto store = at->store;
    auto peer = caller{store};
    peer.say(to_line(control_pause{"job"}));
    auto watcher = caller{store};
    watcher.say(to_line(control_watch{"job", 0}));
    EXPECT_TRUE(read_answer(watcher.hear()));
    at.reset();
    // An answer or an end, never silence.
    auto line = peer.hear();
    EXPECT_TRUE(line.empty() || read_answer(line) || !read_answer(line).error().code.empty());
    while (!watcher.hear().empty()) {}
  }
}

} // namespace

} // namespace dagger
