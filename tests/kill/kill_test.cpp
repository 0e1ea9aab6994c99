// Kill -9 at any moment, with a ledger outside the store as the witness (docs/guarantees.md).
#include "apps/process.hpp"

#include <dagger/check.hpp>
#include <dagger/plan/query.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace {

using namespace dagger;

constexpr auto job_count = 24;
constexpr auto tasks_per_job = 8; // first, grow, once, last, and four children

/// Job and task.
using task_name = std::pair<std::string, std::string>;

/// What the worker wrote down.
struct ledger {
  std::vector<std::string> lines;

  explicit ledger(const std::filesystem::path& file) {
    auto in = std::ifstream{file};
    for (auto line = std::string{}; std::getline(in, line);)
      lines.push_back(line);
  }

  /// How often each task was started, from line `from` on.
  std::map<task_name, std::uint32_t> starts(std::size_t from = 0) const {
    auto found = std::map<task_name, std::uint32_t>{};
    for (auto i = from; i < lines.size(); ++i) {
      auto words = std::istringstream{lines[i]};
      auto verb = std::string{}, job = std::string{}, task = std::string{};
      words >> verb >> job >> task;
      if (verb == "start")
        ++found[{job, task}];
    }
    return found;
  }

  std::set<std::string> accepted() const {
    auto found = std::set<std::string>{};
    for (auto& line : lines)
      if (line.starts_with("accepted "))
        found.insert(line.substr(9));
    return found;
  }
};

/// What the store says, read by another process than the one that wrote it.
struct witness {
  std::set<std::string> jobs;
  std::map<task_name, plan::task_status> tasks;
  std::map<std::string, job_state> states;

  explicit witness(const std::filesystem::path& directory) {
    auto opened = store::open_lmdb(directory, {.create = false, .read_only = true});
    if (!opened)
      return; // killed before there was a store
    auto view = (*opened)->read();
    auto listed = plan::list_jobs(*view, [&](const plan::job_status& job) {
      jobs.insert(job.id);
      states[job.id] = job.state;
      auto all = plan::tasks_of(*view, job.number);
      check(all.has_value(), "the tasks of a job cannot be read");
      for (auto& t : *all)
        tasks[{job.id, t.name}] = t;
      return true;
    });
    EXPECT_TRUE(listed.has_value()) << (listed ? "" : to_string(listed.error()));
  }
};

/// The guarantees that must hold after every single kill.
void check_after_kill(const witness& before, const witness& after, const ledger& said,
                      std::size_t lines_before) {
  for (auto& id : said.accepted())
    EXPECT_TRUE(after.jobs.contains(id)) << "G1: " << id << " was accepted and is not there";
  for (auto& [task, n] : said.starts(lines_before)) {
    auto was = before.tasks.find(task);
    if (was != before.tasks.end()) {
      EXPECT_NE(was->second.state, task_state::completed)
        << "G3: " << task.first << "/" << task.second << " was completed and ran again";
    }
  }
  for (auto& [task, n] : said.starts()) {
    auto is = after.tasks.find(task);
    ASSERT_TRUE(is != after.tasks.end())
      << "G2, G4: " << task.first << "/" << task.second << " ran and is not in the store";
    EXPECT_LE(n, is->second.starts) << "G6: " << task.first << "/" << task.second
                                    << " ran more often than was written down before";
  }
  for (auto& id : after.jobs) {
    auto& grow = after.tasks.at({id, "grow"});
    auto children = std::size_t{0};
    for (auto& [task, status] : after.tasks)
      children += task.first == id && status.parent == grow.number;
    EXPECT_EQ(children, grow.visit > 1 || grow.state == task_state::suspended ? 4u : 0u)
      << "G2: " << id << " has part of what its outcome added";
  }
}

void check_at_end(const witness& end, const ledger& said) {
  EXPECT_EQ(end.jobs.size(), job_count) << "G9: each id is one job";
  EXPECT_EQ(end.tasks.size(), job_count * tasks_per_job);
  for (auto& [task, status] : end.tasks) {
    if (task.second == "once" && status.state != task_state::completed) {
      EXPECT_EQ(status.error ? status.error->code : "", code::interrupted);
    } else {
      EXPECT_EQ(status.state, task_state::completed) << task.first << "/" << task.second;
    }
  }
  for (auto& [task, n] : said.starts())
    if (task.second == "once") {
      EXPECT_LE(n, 1u) << "G3: " << task.first << " runs at most once";
    }
  for (auto& [id, state] : end.states)
    EXPECT_EQ(state, job_state::completed) << "G5: " << id;
  auto joined = std::set<std::string>{};
  for (auto& line : said.lines)
    if (line.ends_with(" completed 7"))
      joined.insert(line);
  EXPECT_EQ(joined.size(), job_count) << "every parent joined `first` and its four children";
}

/// Kills and restarts until `kills` have hit; several stores in turn.
void kill_often(int kills, std::uint64_t seed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  auto random = std::mt19937_64{seed};
  while (kills > 0) {
    support::folder folder;
    auto store = folder.path() / "store";
    auto file = folder.path() / "ledger";
    auto before = witness{store};
    for (auto finished = false; !finished && !testing::Test::HasFailure();) {
      auto lines_before = ledger{file}.lines.size();
      auto pause = std::chrono::microseconds{random() % 60'000};
      support::process worker{{KILL_WORKER, store.string(), file.string()}};
      if (kills > 0) {
        std::this_thread::sleep_for(pause); // the moment of the kill is what varies here
        worker.send(SIGKILL);
      }
      auto end = worker.wait();
      kills -= end.signal == SIGKILL;
      finished = end.code == 0;
      ASSERT_TRUE(finished || end.signal == SIGKILL) << end.err;
      auto after = witness{store};
      check_after_kill(before, after, ledger{file}, lines_before);
      before = std::move(after);
    }
    check_at_end(before, ledger{file});
    auto damage = store::check_records(store);
    ASSERT_TRUE(damage.has_value());
    EXPECT_TRUE(damage->empty()) << to_string(damage->front());
    if (testing::Test::HasFailure())
      return;
  }
}

std::uint64_t seed_of_run() {
  if (auto given = std::getenv("DAGGER_SEED"))
    return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

} // namespace

TEST(kill, a_killed_engine_goes_on_and_the_ledger_agrees) {
  kill_often(15, seed_of_run());
}

TEST(long_kill, two_hundred_kills_change_nothing) {
  kill_often(200, seed_of_run());
}
