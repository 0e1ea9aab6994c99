// What tests of channels and jobs share.
#pragma once

#include "actors/agents.hpp"

#include <dagger/dagger.hpp>
#include <dagger/log/rows.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dagger::test {

/// Takes what handlers hand it, and waits for it.
class basket {
public:
  void put(json x) {
    auto guard = std::lock_guard{mutex_};
    all_.push_back(std::move(x));
    changed_.notify_all();
  }

  /// All of it, as soon as there are `n`.
  std::vector<json> wait_for(std::size_t n) {
    auto guard = std::unique_lock{mutex_};
    changed_.wait_for(guard, patience, [&] { return all_.size() >= n; });
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<json> all_;
};

inline std::uint64_t end_of(const engine& e, const std::string& channel) {
  auto state = dagger::log::channel_state_of(*e.read(), channel);
  return state && *state ? (*state)->end : 0;
}

inline std::vector<std::string> job_ids(const engine& e) {
  auto ids = std::vector<std::string>{};
  (void)plan::list_jobs(*e.read(), [&](const plan::job_status& x) {
    ids.push_back(x.id);
    return true;
  });
  std::ranges::sort(ids);
  return ids;
}

/// Looks every 10 ms, for a minute.
inline void wait_until(const std::function<bool()>& done) {
  for (auto i = 0; i < 6'000 && !done(); ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(done());
}

} // namespace dagger::test
