// The program that the kill test of channels kills: it publishes orders, each of which starts a job
// that publishes a shipment, which a group copies into an archive. Ends with 0 when the archive is
// complete. What it was promised it writes to a ledger outside of the store.
#include <dagger/dagger.hpp>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace dagger;

constexpr auto order_count = 60;

int ledger = -1;

/// One write, so that a kill leaves whole lines.
void note(const std::string& line) {
  auto text = line + "\n";
  if (::write(ledger, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::abort();
}

outcome ship(task& self, const json& order) {
  note("ship " + order["n"].dump());
  self.publish("shipments", {{"n", order["n"]}}, {.key = "all"});
  return json::object();
}

std::uint64_t archived(const engine& e) {
  auto state = dagger::log::channel_state_of(*e.read(), "archive");
  if (!state)
    throw state.error();
  return *state ? (*state)->end : 0;
}

void work(const std::string& store) {
  auto e = engine{{.store = store}};
  auto changed = std::condition_variable{};
  auto mutex = std::mutex{};
  auto news = std::uint64_t{0};
  e.on_events([&] {
    auto guard = std::lock_guard{mutex};
    ++news;
    changed.notify_all();
  });
  auto x = agent{.name = "ship", .concurrency = 4, .run = ship};
  x.max_interruptions = 1'000;
  e.add(std::move(x));
  auto copy = e.subscribe("shipments",
                          {.group = "archive",
                           .from = start::first,
                           .max_deliver = 1'000,
                           .backoff = {duration{1}},
                           .ordered_by_key = true},
                          [](delivery& d) {
                            note("copy " + d.data()["n"].dump());
                            d.publish("archive", d.data());
                          });
  auto trigger = e.on(
    "orders", {.name = "ship", .agent = "ship", .input = "message.data", .from = start::first});
  for (auto i = 0; i < order_count; ++i) {
    e.publish("orders", {{"n", i}}, {.id = "order-" + std::to_string(i)}).get();
    note("ordered " + std::to_string(i));
  }
  auto guard = std::unique_lock{mutex};
  for (auto seen = std::uint64_t{0}; archived(e) < order_count;) {
    changed.wait(guard, [&] { return news != seen; });
    seen = news;
  }
  guard.unlock();
  e.on_events(nullptr);
}

} // namespace

int main(int, char** argv) {
  ledger = ::open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (ledger < 0)
    return 2;
  try {
    work(argv[1]);
    return 0;
  } catch (const error& why) {
    std::fprintf(stderr, "%s\n", to_string(why).c_str());
    return 1;
  }
}
