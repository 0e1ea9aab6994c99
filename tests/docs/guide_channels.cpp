// The programs of docs/guide/channels.md, one behind the other.
#include <dagger/dagger.hpp>

#include <filesystem>
#include <iostream>
#include <latch>
#include <unistd.h>

namespace {

using dagger::json;

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

void work() {
  dagger::engine engine{{.store = "work.db"}};
  // clang-format off
engine.add({.name = "price", .run = [](dagger::task& self, const json& order) -> dagger::outcome {
  auto total = order["count"].get<int>() * 3;
  self.publish("orders.priced", {{"id", order["id"]}, {"total", total}});
  return json{{"total", total}};
}});

auto copier = engine.subscribe("orders.priced", {.group = "copier"}, [](dagger::delivery& d) {
  d.publish("archive", d.data());
});

auto trigger = engine.on("orders.created", {.name = "pricing", .agent = "price",
                                            .input = "{id = message.data.id, count = 2}"});
  // clang-format on
  auto archived = std::latch{1};
  auto archive = engine.subscribe("archive", [&](dagger::delivery& d) {
    if (d.data()["total"] == 6)
      archived.count_down();
  });
  // clang-format off
auto log = engine.subscribe("dagger.jobs", [](dagger::delivery& d) {
  if (d.data().contains("state"))
    std::cout << d.what().key << " is " << d.data()["state"] << "\n";
});
  // clang-format on
  engine.publish("orders.created", {{"id", 1}}).get();
  archived.wait();

  // clang-format off
engine.add({.name = "payment", .run = [](dagger::task& self, const json& order) -> dagger::outcome {
  if (self.first_visit())
    return self.wait(dagger::condition::message(
      "payments.*", "message.data.order == " + order["id"].dump()));
  return self.answer()["data"];
}});

auto clerk = engine.subscribe("prices", {.group = "clerks"}, [](dagger::delivery& d) {
  d.reply({{"price", 3}});
});
auto price = engine.request("prices", {{"item", "tea"}}).get();

auto counter = dagger::pubsub_agent{.name = "counter"};
counter.subscribes = {"texts"};
counter.publishes = {"counts"};
counter.handle = [](dagger::pubsub& self) {
  self.publish("counts", self.data().get<std::string>().size());
};
auto program = dagger::run(engine, "counting", {counter});
program.publish("texts", "how long is this").get();
std::cout << program.wait().mermaid();
  // clang-format on
  std::cout << price << "\n";
}

} // namespace

int main() {
  const auto there = place{};
  run();
  work();
}
