// Shared parts of the benches.
#include "support/bench.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dagger::bench {

namespace {

/// Figures with as many digits as they deserve.
json rounded(double x) {
  if (x == 0 || !std::isfinite(x))
    return x == 0 ? json(0) : json(nullptr);
  auto scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(x))));
  return std::round(x * scale) / scale;
}

} // namespace

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> xs) {
  return quantile(std::move(xs), 0.5);
}

double quantile(std::vector<double> xs, double p) {
  std::sort(xs.begin(), xs.end());
  return xs.empty() ? 0 : xs[static_cast<std::size_t>(p * static_cast<double>(xs.size() - 1))];
}

scratch::scratch() {
  auto base = std::getenv("DAGGER_BENCH_DIR");
  auto pattern = (std::filesystem::path{base ? base : "."} / "dagger-bench-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw error{code::unavailable, "no folder for the bench: " + pattern};
  root_ = std::filesystem::absolute(pattern);
}

scratch::~scratch() {
  auto ignored = std::error_code{};
  std::filesystem::remove_all(root_, ignored);
}

std::filesystem::path scratch::next() {
  return root_ / std::to_string(n_++);
}

void print(const line& x) {
  auto out = json{{"case", x.name}, {"value", rounded(x.value)}, {"unit", x.unit}, {"n", x.n}};
  out["limit"] = x.limit ? rounded(*x.limit) : json(nullptr);
  out["ratio"] = x.limit ? rounded(x.value / *x.limit) : json(nullptr);
  for (auto& [key, value] : x.more.items())
    out[key] = value.is_number_float() ? rounded(value.get<double>()) : value;
  std::printf("%s\n", to_text(out).c_str());
  std::fflush(stdout);
}

double time_of_process(const std::vector<std::string>& command) {
  auto args = std::vector<char*>{};
  for (auto& word : command)
    args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);
  auto files = posix_spawn_file_actions_t{};
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  auto start = seconds();
  auto pid = pid_t{};
  auto failed = posix_spawnp(&pid, args[0], &files, nullptr, args.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  auto status = 0;
  if (failed != 0 || ::waitpid(pid, &status, 0) != pid || status != 0)
    throw error{code::exit_status, "the command failed: " + command[0]};
  return seconds() - start;
}

} // namespace dagger::bench
