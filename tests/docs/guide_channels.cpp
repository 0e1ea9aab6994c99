// The programs of docs/guide/channels.md, one behind the other.
#include <dagger/dagger.hpp>

#include <filesystem>
#include <iostream>
#include <latch>
#include <unistd.h>

namespace {

/// A store of its own, in the folder of the moment.
struct place {
  place() {
    auto name = (std::filesystem::temp_directory_path() / "guide-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::runtime_error{"no folder for it"};
    folder = name;
    std::filesystem::current_path(folder);
  }
  ~place() {
    auto failed = std::error_code{};
    std::filesystem::remove_all(folder, failed);
  }
  std::filesystem::path folder;
};

void run() {
  // clang-format off
dagger::engine engine{{.store = "shop.db"}};
auto position = engine.publish("orders.created", {{"id", 7}}, {.key = "customer-3"}).get();
  // clang-format on
  std::cout << position << "\n";

  // clang-format off
engine.channel({
  .name = "orders.created",
  .schema = {{"type", "object"}, {"required", {"id"}}}, // checked at publish
  .retention = {.max_age = std::chrono::hours{24 * 30}, .max_messages = 1'000'000},
}).get();

auto sub = engine.subscribe("orders.>", [](dagger::delivery& d) {
  std::cout << d.channel() << " " << d.position() << " " << d.data() << "\n";
});
  // clang-format on

  auto done = std::latch{1};
  const auto handle = [&](dagger::delivery& d) {
    if (d.what().key == "customer-4")
      done.count_down();
  };
  // clang-format off
auto worker = engine.subscribe(
  "orders.created", {.group = "billing", .max_deliver = 5, .ordered_by_key = true}, handle);
  // clang-format on
  engine.publish("orders.created", {{"id", 8}}, {.key = "customer-4"}).get();
  done.wait();
}

} // namespace

int main() {
  const auto there = place{};
  run();
}
