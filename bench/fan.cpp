// P4: one task adds 10,000, waits for them, and joins what they return.
#include "support/bench.hpp"
#include "support/recording.hpp"

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

} // namespace

int main(int argc, char** argv) {
  auto width = argc > 1 ? std::stoi(argv[1]) : 10'000;
  auto dirs = bench::scratch{};
  auto recorded = bench::recording{};
  auto replay = bench::replayer{dirs.next()};
  auto opened = store::open_lmdb(dirs.next());
  if (!opened)
    throw opened.error();
  engine e{{}, bench::record(std::move(*opened), recorded)};
  e.add({.name = "fan", .cooperative = true, .run = fan_out});
  e.add({.name = "leaf", .cooperative = true, .run = [](task&, const json& in) -> outcome {
           return json{{"n", in["n"]}};
         }});
  auto rates = std::vector<double>{};
  auto limits = std::vector<double>{};
  auto steps = static_cast<double>(width + 2);
  auto more = json::object();
  for (auto round = 0; round < 6; ++round) {
    recorded.clear();
    auto made = job{"fan-" + std::to_string(round)};
    made.add({.name = "fan", .agent = "fan", .input = {{"width", width}}});
    auto start = bench::seconds();
    auto end = e.submit(made).get();
    auto took = bench::seconds() - start;
    auto expected = std::int64_t{width} * (width - 1) / 2;
    if (end["fan"]["sum"] != expected)
      throw error{code::exception, "the sum is wrong"};
    auto limit = replay(recorded);
    if (round == 0)
      continue; // warms up
    rates.push_back(steps / took);
    limits.push_back(steps / limit);
    more = {{"rows_per_step", static_cast<double>(recorded.rows()) / steps},
            {"bytes_per_step", static_cast<double>(recorded.bytes()) / steps},
            {"commits_per_step", static_cast<double>(recorded.commits.size()) / steps}};
  }
  bench::print({"fan", bench::median(rates), "steps/s", bench::median(limits), rates.size(), more});
}
