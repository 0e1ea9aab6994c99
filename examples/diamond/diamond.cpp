// The smallest flow: four functions, and the values between them as edges. t1 and t2 need t0, t3
// needs both.
#include <dagger/dagger.hpp>

#include <functional>
#include <iostream>

namespace {

int plus_one(int v) {
  return v + 1;
}

int twice(int v) {
  return v * 2;
}

} // namespace

int main() {
  dagger::flow f{"diamond"};
  auto x = f.input<int>("x");
  auto t0 = f.add("t0", plus_one, x);
  auto t1 = f.add("t1", plus_one, t0);
  auto t2 = f.add("t2", twice, t0);
  auto t3 = f.add("t3", std::multiplies<>{}, t1, t2);

  dagger::engine engine;
  auto run = engine.run(f, {{"x", 3}}).get();
  std::cout << run[t3] << '\n'; // 40
  std::cout << run.dot();
}
