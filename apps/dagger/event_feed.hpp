// The log `dagger.jobs` as it grows, for one job or all: what is new since the last look. Shows
// nothing.
#pragma once

#include <dagger/plan/query.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace dagger::apps {

class event_feed {
public:
  /// Begins behind the last event that is there now.
  static result<event_feed> from_now_on(store::view& v);

  /// Begins at the first event of the log.
  event_feed() = default;

  static constexpr std::uint64_t all_jobs = 0;

  /// Visits the events of this job that were not visited yet, oldest first.
  result<void> read(store::view& v, std::uint64_t job,
                    const std::function<void(const plan::job_event&)>& visit);

private:
  std::uint64_t next_ = 0;
};

/// Names of a job's tasks, each read once.
class task_names {
public:
  /// Reads the names of the tasks that `what` moves; `with_added`: and of those that it adds.
  result<void> learn(store::view& v, const plan::job_event& what, bool with_added = false);

  const std::string& of(std::uint32_t number) const {
    return names_.at(number);
  }

private:
  std::unordered_map<std::uint32_t, std::string> names_;
};

} // namespace dagger::apps
