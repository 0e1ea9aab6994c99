// What jobs have to do with each other: tasks that wait for other jobs, jobs that agents
// submit, and what follows from the end of a job.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>

namespace dagger::plan {

/// How far the conditions over other jobs are, from how those stand now.
void planner::impl::count_jobs(job& j, std::uint32_t t) {
  auto& x = j.tasks[t];
  for (auto c = std::size_t{0}; c < x.waiting.size(); ++c) {
    auto& clause = x.row.wait->any_of[c];
    if (clause.jobs.empty())
      continue;
    auto& p = x.waiting[c];
    p = {};
    for (auto number : clause.jobs) {
      auto state = state_of(number);
      // Of one that has ended just now, `tell_watchers` is still to tell.
      auto ended = finished(state) && std::ranges::find(ended_jobs, number) == ended_jobs.end();
      p.unsettled += !ended;
      p.completed |= ended && state == job_state::completed;
      p.failed |= ended && state != job_state::completed;
    }
  }
}

void planner::impl::watch(job& j, std::uint32_t t) {
  if (!waits_for_jobs(j.tasks[t].row))
    return;
  ++j.row.waits_for_jobs;
  count_jobs(j, t);
  for (auto& c : j.tasks[t].row.wait->any_of)
    for (auto number : c.jobs)
      if (watchers[number].emplace(j.number, t).second)
        out.writes.put(store::table::watchers, store::key::watcher(number, j.number, t),
                       store::kind::watcher, {});
}

void planner::impl::unwatch(job& j, std::uint32_t t, bool in_memory_only) {
  if (!waits_for_jobs(j.tasks[t].row))
    return;
  if (!in_memory_only)
    --j.row.waits_for_jobs;
  for (auto& c : j.tasks[t].row.wait->any_of)
    for (auto number : c.jobs) {
      if (auto at = watchers.find(number); at != watchers.end()) {
        at->second.erase({j.number, t});
        if (at->second.empty())
          watchers.erase(at);
      }
      if (old_but_waited_for.contains(number))
        retention_at = now;
      if (!in_memory_only)
        out.writes.erase(store::table::watchers, store::key::watcher(number, j.number, t));
    }
}

/// All tasks that wait for the job. Of jobs in memory, memory knows.
std::set<planner::impl::task_key> planner::impl::watchers_of(std::uint64_t number) {
  auto found = std::set<task_key>{};
  if (auto at = watchers.find(number); at != watchers.end())
    found = at->second;
  auto scanned = scan_prefix(*disk, store::table::watchers, store::key::of(number),
                             [&](std::string_view key, const store::record&) {
                               auto x = store::key::waiting_of(key);
                               if (!jobs.contains(x.job))
                                 found.emplace(x.job, x.task);
                               return true;
                             });
  if (!scanned)
    throw unreadable{scanned.error()};
  return found;
}

void planner::impl::tell_watchers(const job& ended) {
  for (auto [number, t] : watchers_of(ended.number)) {
    auto* j = find_or_load(number);
    check(j && t < j->tasks.size(), "a task that waits for a job is not there");
    auto& x = j->tasks[t];
    if (x.row.state != task_state::suspended)
      continue;
    auto wakes = false;
    for (auto c = std::size_t{0}; c < x.waiting.size(); ++c)
      if (std::ranges::binary_search(x.row.wait->any_of[c].jobs, ended.number)) {
        --x.waiting[c].unsettled;
        x.waiting[c].completed |= ended.row.state == job_state::completed;
        x.waiting[c].failed |= ended.row.state != job_state::completed;
        wakes |= holds(*j, x, c);
      }
    if (wakes)
      wake(*j, t, holding(*j, t));
  }
}

void planner::impl::follow_ends() {
  for (; !ended_jobs.empty(); ended_jobs.pop_front()) {
    auto& j = jobs.at(ended_jobs.front());
    tell_watchers(j);
    for (auto& c : j.children)
      if (c.on_parent_end == on_parent_end::cancel)
        if (auto* child = find_or_load(c.number);
            child && !finished(child->row.state) && child->row.state != job_state::cancelling
            && child->row.undoing != undoing::begun) // it is ending, and is let undo what it did
          cancel(*child);
  }
}

/// What is wrong with the jobs that an outcome submits or waits for.
std::optional<error> planner::impl::refusal_of_jobs(const job& j, const report& r) {
  auto seen = std::map<std::string, std::string>{};
  for (auto& x : r.jobs) {
    auto known = find(x.spec->id);
    auto hash = known ? known->hash : x.hash;
    auto [before, fresh] = seen.emplace(x.spec->id, hash);
    if (before->second != x.hash)
      return error{code::id_conflict,
                   "job '" + x.spec->id + "' is there already and is not the same"};
    if (known || !fresh)
      continue;
    if (j.definition.depth + 1 > limits::job_depth)
      return error{code::limit,
                   "jobs are submitted by jobs deeper than " + std::to_string(limits::job_depth)};
    if (auto refused = refusal_of(*x.spec))
      return refused;
  }
  if (auto wait = std::get_if<suspended>(&r.outcome))
    for (auto& c : wait->any_of)
      if (auto wrong = check_waited_jobs(j, c.jobs, r))
        return wrong;
  return std::nullopt;
}

std::optional<error> planner::impl::check_waited_jobs(const job& j,
                                                      const std::vector<std::string>& waited,
                                                      const report& r) {
  struct step {
    std::uint64_t job;
    std::string way;
  };
  for (auto& id : waited) {
    auto known = find(id);
    if (!known) {
      auto is_new =
        std::any_of(r.jobs.begin(), r.jobs.end(), [&](auto& x) { return x.spec->id == id; });
      if (is_new)
        continue;
      return error{code::not_found, "there is no job '" + id + "' to wait for"};
    }
    auto seen = std::set<std::uint64_t>{known->number};
    auto work = std::deque<step>{{known->number, j.row.id + " -> " + id}};
    for (; !work.empty(); work.pop_front()) {
      auto [number, way] = work.front();
      if (number == j.number)
        return error{code::wait_cycle, "jobs would wait for each other: " + way};
      auto row = stored_row(number);
      if (!row || row->waits_for_jobs == 0)
        continue;
      auto other = look_at(number);
      for (auto& t : other->tasks)
        if (t.row.wait)
          for (auto& c : t.row.wait->any_of)
            for (auto next : c.jobs)
              if (seen.insert(next).second)
                if (auto above = stored_row(next))
                  work.push_back({next, way + " -> " + above->id});
    }
  }
  return std::nullopt;
}

void planner::impl::submit_all(job& j, const report& r) {
  for (auto& x : r.jobs) {
    if (auto known = find(x.spec->id)) {
      if (!finished(state_of(known->number)))
        take_over(known->number);
      continue;
    }
    auto& made = create(*x.spec, x.hash, &j, x.on_parent_end);
    ++j.row.submitted;
    j.children.push_back({made.number, x.on_parent_end});
    submitted_jobs.push_back(made.number);
    touch(j);
    out.writes.put(store::table::children, store::key::child(j.number, made.number),
                   store::kind::child,
                   std::string_view{x.on_parent_end == on_parent_end::leave ? "\1" : "\0", 1});
  }
}

} // namespace dagger::plan
