// Reads rows of the log by position, so that a look costs what is new.
#include "event_feed.hpp"

#include <dagger/plan/rows.hpp>
#include <dagger/store/keys.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace dagger::apps {

result<event_feed> event_feed::from_now_on(store::view& v) {
  const auto end = store::end_of(v, store::log_id::jobs);
  if (!end)
    return fail(end.error());
  auto made = event_feed{};
  made.next_ = *end;
  return made;
}

result<void> event_feed::read(store::view& v, std::uint64_t job,
                              const std::function<void(const plan::job_event&)>& visit) {
  const auto end = store::end_of(v, store::log_id::jobs);
  if (!end)
    return fail(end.error());
  if (next_ >= *end)
    return {};
  auto failed = std::optional<error>{};
  auto scanned = v.scan(store::table::log, store::key::log(store::log_id::jobs, next_),
                        store::direction::up, [&](std::string_view key, const store::record& row) {
                          const auto position = store::key::position_of(key);
                          auto read = plan::decode_event(row.body);
                          if (!read) {
                            failed = read.error();
                            return false;
                          }
                          next_ = position + 1;
                          read->event.position = position;
                          if (job == all_jobs || read->event.job == job)
                            visit(read->event);
                          return next_ < *end;
                        });
  if (failed)
    return fail(std::move(*failed));
  return scanned;
}

result<void> task_names::learn(store::view& v, const plan::job_event& what, bool with_added) {
  auto missing = std::vector<std::uint32_t>{};
  const auto need = [&](std::uint32_t task) {
    if (!names_.contains(task))
      missing.push_back(task);
  };
  for (const auto& t : what.transitions)
    need(t.task);
  for (const auto& range : what.added)
    for (auto i = std::uint32_t{0}; with_added && i < range.count; ++i)
      need(range.first + i);
  std::ranges::sort(missing);
  missing.erase(std::ranges::unique(missing).begin(), missing.end());
  auto ranges = std::vector<plan::task_range>{};
  for (const auto number : missing)
    if (ranges.empty() || ranges.back().first + ranges.back().count < number)
      ranges.push_back({number, 1});
    else if (ranges.back().first + ranges.back().count == number)
      ++ranges.back().count;
  if (ranges.empty())
    return {};
  const auto tasks = plan::tasks_of(v, what.job, ranges);
  if (!tasks)
    return fail(tasks.error());
  for (const auto& x : *tasks)
    names_.emplace(x.number, x.name);
  return {};
}

} // namespace dagger::apps
