// One message, many readers: each group gets all of them once and shares them among its members;
// one who listens alone gets all from now on; a slow one keeps nobody else waiting.
#include <dagger/dagger.hpp>

#include <atomic>
#include <iostream>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

namespace {

constexpr auto messages = 1'000;

/// How many messages each reader has had.
class counts {
public:
  explicit counts(std::ptrdiff_t expected) : left_(expected) {}

  void add(const std::string& reader) {
    {
      const auto guard = std::lock_guard{mutex_};
      ++by_reader_[reader];
    }
    left_.count_down();
  }

  std::map<std::string, int> wait() {
    left_.wait();
    const auto guard = std::lock_guard{mutex_};
    return by_reader_;
  }

private:
  std::mutex mutex_;
  std::map<std::string, int> by_reader_;
  std::latch left_;
};

} // namespace

int main() {
  auto engine = dagger::engine{};
  auto fast = counts{4 * messages};
  auto free = std::latch{1};
  auto slow_began = std::atomic<bool>{false};
  const auto reader = [&](const std::string& name) {
    return [&fast, name](dagger::delivery&) { fast.add(name); };
  };

  const auto mail = dagger::subscribe_options{.group = "mail"};
  const auto one = engine.subscribe("orders.>", mail, reader("mail"));
  const auto two = engine.subscribe("orders.>", mail, reader("mail"));
  const auto audit = engine.subscribe("orders.*", {.group = "audit"}, reader("audit"));
  const auto screen = engine.subscribe("orders.created", reader("screen"));
  const auto other = engine.subscribe("orders.created", reader("other screen"));
  const auto slow = engine.subscribe("orders.>", {.group = "slow"}, [&](dagger::delivery&) {
    slow_began = true;
    free.wait();
  });

  for (auto i = 0; i < messages; ++i)
    engine.publish("orders.created", {{"n", i}});
  for (const auto& [name, n] : fast.wait())
    std::cout << name << ": " << n << "\n";
  std::cout << "and the slow one " << (slow_began ? "has just begun" : "has not begun") << "\n";
  free.count_down();
}
