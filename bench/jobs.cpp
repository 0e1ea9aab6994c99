// P3: 20,000 jobs of three steps with 256 in flight, and their latency at half load.
#include "support/bench.hpp"
#include "support/recording.hpp"

#include <atomic>
#include <semaphore>
#include <thread>

namespace {

using namespace dagger;

constexpr auto steps_per_job = 3;
constexpr auto in_flight = 256;

job three_steps(const std::string& id) {
  auto made = job{id};
  auto text = std::string(48, 'x'); // about 64 bytes of payload a step
  auto a = made.add({.agent = "step", .input = {{"text", text}}});
  auto b = made.add({.agent = "step", .after = {a}, .input = {{"text", text}}});
  made.add({.agent = "step", .after = {b}, .input = {{"text", text}}});
  return made;
}

struct load {
  double took = 0;
  std::vector<double> latencies; // ms from submit to completion
};

/// Submits `n` jobs, at most `in_flight` unfinished; one every `pause` seconds if it is not 0.
load drive(engine& e, const std::string& prefix, int n, double pause) {
  auto made = load{};
  made.latencies.resize(static_cast<std::size_t>(n));
  auto slots = std::counting_semaphore<>{in_flight};
  auto wrong = std::atomic<int>{0};
  auto start = bench::seconds();
  for (auto i = 0; i < n; ++i) {
    if (pause > 0)
      while (bench::seconds() < start + pause * i)
        std::this_thread::sleep_for(std::chrono::microseconds{50});
    slots.acquire();
    auto began = bench::seconds();
    e.submit(three_steps(prefix + std::to_string(i))).then([&, began, i](result<job_result> x) {
      wrong += !x || !x->completed();
      made.latencies[static_cast<std::size_t>(i)] = (bench::seconds() - began) * 1e3;
      slots.release();
    });
  }
  for (auto i = 0; i < in_flight; ++i)
    slots.acquire();
  made.took = bench::seconds() - start;
  if (wrong > 0)
    throw error{code::exception, std::to_string(wrong) + " jobs failed"};
  return made;
}

} // namespace

int main(int argc, char** argv) {
  auto n = argc > 1 ? std::stoi(argv[1]) : 20'000;
  auto dirs = bench::scratch{};
  auto recorded = bench::recording{};
  auto replay = bench::replayer{dirs.next()};
  auto opened = store::open_lmdb(dirs.next());
  if (!opened)
    throw opened.error();
  engine e{{}, bench::record(std::move(*opened), recorded)};
  e.add({.name = "step", .cooperative = true, .run = [](task&, const json& in) -> outcome {
           return json{{"text", in["text"]}};
         }});
  drive(e, "warm-", 1'000, 0);
  replay(recorded);
  auto rates = std::vector<double>{};
  auto limits = std::vector<double>{};
  auto steps = static_cast<double>(n) * steps_per_job;
  auto more = json::object();
  for (auto round = 0; round < 3; ++round) {
    recorded.clear();
    auto ours = drive(e, "full" + std::to_string(round) + "-", n, 0);
    rates.push_back(steps / ours.took);
    more = {{"rows_per_step", static_cast<double>(recorded.rows()) / steps},
            {"bytes_per_step", static_cast<double>(recorded.bytes()) / steps},
            {"commits_per_step", static_cast<double>(recorded.commits.size()) / steps}};
    limits.push_back(steps / replay(recorded));
  }
  bench::print({"jobs_durable", bench::median(rates), "steps/s", bench::median(limits),
                static_cast<std::size_t>(n), more});
  recorded.clear();
  auto rate = bench::median(rates) / steps_per_job / 2;
  auto half = drive(e, "half-", static_cast<int>(rate * 3), 1 / rate);
  recorded.clear();
  bench::print({"jobs_durable_latency",
                bench::quantile(half.latencies, 0.5),
                "ms p50",
                {},
                half.latencies.size(),
                {{"p99", bench::quantile(half.latencies, 0.99)}, {"jobs_per_second", rate}}});
}
