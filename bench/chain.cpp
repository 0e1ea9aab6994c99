// P2: 40 steps one after another, each recorded with a sync before the next starts, against
// the same transactions written by a plain loop.
#include "support/bench.hpp"
#include "support/recording.hpp"

namespace {

using namespace dagger;

constexpr auto steps = 40;

job chain(int n) {
  auto made = job{"chain-" + std::to_string(n)};
  auto before = std::vector<task_ref>{};
  for (auto i = 0; i < steps; ++i)
    before = {made.add({.agent = "step", .after = before, .input = {{"n", i}}})};
  return made;
}

} // namespace

int main() {
  auto dirs = bench::scratch{};
  auto recorded = bench::recording{};
  auto ours = std::vector<double>{};
  auto plain = std::vector<double>{};
  auto more = json::object();
  auto replay = bench::replayer{dirs.next()};
  auto opened = store::open_lmdb(dirs.next());
  if (!opened)
    throw opened.error();
  engine e{{}, bench::record(std::move(*opened), recorded)};
  e.add({.name = "step", .cooperative = true, .run = [](task&, const json& in) -> outcome {
           return json{{"n", in["n"]}};
         }});
  for (auto n = 0; n < 21; ++n) {
    recorded.clear();
    auto start = bench::seconds();
    auto end = e.submit(chain(n)).get();
    auto took = bench::seconds() - start;
    if (!end.completed())
      throw error{code::exception, "the chain failed"};
    auto limit = replay(recorded);
    if (n == 0)
      continue; // warms up
    ours.push_back(took * 1e3);
    plain.push_back(limit * 1e3);
    more = {{"rows_per_step", static_cast<double>(recorded.rows()) / steps},
            {"bytes_per_step", static_cast<double>(recorded.bytes()) / steps},
            {"commits_per_step", static_cast<double>(recorded.commits.size()) / steps}};
  }
  bench::print(
    {"chain_durable", bench::median(ours), "ms", bench::median(plain), ours.size(), more});
}
