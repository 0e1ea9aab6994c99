// Finished jobs are forgotten: when somebody asks, and when they are old. What users see goes at
// once, the other rows little by little.
#include <dagger/plan/planner_impl.hpp>

#include <algorithm>
#include <array>

namespace dagger::plan {

namespace {

/// How many events one look for old jobs reads.
constexpr auto events_per_look = std::size_t{1'024};

/// Tables whose rows begin with a job's number and go with it.
constexpr auto tables_of_jobs = std::array{
  store::table::specs, store::table::tasks,  store::table::payloads, store::table::signals,
  store::table::steps, store::table::stream, store::table::children};

} // namespace

std::optional<error> planner::impl::refusal_to_purge(std::uint64_t number, const job_row& row) {
  if (!finished(row.state))
    return error{code::conflict,
                 "job '" + row.id + "' has not ended: it is " + std::string{to_text(row.state)}};
  if (auto waiting = watchers_of(number); !waiting.empty())
    return error{code::conflict, "job " + std::to_string(waiting.begin()->first)
                                   + " waits for job '" + row.id + "' and for others"};
  return std::nullopt;
}

void planner::impl::take(const job_purged& x) {
  auto known = find(x.id);
  if (!known)
    return refuse_to(x.client, code::not_found, "there is no job '" + x.id + "'");
  auto row = stored_row(known->number);
  if (!row)
    throw unreadable{{code::store_corrupt, "job '" + x.id + "' has no row"}};
  if (auto refused = refusal_to_purge(known->number, *row)) {
    if (x.client != 0)
      out.commands.push_back(refuse{x.client, std::move(*refused)});
    return;
  }
  doom(known->number, *row);
  done_for(x.client);
}

/// The job that submitted it; 0: none.
std::uint64_t planner::impl::parent_of(std::uint64_t number, const job_row& row) {
  if (auto found = jobs.find(number); found != jobs.end())
    return found->second.definition.parent;
  auto stored = disk->get(store::table::definitions, store::key::definition(row.id));
  if (!stored)
    throw unreadable{stored.error()};
  if (!*stored)
    throw unreadable{{code::store_corrupt, "job '" + row.id + "' has no definition"}};
  auto definition = decode_definition((*stored)->body);
  if (!definition)
    throw unreadable{definition.error()};
  return definition->parent;
}

/// The job is gone; its other rows are to follow.
void planner::impl::doom(std::uint64_t number, const job_row& row) {
  if (auto parent = parent_of(number, row); parent != 0) {
    out.writes.erase(store::table::children, store::key::child(parent, number));
    if (auto above = jobs.find(parent); above != jobs.end())
      std::erase_if(above->second.children, [&](auto& c) { return c.number == number; });
  }
  if (number + 1 == next_job) { // no other job may get its number
    auto end = std::string{};
    writer{end}.varint(next_job);
    out.writes.put(store::table::meta, store::key::jobs_end, store::kind::meta, end);
  }
  out.writes.erase(store::table::definitions, store::key::definition(row.id));
  out.writes.erase(store::table::jobs, store::key::job(number));
  out.writes.put(store::table::doomed, store::key::doomed(number), store::kind::doomed,
                 encode(doomed_row{row.events_end}));
  ids.erase(row.id);
  forget_groups(number);
  jobs.erase(number);
  ours.erase(number);
  doomed.insert(number);
  sweep_soon();
}

/// One sweep after the other: each must see on disk what the last one has erased.
void planner::impl::sweep_soon() {
  if (!std::exchange(sweeping, true))
    out.commands.push_back(sweep{});
}

/// The first purged job of which the disk knows: rows of others may still be on their way.
std::optional<std::uint64_t> planner::impl::next_to_sweep() {
  for (auto number : doomed) {
    auto row = disk->get(store::table::doomed, store::key::doomed(number));
    if (!row)
      throw unreadable{row.error()};
    if (*row)
      return number;
  }
  return std::nullopt;
}

void planner::impl::take(const sweep_due&) {
  sweeping = false;
  if (auto number = next_to_sweep())
    sweep_rows(*number);
  if (!doomed.empty())
    sweep_soon();
}

void planner::impl::sweep_rows(std::uint64_t number) {
  auto left = limits::rows_per_sweep;
  auto prefix = store::key::of(number);
  for (auto t : tables_of_jobs) {
    auto scanned = scan_prefix(*disk, t, prefix, [&](std::string_view key, const store::record&) {
      if (left == 0)
        return false;
      --left;
      out.writes.erase(t, key);
      return true;
    });
    if (!scanned)
      throw unreadable{scanned.error()};
  }
  auto events = sweep_events(number, left);
  if (left > 0) {
    out.writes.erase(store::table::doomed, store::key::doomed(number));
    doomed.erase(number);
  } else {
    out.writes.put(store::table::doomed, store::key::doomed(number), store::kind::doomed,
                   encode(doomed_row{events}));
  }
}

/// Erases events of a purged job, the last ones first; what is left, as in `doomed_row`.
std::uint64_t planner::impl::sweep_events(std::uint64_t number, std::size_t& left) {
  auto stored = disk->get(store::table::doomed, store::key::doomed(number));
  if (!stored)
    throw unreadable{stored.error()};
  if (!*stored)
    return 0;
  auto row = decode_doomed((*stored)->body);
  if (!row)
    throw unreadable{row.error()};
  auto end = row->events_end;
  for (; end > 0 && left > 0; --left) {
    auto key = store::key::log(store::log_id::jobs, end - 1);
    auto found = disk->get(store::table::log, key);
    if (!found)
      throw unreadable{found.error()};
    if (!*found)
      return 0;
    auto told = decode_event((*found)->body);
    if (!told)
      throw unreadable{told.error()};
    out.writes.erase(store::table::log, key);
    end = told->previous ? *told->previous + 1 : 0;
  }
  return end;
}

// -- retention ----------------------------------------------------------------

void planner::impl::begin_retention() {
  auto found = scan_prefix(*disk, store::table::doomed, store::key::of(),
                           [&](std::string_view key, const store::record&) {
                             doomed.insert(store::key::job_of(key));
                             return true;
                           });
  if (!found)
    throw unreadable{found.error()};
  if (!doomed.empty())
    sweep_soon();
  auto end = disk->get(store::table::meta, store::key::jobs_end);
  if (!end)
    throw unreadable{end.error()};
  if (*end)
    next_job = std::max(next_job, reader{(*end)->body}.varint());
  if (options.retention.count() > 0 && options.which == scope::every_job)
    retention_at = now;
}

void planner::impl::look_for_old_jobs() {
  retention_at.reset();
  auto old = std::exchange(old_but_waited_for, {});
  find_old_jobs(old);
  for (auto& x : recent_ends)
    if (auto due = x.when + options.retention; due <= now)
      old.insert(x.job);
    else if (!retention_at || due < *retention_at)
      retention_at = due;
  for (auto number : old) {
    auto row = stored_row(number);
    // It may have been retried, and have ended again, since.
    if (!row || !row->ended || *row->ended + options.retention > now)
      continue;
    if (refusal_to_purge(number, *row))
      old_but_waited_for.insert(number);
    else
      doom(number, *row);
  }
}

/// Goes through the events on disk, oldest first, to the next end of a job that is not old enough.
void planner::impl::find_old_jobs(std::set<std::uint64_t>& found) {
  auto seen = std::size_t{0};
  auto log = store::key::of(static_cast<std::uint32_t>(store::log_id::jobs));
  auto scanned =
    disk->scan(store::table::log, store::key::log(store::log_id::jobs, oldest_event),
               store::direction::up, [&](std::string_view key, const store::record& r) {
                 if (!key.starts_with(log))
                   return false;
                 if (++seen > events_per_look) {
                   retention_at = now;
                   return false;
                 }
                 auto told = decode_event(r.body);
                 if (!told)
                   throw unreadable{told.error()};
                 if (told->event.state && finished(*told->event.state)) {
                   auto due = told->event.time + options.retention;
                   if (due > now) {
                     retention_at = due;
                     return false;
                   }
                   found.insert(told->event.job);
                 }
                 oldest_event = store::key::position_of(key) + 1;
                 return true;
               });
  if (!scanned)
    throw unreadable{scanned.error()};
}

} // namespace dagger::plan
