// Fair share: a job of one task beside a job of many, handed in after it. The small one does not
// wait for the large one: among jobs of equal priority each gets a turn.
//
//   fair [TASKS]      # default 100000
#include <dagger/dagger.hpp>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

using dagger::json;

namespace {

using seconds = std::chrono::duration<double>;
using instant = std::chrono::steady_clock;

dagger::job job_of(std::uint32_t tasks, const std::string& id) {
  auto job = dagger::job{id};
  for (auto i = std::uint32_t{0}; i < tasks; ++i)
    job.add({.name = "task-" + std::to_string(i), .agent = "worker", .input = {{"n", i}}});
  // Else all of them would be outputs of the job.
  job.outputs({{"first", "task-0.square"}});
  return job;
}

/// Where in the log of all jobs this one has ended.
std::uint64_t end_of(const dagger::job_result& job) {
  return job.history().back().position;
}

int run(std::uint32_t tasks) {
  auto engine = dagger::engine{};
  engine.add({
    .name = "worker",
    .description = "Short, never blocks, needs no thread of its own",
    .cooperative = true,
    .run = [](dagger::task&, const json& in) -> dagger::outcome {
      const auto n = in["n"].get<std::uint64_t>();
      return json{{"square", n * n}};
    },
  });

  const auto large = job_of(tasks, "large");
  const auto large_start = instant::now();
  const auto large_end = engine.submit(large);
  large_end.accepted().get(); // it is on disk, and all of its tasks are ready

  const auto small_start = instant::now();
  const auto small = engine.submit(job_of(1, "small")).get();
  const auto small_time = seconds{instant::now() - small_start};
  const auto all = large_end.get();
  const auto large_time = seconds{instant::now() - large_start};

  if (!small.completed() || !all.completed())
    return 1;
  std::printf("large: %u tasks in %.3f s\n", tasks, large_time.count());
  std::printf("small: 1 task in %.6f s, %.3f %% of it\n", small_time.count(),
              100 * small_time.count() / large_time.count());
  std::printf("small ended %s large\n", end_of(small) < end_of(all) ? "before" : "after");
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  auto tasks = std::uint32_t{100'000};
  if (argc > 1) {
    const auto* end = argv[1] + std::strlen(argv[1]);
    const auto read = std::from_chars(argv[1], end, tasks);
    if (argc > 2 || read.ec != std::errc{} || read.ptr != end || tasks == 0) {
      std::fprintf(stderr, "usage: fair [TASKS]\n");
      return 2;
    }
  }
  try {
    return run(tasks);
  } catch (const dagger::error& why) { // too many tasks for one job, for example
    std::fprintf(stderr, "error: %s: %s\n", why.code.c_str(), why.message.c_str());
    return 2;
  }
}
