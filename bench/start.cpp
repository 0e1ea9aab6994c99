// P11: the command as a process, from nothing to its end, beside a process that does nothing.
#include "support/bench.hpp"

#include <fstream>

int main(int argc, char** argv) {
  using namespace dagger;
  if (argc != 2)
    throw error{code::invalid_input, "usage: bench_start PATH_OF_DAGGER"};
  auto dagger_binary = std::string{argv[1]};
  auto dirs = bench::scratch{};
  auto file = dirs.next().string() + ".yaml";
  std::ofstream{file}
    << "job: hello\ntasks:\n  - {name: greet, agent: set, inputs: {text: hello}}\n";
  auto measure = [](const std::vector<std::string>& command) {
    auto times = std::vector<double>{};
    for (auto i = 0; i < 32; ++i)
      times.push_back(bench::time_of_process(command) * 1e3);
    return times;
  };
  auto nothing = bench::median(measure({"true"}));
  for (auto& [name, command] : std::vector<std::pair<std::string, std::vector<std::string>>>{
         {"start_version", {dagger_binary, "version"}},
         {"start_run", {dagger_binary, "run", file}}}) {
    auto times = measure(command);
    bench::print({name, bench::median(times), "ms", nothing, times.size(), json::object()});
  }
}
