// The programs of docs/guide/flows-cpp.md, one after the other.
#include <dagger/dagger.hpp>

#include <fstream>
#include <functional>
#include <iostream>

using namespace std::chrono_literals;

namespace {

void diamond(dagger::engine& engine) {
  dagger::flow f{"diamond"};
  auto x = f.input<int>("x");
  auto t0 = f.add(
    "t0", [](int v) { return v + 1; }, x);
  auto t1 = f.add(
    "t1", [](int v) { return v + 1; }, t0);
  auto t2 = f.add(
    "t2", [](int v) { return v * 2; }, t0);
  auto t3 = f.add("t3", std::multiplies<>{}, t1, t2);

  auto run = engine.run(f, {{"x", 3}}).get();
  std::cout << run[t3] << '\n'; // 40
}

void lists(dagger::engine& engine) {
  dagger::flow f{"squares"};
  auto numbers = f.add("numbers", [] { return std::vector{3, 4, 5}; });
  auto squares = f.map(
    "squares", [](int v) { return v * v; }, numbers);

  auto run = engine.run(f).get();
  std::cout << run[squares][0] << ' ' << run[squares][1] << ' ' << run[squares][2] << '\n';
}

void failures(dagger::engine& engine) {
  dagger::flow f{"etl"};
  f.on_failure(dagger::on_failure::carry_on);
  auto load = f.add("load", []() -> int { throw dagger::error{"etl.no_source", "no source"}; });
  load.retry(3).timeout(5s).retry({.max_attempts = 3, .initial = 1ms});
  auto report = f.add(
    "report", [](int rows) { return rows; }, load);
  auto tidy_up = f.add(
                    "tidy_up", [](const int* rows) { return rows != nullptr; }, maybe(load))
                   .run_if(dagger::run_if::all_done);

  auto run = engine.run(f).get();
  std::cout << to_text(run.at(report).state) << ": " << run.at(report).skipped_because << '\n';
  if (run[tidy_up] || run.at(load).attempts.size() != 3)
    throw std::logic_error{"the page is wrong"};
}

void stopping(dagger::engine& engine) {
  dagger::flow f{"copy"};
  auto blocks = f.input<int>("blocks");
  auto copied = f.add(
    "copy",
    [](std::stop_token stop, int n) {
      auto done = 0;
      while (done < n && !stop.stop_requested())
        ++done; // one block
      return done;
    },
    blocks);

  auto running = engine.run(f, {{"blocks", 7}});
  auto run = running.get(); // or running.cancel(), running.pause()
  std::cout << "copied " << run[copied] << " of 7\n";
}

void sub_flows(dagger::engine& engine) {
  dagger::flow twice{"twice"};
  auto v = twice.input<int>("v");
  auto doubled = twice.add(
    "doubled", [](int n) { return n * 2; }, v);

  dagger::flow f{"outer"};
  auto x = f.input<int>("x");
  auto inner = f.add("inner", twice, doubled, bind(v, x)).retry(2);

  std::cout << engine.run(f, {{"x", 11}}).get()[inner] << '\n';
}

using namespace dagger;

outcome plan(task& self, const json& input) {
  for (auto& part : input["parts"]) {
    auto name = part.get<std::string>();
    self.flow().add_node({{"id", "load_" + name}, {"action", "set"}, {"inputs", {{"part", name}}}});
  }
  return json{};
}

void growing(dagger::engine& engine) {
  engine.add({.name = "set", .run = [](task&, const json& x) { return outcome{x}; }});
  engine.add({.name = "plan", .run = plan});
  auto grows = job{"grows"};
  grows.add({.name = "plan", .agent = "plan", .input = {{"parts", {"a", "b"}}}});
  auto end = engine.submit(grows).get();
  std::cout << end["load_a"] << end["load_b"] << '\n';
}

} // namespace

int main() {
  auto engine = dagger::engine{};
  diamond(engine);
  lists(engine);
  failures(engine);
  stopping(engine);
  sub_flows(engine);
  growing(engine);
}
