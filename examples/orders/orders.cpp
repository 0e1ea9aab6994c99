// A group of workers shares the orders of a shop. The orders of one customer are handled one after
// the other; one that nobody can handle goes to the dead letters and, when the bug is mended, back.
//
//   orders            # in memory
//   orders shop.db    # kept: kill it, start it again, and it goes on where it was
#include <dagger/dagger.hpp>

#include <atomic>
#include <iostream>
#include <latch>
#include <map>
#include <mutex>

using dagger::json;

namespace {

const json order_schema = R"({
  "type": "object",
  "required": ["customer", "total"],
  "properties": {"customer": {"type": "string"}, "total": {"type": "number"}}
})"_json;

/// What the workers have done, by customer, in the order in which they did it.
class ledger {
public:
  void add(const std::string& customer, double total) {
    const auto guard = std::lock_guard{mutex_};
    by_customer_[customer].push_back(total);
  }

  json all() const {
    const auto guard = std::lock_guard{mutex_};
    return by_customer_;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<double>> by_customer_;
};

int run(dagger::engine& engine) {
  engine.channel({.name = "orders", .schema = order_schema}).get();
  auto done = ledger{};
  auto handled = std::latch{6};
  auto given_up = std::latch{1};
  auto mended = std::atomic<bool>{false};

  const auto work = [&](dagger::delivery& d) {
    const auto& order = d.data();
    if (order["total"] < 0 && !mended)
      throw std::runtime_error{"a negative total"};
    done.add(order["customer"], order["total"]);
    handled.count_down();
  };
  const auto how = dagger::subscribe_options{.group = "billing",
                                             .from = dagger::start::first,
                                             .max_deliver = 2,
                                             .backoff = {dagger::duration{10}},
                                             .ordered_by_key = true};
  const auto ada = engine.subscribe("orders", how, work);
  const auto bob = engine.subscribe("orders", how, work);
  const auto letters = engine.subscribe("orders.dead", [&](dagger::delivery& d) {
    std::cout << "given up: " << d.data() << ": " << d.what().headers.at("dagger-reason") << "\n";
    given_up.count_down();
  });

  for (const auto& [customer, total] : std::initializer_list<std::pair<const char*, double>>{
         {"ann", 10}, {"tim", 1}, {"ann", -20}, {"tim", 2}, {"ann", 30}, {"tim", 3}})
    engine.publish("orders", {{"customer", customer}, {"total", total}}, {.key = customer});
  try {
    engine.publish("orders", {{"customer", "eve"}}).get();
  } catch (const dagger::error& why) {
    std::cout << "refused: " << why.message << "\n";
  }

  given_up.wait();
  mended = true;
  std::cout << "sent back: " << engine.redrive("orders").get() << "\n";
  handled.wait();
  std::cout << "done: " << done.all() << "\n";
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto engine = dagger::engine{{.store = argc > 1 ? argv[1] : ""}};
    return run(engine);
  } catch (const dagger::error& why) {
    std::cerr << to_string(why) << "\n";
    return 1;
  }
}
