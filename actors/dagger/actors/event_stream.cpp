// Rows of the log by position, so that a look costs what is new.
#include <dagger/actors/event_stream.hpp>

#include <dagger/plan/rows.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace dagger::actors {

namespace {

/// Of all jobs; then others get their turn.
constexpr std::size_t rows_per_turn = 1'000;

} // namespace

result<event_stream> event_stream::begin(store::view& v, const control_watch& what) {
  auto job = plan::find_job(v, what.job);
  if (!job)
    return fail(std::move(job.error()));
  if (!*job)
    return fail(code::not_found, "there is no job '" + what.job + "'");
  auto end = store::end_of(v, store::log_id::jobs);
  if (!end)
    return fail(std::move(end.error()));
  auto made = event_stream{what.job, (*job)->number, what.from.value_or(*end)};
  if (what.stream.empty())
    return made;
  auto tasks = plan::tasks_of(v, made.job_);
  if (!tasks)
    return fail(std::move(tasks.error()));
  for (auto& x : *tasks)
    if (x.name == what.stream && !x.replaced)
      made.task_ = x.number;
  if (!made.task_)
    return fail(code::not_found, "job '" + what.job + "' has no task '" + what.stream + "'");
  return made;
}

result<void> event_stream::read_stream(store::view& v, std::string& to) {
  auto end = plan::stream_end(v, job_, *task_);
  if (!end)
    return fail(end.error());
  if (*end > std::exchange(told_, std::max(told_, *end)))
    to += to_line_of_stream(told_);
  return {};
}

event_stream::state event_stream::read(store::view& v, std::string& to, std::size_t most_bytes) {
  auto failed = std::optional<error>{};
  auto rows = std::size_t{0};
  auto full = false;
  auto visit = [&](std::string_view key, const store::record& row) {
    if (!key.starts_with(store::key::of(static_cast<std::uint32_t>(store::log_id::jobs))))
      return false;
    auto read = plan::decode_event(row.body);
    if (!read) {
      failed = std::move(read.error());
      return false;
    }
    read->event.position = store::key::position_of(key);
    next_ = read->event.position + 1;
    if (read->event.job == job_)
      to += to_line(read->event);
    full = ++rows == rows_per_turn || to.size() >= most_bytes;
    return !full;
  };
  auto done = v.scan(store::table::log, store::key::log(store::log_id::jobs, next_),
                     store::direction::up, visit);
  if (done && task_)
    done = read_stream(v, to);
  if (!done)
    failed = std::move(done.error());
  if (full && !failed)
    return state::more;
  auto job = failed ? result<std::optional<plan::job_status>>{} : plan::find_job(v, id_);
  if (!failed && !job)
    failed = std::move(job.error());
  if (!failed && (!*job || (*job)->number != job_))
    failed = error{code::not_found, "job '" + id_ + "' is not in the store any more"};
  if (failed) {
    to += to_line(*failed);
    return state::ended;
  }
  if (!finished((*job)->state))
    return state::waiting;
  to += to_line((*job)->state);
  return state::ended;
}

} // namespace dagger::actors
