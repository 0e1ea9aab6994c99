// The demo as a bench: a durable census of the system's include directory, beside find and wc.
#include "support/bench.hpp"

int main(int argc, char** argv) {
  using namespace dagger;
  if (argc != 3 && argc != 4)
    throw error{code::invalid_input, "usage: bench_census CENSUS CENSUS_YAML [ROOT]"};
  auto root = std::string{argc == 4 ? argv[3] : "/usr/include"};
  auto dirs = bench::scratch{};
  auto ours = std::vector<double>{};
  auto plain = std::vector<double>{};
  auto count = std::string{"find '" + root + "' -type f -print0 | xargs -0 wc -lc"};
  for (auto i = 0; i < 8; ++i) {
    auto limit = bench::time_of_process({"sh", "-c", count});
    auto took = bench::time_of_process(
      {argv[1], "run", argv[2], "-i", "root=" + root, "--store", dirs.next().string()});
    if (i == 0)
      continue; // warms up
    ours.push_back(took);
    plain.push_back(limit);
  }
  bench::print({"census", bench::median(ours), "s", bench::median(plain), ours.size()});
}
