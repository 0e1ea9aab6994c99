// P5: publish and consume with a disk. P6: deliveries in memory. And what many channels cost.
#include "support/bench.hpp"
#include "support/recording.hpp"

#include <dagger/log/hub.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <semaphore>

namespace {

using namespace dagger;

constexpr auto in_flight = 256;
constexpr auto rounds = 3;

message of_128_bytes() {
  auto x = message{};
  x.data = payload::from({{"text", std::string(117, 'x')}});
  return x;
}

/// Counts what handlers have done, and waits for it.
class counter {
public:
  void add() {
    if (++done_ == wanted_) {
      auto guard = std::lock_guard{mutex_};
      changed_.notify_all();
    }
  }

  void expect(std::uint64_t more) {
    wanted_ += more;
  }

  void wait() {
    auto guard = std::unique_lock{mutex_};
    changed_.wait(guard, [&] { return done_ >= wanted_; });
  }

private:
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> wanted_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Seconds for `n` messages, at most `in_flight` of them unanswered.
double publish(engine& e, const std::string& channel, std::size_t n) {
  auto slots = std::counting_semaphore<>{in_flight};
  auto wrong = std::atomic<int>{0};
  auto start = bench::seconds();
  for (auto i = std::size_t{0}; i < n; ++i) {
    slots.acquire();
    e.publish_message(channel, of_128_bytes()).then([&](const result<std::uint64_t>& x) {
      wrong += !x;
      slots.release();
    });
  }
  for (auto i = 0; i < in_flight; ++i)
    slots.acquire();
  if (wrong > 0)
    throw error{code::exception, std::to_string(wrong) + " messages were refused"};
  return bench::seconds() - start;
}

json costs(const bench::recording& x, std::size_t n) {
  auto each = static_cast<double>(n);
  return {{"rows_per_message", static_cast<double>(x.rows()) / each},
          {"bytes_per_message", static_cast<double>(x.bytes()) / each},
          {"commits_per_message", static_cast<double>(x.commits.size()) / each}};
}

void durable(std::size_t n) {
  auto dirs = bench::scratch{};
  auto recorded = bench::recording{};
  auto replay = bench::replayer{dirs.next()};
  auto opened = store::open_lmdb(dirs.next());
  if (!opened)
    throw opened.error();
  auto e = engine{{}, bench::record(std::move(*opened), recorded)};
  publish(e, "warm", 1'000);
  replay(recorded);
  auto rates = std::vector<double>{};
  auto limits = std::vector<double>{};
  auto more = json::object();
  for (auto round = 0; round < rounds; ++round) {
    recorded.clear();
    auto took = publish(e, "work" + std::to_string(round), n);
    rates.push_back(static_cast<double>(n) / took);
    more = costs(recorded, n);
    limits.push_back(static_cast<double>(n) / replay(recorded));
  }
  bench::print({"channel_publish", bench::median(rates), "msg/s", bench::median(limits), n, more});

  rates.clear();
  limits.clear();
  for (auto round = 0; round < rounds; ++round) {
    recorded.clear();
    auto done = counter{};
    done.expect(n);
    auto start = bench::seconds();
    {
      auto sub = e.subscribe(
        "work" + std::to_string(round),
        {.group = "g" + std::to_string(round), .from = start::first, .max_in_flight = 1'024},
        [&](delivery&) { done.add(); });
      done.wait();
      auto acknowledged = [&] {
        auto state = dagger::log::channel_state_of(*e.read(), "work" + std::to_string(round));
        return (*state)->groups.at(0).pending == 0;
      };
      while (!acknowledged())
        std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
    rates.push_back(static_cast<double>(n) / (bench::seconds() - start));
    more = costs(recorded, n);
    limits.push_back(static_cast<double>(n) / replay(recorded));
  }
  bench::print({"channel_consume", bench::median(rates), "msg/s", bench::median(limits), n, more});
}

void memory(std::size_t n, int readers) {
  auto rates = std::vector<double>{};
  constexpr auto batch = std::size_t{256};
  for (auto round = 0; round < rounds; ++round) {
    auto e = engine{};
    auto done = counter{};
    auto subs = std::vector<subscription>{};
    for (auto i = 0; i < readers; ++i)
      subs.push_back(
        e.subscribe("work", {.max_in_flight = 16'384}, [&](delivery&) { done.add(); }));
    done.expect(n * static_cast<std::size_t>(readers));
    auto xs = std::vector<message>(batch, of_128_bytes());
    auto start = bench::seconds();
    for (auto i = std::size_t{0}; i < n; i += batch)
      e.publish_all("work", xs);
    done.wait();
    rates.push_back(static_cast<double>(n) * readers / (bench::seconds() - start));
  }
  bench::print({"channel_memory_1_to_" + std::to_string(readers),
                bench::median(rates),
                "deliveries/s",
                {},
                n});
}

/// Microseconds that the hub needs for a message: it comes in, is on disk, goes to its readers.
double cost_of_a_message(std::size_t channels) {
  auto disk = store::make_memory();
  auto now = timestamp{std::chrono::hours{1}};
  auto first = log::effects{};
  auto hub = std::move(*log::hub::restore(*disk->read(), now, first));
  auto apply = [&](const log::event& x) {
    auto effects = hub.apply(x, *disk->read(), now);
    if (effects.writes.empty())
      return;
    const auto* batch = &effects.writes;
    if (auto done = disk->commit({&batch, 1}); !done)
      throw done.error();
    hub.confirm();
  };
  auto name = [](std::size_t i) { return "shop" + std::to_string(i) + ".orders.created"; };
  auto row = log::encode(of_128_bytes());
  for (auto i = std::size_t{0}; i < channels; ++i)
    apply(log::member_joined{i, i + 1, "shop" + std::to_string(i) + ".*.created", {}, {}, 60'000});
  auto logs = std::vector<store::log_id>{};
  for (auto i = std::size_t{0}; i < channels; ++i) {
    apply(log::messages_published{i, name(i), {{"", row}}});
    auto found = log::find_channel(*disk->read(), name(i));
    logs.push_back((*found)->log);
    apply(log::messages_appended{logs.back(), 0, {std::make_shared<const std::string>(row)}});
  }
  constexpr auto n = std::size_t{20'000};
  auto ends = std::vector<std::uint64_t>(channels, 1);
  auto took = 0.0;
  auto view = disk->read();
  for (auto i = std::size_t{0}; i < n; ++i) {
    auto at = i * 7919 % channels;
    auto published = log::event{log::messages_published{1, name(at), {{"", row}}}};
    auto appended = log::event{
      log::messages_appended{logs[at], ends[at]++, {std::make_shared<const std::string>(row)}}};
    auto start = bench::seconds();
    hub.apply(published, *view, now);
    hub.confirm();
    hub.apply(appended, *view, now);
    took += bench::seconds() - start;
  }
  return took / n * 1e6;
}

} // namespace

int main(int argc, char** argv) {
  auto n = argc > 1 ? std::stoul(argv[1]) : 100'000;
  durable(n);
  memory(n * 5, 1);
  memory(n * 5, 8);
  auto few = std::vector<double>{};
  auto many = std::vector<double>{};
  for (auto round = 0; round < rounds; ++round) {
    few.push_back(cost_of_a_message(1));
    many.push_back(cost_of_a_message(10'000));
  }
  bench::print({"channel_many", bench::median(many), "us/msg", bench::median(few), 10'000});
}
