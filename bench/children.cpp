// One task adds children, waits for them and joins what they return: what one child costs of the
// processor, at more and more of them. Linear is: the same each time.
#include "support/bench.hpp"

#include <ctime>

namespace {

using namespace dagger;

outcome fan_out(task& self, const json& in) {
  if (!self.first_visit()) {
    auto sum = std::int64_t{0};
    for (auto& d : self.dependencies())
      sum += d.output["n"].get<std::int64_t>();
    return json{{"sum", sum}};
  }
  auto children = std::vector<task_options>{};
  for (auto i = 0; i < in["width"].get<int>(); ++i)
    children.push_back({.agent = "leaf", .input = {{"n", i}}});
  return self.wait(self.add_tasks(std::move(children)));
}

/// Of all threads, unlike a clock on the wall: neighbours on the machine hardly count.
double processor_seconds() {
  auto used = timespec{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// Microseconds for each child, on a fresh store: of the processor, and on the wall.
std::pair<double, double> cost_of_child(const std::filesystem::path& where, int width) {
  engine e{{.store = where}};
  e.add({.name = "fan", .cooperative = true, .run = fan_out});
  e.add({.name = "leaf", .cooperative = true, .run = [](task&, const json& in) -> outcome {
           return json{{"n", in["n"]}};
         }});
  auto made = job{"fan"};
  made.add({.name = "fan", .agent = "fan", .input = {{"width", width}}});
  auto used = processor_seconds();
  auto start = bench::seconds();
  auto end = e.submit(made).get();
  auto took = bench::seconds() - start;
  used = processor_seconds() - used;
  if (end["fan"]["sum"] != std::int64_t{width} * (width - 1) / 2)
    throw error{code::exception, "the sum is wrong"};
  return {used / width * 1e6, took / width * 1e6};
}

} // namespace

int main() {
  auto dirs = bench::scratch{};
  cost_of_child(dirs.next(), 1'000); // warms up
  auto of_a_thousand = 0.0;
  for (auto width : {1'000, 10'000, 100'000}) {
    auto rounds = std::size_t{width == 100'000 ? 3u : 9u};
    auto used = std::vector<double>{};
    auto took = std::vector<double>{};
    for (auto i = std::size_t{0}; i < rounds; ++i) {
      auto [processor, wall] = cost_of_child(dirs.next(), width);
      used.push_back(processor);
      took.push_back(wall);
    }
    auto each = bench::median(used);
    if (of_a_thousand == 0)
      of_a_thousand = each;
    bench::print({"children_" + std::to_string(width), each, "us", of_a_thousand, rounds,
                  json{{"wall_us", bench::median(took)}}});
  }
}
