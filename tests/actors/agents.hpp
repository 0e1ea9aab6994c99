// Agents that several tests use.
#pragma once

#include <dagger/dagger.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace dagger::test {

using namespace std::chrono_literals;

/// Long enough for any machine; a test that runs into it has failed.
inline constexpr auto patience = std::chrono::seconds{60};

inline agent named(std::string name, std::function<outcome(task&, const json&)> run) {
  auto made = agent{};
  made.name = std::move(name);
  made.run = std::move(run);
  return made;
}

/// {"a", "b"} -> {"sum"}.
inline agent adder() {
  return named("add", [](task&, const json& in) -> outcome {
    return json{{"sum", in["a"].get<int>() + in["b"].get<int>()}};
  });
}

/// Returns {"ok": true}, on the engine's own threads.
inline agent quick(std::string name = "quick") {
  auto made = named(std::move(name), [](task&, const json&) -> outcome {
    return json{{"ok", true}};
  });
  made.cooperative = true;
  return made;
}

/// The result, or the error `timeout` if it does not come.
template <class T>
T got(const future<T>& x) {
  if (!x.wait_for(patience))
    throw error{code::timeout, "the result does not come"};
  return x.get();
}

/// The error that a future ends with; an empty one if it ends well.
template <class T>
error error_of(const future<T>& x) {
  try {
    got(x);
  } catch (const error& why) {
    return why;
  }
  return {};
}

inline job one_task(std::string id, std::string agent_name, json input = json::object()) {
  auto made = job{std::move(id)};
  auto options = task_options{};
  options.name = "only";
  options.agent = std::move(agent_name);
  options.input = std::move(input);
  made.add(std::move(options));
  return made;
}

/// `length` tasks, one after the other.
inline job chain(std::string id, std::size_t length, const std::string& agent_name = "quick") {
  auto made = job{std::move(id)};
  auto last = std::optional<task_ref>{};
  for (auto i = std::size_t{0}; i < length; ++i) {
    auto options = task_options{};
    options.agent = agent_name;
    if (last)
      options.after = {*last};
    last = made.add(std::move(options));
  }
  return made;
}

/// Blocks until it is told to go on.
struct stone {
  std::mutex mutex;
  std::condition_variable moved;
  bool free = false;
  int waiting = 0;

  void wait() {
    auto guard = std::unique_lock{mutex};
    ++waiting;
    moved.notify_all();
    moved.wait(guard, [&] { return free; });
  }

  void release() {
    auto guard = std::lock_guard{mutex};
    free = true;
    moved.notify_all();
  }

  bool holds(int n) {
    auto guard = std::unique_lock{mutex};
    return moved.wait_for(guard, patience, [&] { return waiting >= n; });
  }
};

} // namespace dagger::test
