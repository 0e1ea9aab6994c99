// Kill -9 while messages start jobs and jobs publish messages: nothing is lost, nothing happens
// twice that stands in the store, and what was promised is there (docs/guarantees.md).
#include "apps/process.hpp"

#include <dagger/log/message.hpp>
#include <dagger/log/query.hpp>
#include <dagger/log/rows.hpp>
#include <dagger/plan/query.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <thread>

namespace {

using namespace dagger;

constexpr auto order_count = 60;

/// Numbers of orders in a channel, in its order.
std::vector<int> orders_in(store::view& view, const std::string& channel) {
  auto found = std::vector<int>{};
  auto row = dagger::log::find_channel(view, channel);
  if (!row || !*row)
    return found;
  auto prefix = store::key::log((*row)->log, 0).substr(0, 5);
  EXPECT_TRUE(store::scan_prefix(view, store::table::log, prefix, [&](auto, const auto& x) {
    auto what = dagger::log::decode_message(x.body);
    EXPECT_TRUE(what);
    if (what)
      found.push_back(what->data.value()["n"].template get<int>());
    return true;
  }));
  return found;
}

std::set<std::string> ledger_of(const std::filesystem::path& file, const std::string& verb) {
  auto found = std::set<std::string>{};
  auto in = std::ifstream{file};
  for (auto line = std::string{}; std::getline(in, line);)
    if (line.starts_with(verb + " "))
      found.insert(line.substr(verb.size() + 1));
  return found;
}

bool each_once(const std::vector<int>& xs) {
  return std::set<int>(xs.begin(), xs.end()).size() == xs.size();
}

void check_after_kill(const std::filesystem::path& directory, const std::filesystem::path& file) {
  auto opened = store::open_lmdb(directory, {.create = false, .read_only = true});
  if (!opened)
    return; // killed before there was a store
  auto view = (*opened)->read();
  auto orders = orders_in(*view, "orders");
  auto shipments = orders_in(*view, "shipments");
  auto archive = orders_in(*view, "archive");
  EXPECT_TRUE(each_once(orders)) << "G9: an order came twice";
  EXPECT_TRUE(each_once(shipments)) << "G2: a task's message came twice";
  EXPECT_TRUE(each_once(archive)) << "G2: what a handler published came twice";
  for (auto& n : ledger_of(file, "ordered"))
    EXPECT_TRUE(std::ranges::count(orders, std::stoi(n)) == 1) << "G1: " << n << " was promised";
  auto copies = std::vector(
    shipments.begin(),
    shipments.begin() + static_cast<std::ptrdiff_t>(std::min(archive.size(), shipments.size())));
  EXPECT_EQ(archive, copies) << "G8: the archive is in the order of the key";
  auto completed = std::size_t{0};
  auto jobs = std::size_t{0};
  EXPECT_TRUE(plan::list_jobs(*view, [&](const plan::job_status& x) {
    ++jobs;
    completed += x.state == job_state::completed;
    return true;
  }));
  EXPECT_EQ(completed, shipments.size()) << "G2: an outcome and its message are one";
  auto state = dagger::log::channel_state_of(*view, "orders");
  ASSERT_TRUE(state);
  if (!*state)
    return;
  for (auto& g : (*state)->groups)
    EXPECT_EQ(jobs, (*state)->end - g.pending) << "an acknowledgement and its job are one";
}

void kill_often(int kills, std::uint64_t seed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  auto random = std::mt19937_64{seed};
  while (kills > 0 && !testing::Test::HasFailure()) {
    support::folder folder;
    auto store = folder.path() / "store";
    auto file = folder.path() / "ledger";
    for (auto finished = false; !finished && !testing::Test::HasFailure();) {
      auto pause = std::chrono::microseconds{random() % 80'000};
      support::process worker{{CHANNEL_WORKER, store.string(), file.string()}};
      if (kills > 0) {
        std::this_thread::sleep_for(pause); // the moment of the kill is what varies here
        worker.send(SIGKILL);
      }
      auto end = worker.wait();
      kills -= end.signal == SIGKILL;
      finished = end.code == 0;
      ASSERT_TRUE(finished || end.signal == SIGKILL) << end.err;
      check_after_kill(store, file);
    }
    auto opened = store::open_lmdb(store, {.create = false, .read_only = true});
    ASSERT_TRUE(opened);
    EXPECT_EQ(orders_in(*(*opened)->read(), "archive").size(), order_count);
    opened->reset();
    auto damage = store::check_records(store);
    ASSERT_TRUE(damage.has_value());
    EXPECT_TRUE(damage->empty()) << to_string(damage->front());
  }
}

std::uint64_t seed_of_run() {
  if (auto given = std::getenv("DAGGER_SEED"))
    return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

} // namespace

TEST(channel_kill, whatever_is_killed_each_order_is_shipped_once) {
  kill_often(15, seed_of_run());
}

TEST(long_channel_kill, two_hundred_kills_change_nothing) {
  kill_often(200, seed_of_run());
}
