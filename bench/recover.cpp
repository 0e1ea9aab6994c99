// P10: 100,000 tasks are ready and 256 run when the process is killed. How long until the next one
// gives out the first, and until all are completed?
#include "support/bench.hpp"
#include "support/recording.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace dagger;

constexpr auto tasks_per_job = 1'000;
constexpr auto running = 256;

/// Submits the jobs with an agent that never returns, and dies when all its slots are taken.
[[noreturn]] void be_killed(const std::filesystem::path& where, int tasks) {
  auto began = std::atomic<int>{0};
  engine e{{.store = where}};
  e.add({.name = "step", .concurrency = running, .run = [&](task&, const json&) -> outcome {
           ++began;
           ::pause();
           return json(nullptr);
         }});
  auto jobs = std::vector<submission>{};
  for (auto i = 0; i < tasks / tasks_per_job; ++i) {
    auto made = job{"job-" + std::to_string(i)};
    for (auto t = 0; t < tasks_per_job; ++t)
      made.add({.agent = "step", .input = {{"n", t}}});
    jobs.push_back(e.submit(made));
  }
  for (auto& x : jobs)
    x.accepted().get();
  while (began < running)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  ::kill(::getpid(), SIGKILL);
  ::_exit(1);
}

/// The least that a start must do: read the rows of the jobs that are active.
double scan(const std::filesystem::path& where) {
  auto start = bench::seconds();
  auto opened = store::open_lmdb(where);
  if (!opened)
    throw error{opened.error()};
  auto view = (*opened)->read();
  auto bytes = std::size_t{0};
  for (auto t : {store::table::active, store::table::jobs, store::table::definitions,
                 store::table::specs, store::table::tasks})
    if (auto done = scan_prefix(*view, t, store::key::of(),
                                [&](std::string_view, const store::record& r) {
                                  bytes += r.body.size();
                                  return true;
                                });
        !done)
      throw error{done.error()};
  return bench::seconds() - start;
}

} // namespace

int main(int argc, char** argv) {
  auto tasks = argc > 1 ? std::stoi(argv[1]) : 100'000;
  auto dirs = bench::scratch{};
  auto where = dirs.next();
  auto child = ::fork();
  if (child == 0)
    be_killed(where, tasks);
  auto status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
    throw error{code::exit_status, "the process was not killed"};
  scan(where); // warms up
  auto limit = scan(where);
  auto recorded = bench::recording{};
  auto replay = bench::replayer{dirs.next()};
  auto first = std::atomic<double>{0};
  auto start = bench::seconds();
  auto opened = store::open_lmdb(where);
  if (!opened)
    throw error{opened.error()};
  auto e = engine{{}, bench::record(std::move(*opened), recorded)};
  e.add({.name = "step",
         .concurrency = running,
         .cooperative = true,
         .run = [&](task&, const json& in) -> outcome {
           auto none = 0.0;
           first.compare_exchange_strong(none, bench::seconds());
           return json{{"n", in["n"]}};
         }});
  for (auto i = 0; i < tasks / tasks_per_job; ++i)
    if (!e.resume("job-" + std::to_string(i)).get().completed())
      throw error{code::exception, "a job failed"};
  auto all = bench::seconds() - start;
  auto n = static_cast<std::size_t>(tasks);
  bench::print({"recover_first", (first - start) * 1e3, "ms", limit * 1e3, n});
  bench::print({"recover_all", tasks / all, "tasks/s", tasks / replay(recorded), n});
}
