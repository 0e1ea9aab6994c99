// A layered graph of a million empty nodes in memory: the run, and building and running it, beside
// Taskflow and oneTBB's flow graph with as many threads. A second variant has values on the edges.
#include "support/bench.hpp"

#include <dagger/flow.hpp>

#include <array>
#include <cstdlib>
#include <functional>
#include <memory>

#ifdef DAGGER_BENCH_TASKFLOW
#  include <taskflow/taskflow.hpp>
#endif
#ifdef DAGGER_BENCH_TBB
#  include <oneapi/tbb/flow_graph.h>
#  include <oneapi/tbb/global_control.h>
#endif

namespace {

using namespace dagger;

constexpr auto layers = std::size_t{1'000};
constexpr auto width = std::size_t{1'000};
constexpr auto all = layers * width;
constexpr auto threads = 2u;
constexpr auto rounds = 7;

/// The three nodes of the layer before that a node comes after.
std::array<std::size_t, 3> before(std::size_t layer, std::size_t i) {
  auto base = (layer - 1) * width;
  return {base + i, base + (i + 1) % width, base + (i * 7 + 3) % width};
}

struct times {
  double run = 0;
  double build_and_run = 0;
};

/// Medians of several rounds; the first warms up.
times measured(const std::function<std::function<void()>()>& build) {
  auto runs = std::vector<double>{};
  auto wholes = std::vector<double>{};
  for (auto i = 0; i <= rounds; ++i) {
    auto start = bench::seconds();
    auto run = build();
    run();
    auto built = bench::seconds();
    run();
    auto end = bench::seconds();
    if (i == 0)
      continue;
    wholes.push_back(built - start);
    runs.push_back(end - built);
  }
  return {bench::median(runs), bench::median(wholes)};
}

std::function<void()> ours(engine& on) {
  auto x = std::make_shared<flow>("layers");
  x->reserve(all, 3 * all);
  auto nodes = std::vector<node<void>>{};
  nodes.reserve(all);
  for (auto layer = std::size_t{0}; layer < layers; ++layer)
    for (auto i = std::size_t{0}; i < width; ++i) {
      auto made = x->add({}, [] {});
      if (layer > 0) {
        auto [a, b, c] = before(layer, i);
        made.after(nodes[a], nodes[b], nodes[c]);
      }
      nodes.push_back(made);
    }
  return [x, &on] {
    if (!on.run(*x).get().completed())
      throw error{code::exception, "the flow failed"};
  };
}

std::function<void()> ours_named_with_values(engine& on) {
  auto x = std::make_shared<flow>("layers");
  x->reserve(all, 3 * all);
  auto nodes = std::vector<node<std::uint32_t>>{};
  nodes.reserve(all);
  auto sum = [](std::uint32_t a, std::uint32_t b, std::uint32_t c) { return a + b + c; };
  for (auto layer = std::size_t{0}; layer < layers; ++layer)
    for (auto i = std::size_t{0}; i < width; ++i) {
      auto name = "n" + std::to_string(layer * width + i);
      if (layer == 0) {
        nodes.push_back(x->add(name, [] { return 1u; }));
        continue;
      }
      auto [a, b, c] = before(layer, i);
      nodes.push_back(x->add(name, sum, nodes[a], nodes[b], nodes[c]));
    }
  // 3^999 in 32 bits.
  auto wanted = std::uint32_t{1};
  for (auto layer = std::size_t{1}; layer < layers; ++layer)
    wanted *= 3;
  return [x, &on, last = nodes.back(), wanted] {
    if (on.run(*x).get()[last] != wanted)
      throw error{code::exception, "the flow has another value"};
  };
}

#ifdef DAGGER_BENCH_TASKFLOW
std::function<void()> taskflow(tf::Executor& on) {
  auto x = std::make_shared<tf::Taskflow>();
  auto nodes = std::vector<tf::Task>{};
  nodes.reserve(all);
  for (auto layer = std::size_t{0}; layer < layers; ++layer)
    for (auto i = std::size_t{0}; i < width; ++i) {
      auto made = x->emplace([] {});
      if (layer > 0)
        for (auto b : before(layer, i))
          made.succeed(nodes[b]);
      nodes.push_back(made);
    }
  return [x, &on] { on.run(*x).wait(); };
}
#endif

#ifdef DAGGER_BENCH_TBB
std::function<void()> onetbb() {
  using node = tbb::flow::continue_node<tbb::flow::continue_msg>;
  struct graph {
    tbb::flow::graph of;
    std::vector<std::unique_ptr<node>> nodes;
  };
  auto x = std::make_shared<graph>();
  x->nodes.reserve(all);
  for (auto layer = std::size_t{0}; layer < layers; ++layer)
    for (auto i = std::size_t{0}; i < width; ++i) {
      auto made = std::make_unique<node>(x->of, [](const tbb::flow::continue_msg&) {});
      if (layer > 0)
        for (auto b : before(layer, i))
          tbb::flow::make_edge(*x->nodes[b], *made);
      x->nodes.push_back(std::move(made));
    }
  return [x] {
    for (auto i = std::size_t{0}; i < width; ++i)
      x->nodes[i]->try_put(tbb::flow::continue_msg{});
    x->of.wait_for_all();
  };
}
#endif

std::optional<double> per_second(double seconds) {
  return seconds > 0 ? std::optional{all / seconds} : std::nullopt;
}

} // namespace

int main() {
  auto on = engine{{.threads = threads}};
  auto plain = measured([&] { return ours(on); });
  auto typed = measured([&] { return ours_named_with_values(on); });
  auto beside = times{};
  auto more = json::object();
#ifdef DAGGER_BENCH_TBB
  {
    auto bound = tbb::global_control{tbb::global_control::max_allowed_parallelism, threads};
    auto tbb = measured(onetbb);
    more["tbb"] = *per_second(tbb.run);
    more["tbb_build_and_run"] = *per_second(tbb.build_and_run);
  }
#else
  more["tbb"] = nullptr;
#endif
#ifdef DAGGER_BENCH_TASKFLOW
  {
    auto executor = tf::Executor{threads};
    beside = measured([&] { return taskflow(executor); });
  }
#else
  more["limit_missing"] = "build with DAGGER_TASKFLOW_DIR";
#endif
  bench::print(
    {"flow_memory", *per_second(plain.run), "nodes/s", per_second(beside.run), rounds, more});
  bench::print({"flow_memory build+run", *per_second(plain.build_and_run), "nodes/s",
                per_second(beside.build_and_run), rounds});
  bench::print(
    {"flow_memory typed", *per_second(typed.run), "nodes/s", per_second(beside.run), rounds});
  bench::print({"flow_memory typed, named, build+run", *per_second(typed.build_and_run), "nodes/s",
                per_second(beside.build_and_run), rounds});
}
