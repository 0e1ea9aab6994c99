// A task that runs `true`, beside a bare posix_spawn of `sh -c true`.
#include "support/bench.hpp"

#include <dagger/actions/builtin.hpp>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace dagger;

constexpr auto count = 400;

/// Milliseconds for one, one after the other.
double bare() {
  auto begin = bench::seconds();
  for (auto i = 0; i < count; ++i) {
    const char* words[] = {"sh", "-c", "true", nullptr};
    auto pid = pid_t{};
    auto status = 0;
    if (::posix_spawnp(&pid, "sh", nullptr, nullptr, const_cast<char**>(words), environ) != 0
        || ::waitpid(pid, &status, 0) != pid || status != 0)
      throw error{code::unavailable, "cannot run sh"};
  }
  return (bench::seconds() - begin) * 1e3 / count;
}

/// A chain of tasks, so that one runs at a time.
double shells(engine& it, const std::string& id) {
  auto made = job{id};
  auto last = std::optional<task_ref>{};
  for (auto i = 0; i < count; ++i) {
    auto options = task_options{.agent = "shell", .input = {{"script", "true"}}};
    if (last)
      options.after = {*last};
    last = made.add(std::move(options));
  }
  auto begin = bench::seconds();
  if (!it.submit(made).get().completed())
    throw error{code::exception, "the job has failed"};
  return (bench::seconds() - begin) * 1e3 / count;
}

} // namespace

int main() {
  auto it = engine{};
  add_builtin_agents(it);
  auto ours = std::vector<double>{};
  auto bare_times = std::vector<double>{};
  for (auto i = 0; i < 7; ++i) {
    bare_times.push_back(bare());
    ours.push_back(shells(it, "chain-" + std::to_string(i)));
  }
  bench::print({"shell", bench::median(ours), "ms", bench::median(bare_times), ours.size() * count,
                json::object()});
}
