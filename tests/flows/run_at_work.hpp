// A run that does not end before it is told to, and what tests of changes have in common.
#pragma once

#include "support/temporary_folder.hpp"

#include <dagger/actions/builtin.hpp>
#include <dagger/dagger.hpp>
#include <dagger/graph/file.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace flows {

using dagger::job_state;
using dagger::json;
using dagger::outcome;
using dagger::task_state;
using namespace std::chrono_literals;

inline constexpr auto patience = 60s;

inline outcome hold(dagger::task& self, const json&) {
  return self.first_visit() ? self.wait(dagger::condition::signal("go")) : outcome{json::object()};
}

/// An engine with one run of a flow, which its node `hold` keeps from ending.
class run_at_work {
public:
  explicit run_at_work(dagger::engine_options options) : engine(std::move(options)) {
    dagger::add_builtin_agents(engine);
    engine.add({.name = "holds", .run = hold});
    engine.add({.name = "counts",
                .input = {{"type", "object"},
                          {"properties", {{"n", {{"type", "integer"}}}}},
                          {"required", {"n"}},
                          {"additionalProperties", false}},
                .run = [](dagger::task&, const json& x) { return outcome{x}; }});
    engine.on_events([this] {
      auto guard = std::lock_guard{mutex_};
      changed_.notify_all();
    });
  }

  ~run_at_work() {
    engine.on_events(nullptr);
  }

  /// Returns when `hold` waits, if there is one: then nothing happens by itself.
  void start(const std::string& yaml, const json& inputs = {{"who", "Ann"}}) {
    auto known = std::vector<dagger::graph::known_agent>{};
    const auto all = engine.agents();
    for (auto& x : all)
      known.push_back({.name = x.name, .cacheable = !x.version.empty()});
    auto loaded = dagger::graph::load(yaml, "flow.yaml", {.agents = known});
    for (auto& x : loaded.problems)
      ADD_FAILURE() << to_string(x);
    auto made = dagger::graph::instantiate(loaded.file.value(), inputs, "run");
    if (!made)
      ADD_FAILURE() << to_string(made.error().front());
    end.emplace(engine.submit(std::move(made.value())));
    end->accepted().get();
    if (!task("hold").name.empty())
      wait_for("hold", task_state::suspended);
  }

  /// Lets `hold` go on; the end.
  dagger::job_result go() {
    engine.signal("run", "go").get();
    EXPECT_TRUE(end->wait_for(patience));
    return end->get();
  }

  std::vector<dagger::plan::task_status> tasks() const {
    const auto view = engine.read();
    const auto job = dagger::plan::find_job(*view, "run").value().value();
    return dagger::plan::tasks_of(*view, job.number).value();
  }

  std::size_t events() const {
    const auto view = engine.read();
    const auto job = dagger::plan::find_job(*view, "run").value().value();
    return dagger::plan::history(*view, job.number).value().size();
  }

  /// The one that counts.
  dagger::plan::task_status task(const std::string& name) const {
    for (auto& x : tasks())
      if (x.name == name && !x.replaced)
        return x;
    return {};
  }

  /// In words: "completed", "skipped: disabled".
  std::string how(const std::string& name) const {
    const auto x = task(name);
    if (x.name.empty())
      return "not there";
    return std::string{to_text(x.state)} + (x.error ? ": " + x.error->message : "");
  }

  void wait_for(const std::string& name, task_state state) {
    auto guard = std::unique_lock{mutex_};
    EXPECT_TRUE(changed_.wait_for(guard, patience, [&] { return task(name).state == state; }))
      << name << " is " << how(name);
  }

  dagger::engine engine;
  std::optional<dagger::submission> end;

private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// The same in memory and in a store.
inline void both(const std::function<void(run_at_work&)>& test) {
  const auto store = dagger::test::temporary_folder{};
  for (auto options : {dagger::engine_options{}, dagger::engine_options{.store = store / "s"}}) {
    SCOPED_TRACE(options.store.empty() ? "in memory" : "in a store");
    auto run = run_at_work{options};
    test(run);
  }
}

/// "ok", or the error.
inline std::string said(const dagger::future<void>& x) {
  try {
    x.get();
    return "ok";
  } catch (const dagger::error& why) {
    return why.code + ": " + to_string(why);
  }
}

inline std::string all_of(const std::vector<dagger::error>& xs) {
  auto made = std::string{};
  for (auto& x : xs)
    made += to_string(x) + "\n";
  return made;
}

} // namespace flows
