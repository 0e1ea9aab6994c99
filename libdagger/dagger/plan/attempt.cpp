// Signs of running attempts: heartbeats, steps, chunks of streams. None of them is part
// of the outcome.
#include <dagger/plan/planner_impl.hpp>

namespace dagger::plan {

start* planner::impl::running_attempt(const attempt_id& x) {
  auto found = running.find({x.job, x.task});
  if (found == running.end() || found->second.attempt != x || found->second.lingering)
    return nullptr;
  return &found->second;
}

void planner::impl::take(const heart_beaten& x) {
  auto* s = running_attempt(x.attempt);
  if (!s)
    return;
  auto& j = jobs.at(x.attempt.job);
  auto t = x.attempt.task;
  if (s->beat_until) {
    s->beat_until = later(now, *heartbeat_of(j.tasks[t]));
    set_alarm(alarm::kind::beat, *s->beat_until, j, t);
  }
  if (x.progress.empty())
    return;
  auto waits = !s->progress.empty();
  s->progress = x.progress;
  if (!s->progress_written || *s->progress_written + progress_pause <= now)
    write_progress(j, t, *s);
  else if (!waits)
    set_alarm(alarm::kind::progress, *s->progress_written + progress_pause, j, t);
}

/// What waits to be written becomes part of the task's row.
void planner::impl::keep_progress(job& j, std::uint32_t t, start& s) {
  if (s.progress.empty())
    return;
  auto& more = j.tasks[t].row.rarely();
  more.progress = keep(j, t, store::slot::progress, s.progress, more.progress);
  s.progress = {};
}

void planner::impl::write_progress(job& j, std::uint32_t t, start& s) {
  keep_progress(j, t, s);
  s.progress_written = now;
  // Of the outcome's kind it is not: the row alone, no news.
  out.writes.put(store::table::tasks, store::key::task(j.number, t), store::kind::task,
                 encode(j.tasks[t].row));
  wrote(j);
}

/// Rows of the job stand in this event's batch beside those of `write`.
void planner::impl::wrote(job& j) {
  j.last_batch = this_batch();
  touched.emplace_back(this_batch(), j.number);
}

void planner::impl::take(const step_done& x) {
  if (!running_attempt(x.attempt))
    return refuse_to(x.client, code::attempt_lost, "this attempt is over");
  auto& row = jobs.at(x.attempt.job).tasks[x.attempt.task].row;
  out.writes.put(store::table::steps,
                 store::key::step(x.attempt.job, x.attempt.task, row.rare().round, x.name),
                 store::kind::step, x.value.bytes());
  wrote(jobs.at(x.attempt.job));
  done_for(x.client);
}

void planner::impl::take(const chunks_emitted& x) {
  auto* s = running_attempt(x.attempt);
  if (!s || x.chunks.empty())
    return;
  auto [job, task, visit, attempt] = x.attempt;
  auto put = [&](chunk_row row) {
    row.visit = visit;
    row.attempt = attempt;
    row.time = now;
    out.writes.put(store::table::stream, store::key::chunk(job, task, (*s->stream_end)++),
                   store::kind::chunk, encode(row));
  };
  auto& known = jobs.at(job).tasks[task].stream_end;
  if (!s->stream_end) {
    if (!known) {
      auto end = plan::stream_end(*disk, job, task);
      if (!end)
        throw unreadable{end.error()};
      known = *end;
    }
    s->stream_end = *known;
    if (*known > 0)
      put({.restarted = true, .value = {}});
  }
  for (auto& chunk : x.chunks)
    put({.value = std::string{chunk.bytes()}});
  known = *s->stream_end;
  wrote(jobs.at(job));
}

} // namespace dagger::plan
