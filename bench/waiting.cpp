// P9: what a million suspended jobs cost an engine that does nothing: memory, wake-ups, commits.
// One process makes them, another one is measured.
#include "support/bench.hpp"

#include <fstream>
#include <semaphore>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace dagger;

constexpr auto in_flight = 4'000;
constexpr auto idle_seconds = 20;

void add_agent(engine& e) {
  e.add({.name = "waiter", .cooperative = true, .run = [](task& self, const json&) -> outcome {
           if (self.first_visit())
             return self.wait(condition::signal("go"));
           return self.answer();
         }});
}

void make_jobs(const std::filesystem::path& where, int n) {
  engine e{{.store = where}};
  add_agent(e);
  auto slots = std::counting_semaphore<in_flight>{in_flight};
  for (auto i = 0; i < n; ++i) {
    auto made = job{"w" + std::to_string(i)};
    made.add({.name = "wait", .agent = "waiter"});
    slots.acquire();
    e.submit(made).accepted().then([&](const result<bool>&) { slots.release(); });
  }
  for (auto i = 0; i < in_flight; ++i)
    slots.acquire();
  // All are on disk; now all must have come to their wait.
  for (auto waiting = 0; waiting < n;) {
    waiting = n;
    auto view = e.read();
    if (auto found = scan_prefix(*view, store::table::active, store::key::of(),
                                 [&](std::string_view, const store::record&) {
                                   --waiting;
                                   return true;
                                 });
        !found)
      throw error{found.error()};
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

/// A number behind a name in /proc/self/...
std::uint64_t number_in(const std::filesystem::path& file, const std::string& name) {
  auto in = std::ifstream{file};
  for (auto line = std::string{}; std::getline(in, line);)
    if (line.starts_with(name + ":"))
      return std::stoull(line.substr(name.size() + 1));
  return 0;
}

std::uint64_t wake_ups() {
  auto sum = std::uint64_t{0};
  for (auto& thread : std::filesystem::directory_iterator{"/proc/self/task"})
    sum += number_in(thread.path() / "status", "voluntary_ctxt_switches");
  return sum;
}

std::uint64_t commits_of(const std::filesystem::path& where) {
  auto opened = store::open_lmdb(where, {.create = false, .read_only = true});
  if (!opened)
    throw error{opened.error()};
  auto measured = (*opened)->measure();
  if (!measured)
    throw error{measured.error()};
  return measured->commits;
}

void measure(const std::filesystem::path& where, int n) {
  auto start = bench::seconds();
  engine e{{.store = where}};
  add_agent(e);
  auto opened = bench::seconds() - start;
  std::this_thread::sleep_for(std::chrono::seconds{2});
  auto before = wake_ups();
  std::this_thread::sleep_for(std::chrono::seconds{idle_seconds});
  // This thread and the reading itself are two of them.
  auto woken = static_cast<double>(wake_ups() - before - 1) / idle_seconds;
  auto size = static_cast<double>(number_in("/proc/self/status", "RssAnon")) / 1024;
  auto answered = bench::seconds();
  e.signal("w" + std::to_string(n / 2), "go", 1).get();
  answered = bench::seconds() - answered;
  bench::print(
    {"waiting_memory",
     size,
     "MiB",
     {},
     static_cast<std::size_t>(n),
     {{"wake_ups_per_second", woken}, {"open_seconds", opened}, {"signal_ms", answered * 1e3}}});
}

/// Runs `what` in a process of its own, so that nothing of it is left in ours.
void apart(const std::function<void()>& what) {
  auto child = ::fork();
  if (child == 0) {
    try {
      what();
    } catch (const error& x) {
      std::fprintf(stderr, "%s\n", to_string(x).c_str());
      ::_exit(1);
    }
    ::_exit(0);
  }
  auto status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    throw error{code::exit_status, "a part of the bench failed"};
}

} // namespace

int main(int argc, char** argv) {
  auto n = argc > 1 ? std::stoi(argv[1]) : 1'000'000;
  auto dirs = bench::scratch{};
  auto where = dirs.next();
  apart([&] { make_jobs(where, n); });
  auto before = commits_of(where);
  apart([&] { measure(where, n); });
  // The signal and what it led to are not of the idle time.
  bench::print({"waiting_commits",
                static_cast<double>(commits_of(where) - before),
                "commits",
                {},
                static_cast<std::size_t>(n),
                {{"of_the_signal", 2}}});
}
