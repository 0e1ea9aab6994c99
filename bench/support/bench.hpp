// What the benches share: folders, medians, processes, and the line that each case prints.
#pragma once

#include <dagger/dagger.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::bench {

/// Seconds since some moment.
double seconds();

double median(std::vector<double> xs);

/// The p-th part of the sorted values, 0 <= p <= 1.
double quantile(std::vector<double> xs, double p);

/// A fresh folder on a real disk (`DAGGER_BENCH_DIR`, or the working directory), removed at the
/// end.
class scratch {
public:
  scratch();
  ~scratch();
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  /// A new name inside.
  std::filesystem::path next();

private:
  std::filesystem::path root_;
  int n_ = 0;
};

/// One line of JSON: `ratio` = value / limit.
struct line {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> limit = {};
  std::size_t n = 0;
  json more = json::object(); // rows, bytes, commits per step, ...
};

void print(const line& x);

/// Runs a command to its end, output thrown away; seconds. Stops the bench if it fails.
double time_of_process(const std::vector<std::string>& command);

} // namespace dagger::bench
