// A finished job runs again: what did not complete, what follows a task, or what a new
// definition says.
#include <dagger/plan/planner_impl.hpp>

#include <algorithm>
#include <set>

namespace dagger::plan {

namespace {

/// Ended badly, or because something else did.
bool has_not_completed(const job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  return !row.rare().replaced && !undoes(j, t)
      && (row.state == task_state::failed || row.state == task_state::cancelled
          || row.state == task_state::compensated
          || (row.state == task_state::skipped && row.failed_upstream));
}

/// Who is below whom, and who came after or waited for whom.
struct relations {
  explicit relations(const job& j)
    : children(j.tasks.size()),
      after(j.tasks.size()),
      waited(j.tasks.size()) {
    for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
      if (j.tasks[t].row.rare().replaced || undoes(j, t))
        continue;
      if (auto& parent = j.tasks[t].spec.parent)
        children[*parent].push_back(t);
      j.for_each_after(t, [&](std::uint32_t on) { after[on].push_back(t); });
      for_each(j.tasks[t].row.waited, [&](std::uint32_t on) { waited[on].push_back(t); });
    }
  }

  std::vector<std::vector<std::uint32_t>> children;
  std::vector<std::vector<std::uint32_t>> after;
  std::vector<std::vector<std::uint32_t>> waited;
};

/// Calls `visit` with each task that must settle before `t` goes on.
template <class F>
void for_each_need(const job& j, std::uint32_t t, F&& visit) {
  auto& row = j.tasks[t].row;
  auto look = [&](std::uint32_t on) {
    if (!settled(j.tasks[on].row))
      visit(on);
  };
  if (row.state == task_state::waiting) {
    j.for_each_after(t, look);
    if (row.rare().waits_again)
      for_each(row.waited, [&](std::uint32_t on) {
        if (!contains(row.rare().spared, on))
          look(on);
      });
  } else if (row.state == task_state::suspended) {
    for (auto& c : row.wait->any_of)
      for_each(c.tasks, look);
  }
}

/// What happens to a task when others begin again.
enum class part : std::uint8_t { none, anew, again, scratch, replaced };

/// Marks what follows from `first` beginning from scratch; in which order one looks changes
/// nothing.
std::vector<part> consequences(const job& j, const relations& all, std::uint32_t first) {
  auto parts = std::vector<part>(j.tasks.size(), part::none);
  auto work = std::vector<std::uint32_t>{};
  auto mark = [&](std::uint32_t t, part as) {
    if (parts[t] >= as)
      return;
    parts[t] = as;
    work.push_back(t);
  };
  mark(first, part::scratch);
  for (auto t = std::uint32_t{0}; t < parts.size(); ++t)
    if (j.tasks[t].row.state == task_state::compensated && !j.tasks[t].row.rare().replaced)
      mark(t, part::anew);
  while (!work.empty()) {
    auto t = work.back();
    work.pop_back();
    if (parts[t] == part::anew) // as after any retry: what has completed stays
      continue;
    if (parts[t] != part::again)
      for (auto child : all.children[t])
        mark(child, part::replaced);
    for (auto later : all.after[t])
      mark(later, part::scratch);
    for (auto waiting : all.waited[t])
      mark(waiting, part::again);
  }
  return parts;
}

/// Whether `later` comes after `earlier`, or has waited for it, over however many others.
bool comes_after(const relations& all, std::uint32_t later, std::uint32_t earlier) {
  auto seen = std::set<std::uint32_t>{earlier};
  auto work = std::vector<std::uint32_t>{earlier};
  while (!work.empty()) {
    auto t = work.back();
    work.pop_back();
    for (auto* next : {&all.after[t], &all.waited[t]})
      for (auto x : *next) {
        if (x == later)
          return true;
        if (seen.insert(x).second)
          work.push_back(x);
      }
  }
  return false;
}

/// Who begins anew because of tasks that are replaced, and who has added those: nobody knows yet
/// what stands in their places, so it waits for the one who says. Unless that one comes after it.
std::vector<std::pair<std::uint32_t, std::uint32_t>> stand_ins(const job& j, const relations& all,
                                                               const std::vector<part>& parts) {
  auto looked_at = std::set<std::pair<std::uint32_t, std::uint32_t>>{};
  auto found = std::vector<std::pair<std::uint32_t, std::uint32_t>>{};
  for (auto t = std::uint32_t{0}; t < parts.size(); ++t) {
    if (parts[t] != part::replaced)
      continue;
    auto top = t;
    while (parts[top] == part::replaced)
      top = *j.tasks[top].spec.parent;
    for (auto* those : {&all.after[t], &all.waited[t]})
      for (auto x : *those)
        if (x != top && parts[x] != part::replaced && looked_at.emplace(x, top).second
            && !comes_after(all, top, x))
          found.emplace_back(x, top);
  }
  std::ranges::sort(found);
  return found;
}

} // namespace

void planner::impl::take(const job_retried& x) {
  auto* j = find_for(x.id, x.client);
  if (!j)
    return;
  if (!finished(j->row.state))
    return refuse_to(x.client, code::conflict,
                     "job '" + x.id + "' has not ended: it is "
                       + std::string{to_text(j->row.state)});
  if (x.with && !x.from.empty())
    return refuse_to(x.client, code::misuse, "retry takes `from` or `with`, not both");
  auto wrong = x.with         ? retry_with(*j, *x.with, x.hash)
             : x.from.empty() ? retry_unfinished(*j)
                              : retry_from(*j, x.from);
  if (wrong) {
    if (x.client != 0)
      out.commands.push_back(refuse{x.client, std::move(*wrong)});
    return;
  }
  done_for(x.client);
}

/// The job runs again; nobody listens to anybody yet.
void planner::impl::begin_again(job& j) {
  j.row.ended.reset();
  j.row.code.clear();
  j.row.stall = 0;
  j.row.stopping = false;
  j.to_undo.reset();
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    j.tasks[t].listeners.clear();
    if (undoes(j, t))
      replace(j, t);
  }
  j.row.undoing = undoing::no;
  if (auto limit = j.definition.limits.deadline; limit && !j.row.due) {
    j.row.due = later(now, *limit);
    follow_or_write({*j.row.due, j.number, store::job_itself});
  }
  change_state(j, job_state::running);
  for (auto [number, t] : watchers_of(j.number))
    if (auto* waiting = find_or_load(number))
      count_jobs(*waiting, t);
}

void planner::impl::begin_anew(job& j, std::uint32_t t, bool waits_again) {
  auto& row = j.tasks[t].row;
  auto first = !waits_again && row.waited.empty() && row.visit == row.rare().first_visit;
  ++row.visit;
  row.attempt = 0;
  row.failures = 0;
  row.interruptions = 0;
  row.deadline_passed = false;
  row.failed_upstream = false;
  row.started.reset();
  row.total_deadline.reset();
  row.output = keep(j, t, store::slot::output, {}, row.output);
  row.feedback = keep(j, t, store::slot::feedback, {}, row.feedback);
  if (first)
    row.saved_state = keep(j, t, store::slot::state, {}, row.saved_state);
  auto& more = row.rarely();
  more.woken_by = 0;
  more.signalled = false;
  more.waits_again = !first;
  more.answer = keep(j, t, store::slot::answer, {}, more.answer);
  more.progress = keep(j, t, store::slot::progress, {}, more.progress);
  more.completion = 0;
  more.spared.clear();
  if (first)
    more.first_visit = row.visit;
  move(j, t, task_state::waiting);
  row.ended.reset();
}

void planner::impl::begin_from_scratch(job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  row.waited.clear();
  row.rarely().first_visit = row.visit;
  ++row.rarely().round;
  row.summary.clear();
  begin_anew(j, t, false);
}

void planner::impl::replace(job& j, std::uint32_t t) {
  auto& x = j.tasks[t];
  if (x.row.rare().replaced)
    return;
  x.row.rarely().replaced = true;
  ++j.replaced;
  --j.row.counts[static_cast<std::size_t>(x.row.state)];
  if (auto named = j.names.find(x.spec.name); named != j.names.end() && named->second == t)
    j.names.erase(named);
  touch(j, t);
}

/// What it had waited for it waits for again, but for what could not go on without it.
void planner::impl::spare_what_comes_after(job& j, std::uint32_t t) {
  auto leads_nowhere = std::set<std::uint32_t>{};
  auto reaches = [&](std::uint32_t from) {
    auto seen = std::set<std::uint32_t>{from};
    auto work = std::vector<std::uint32_t>{from};
    while (!work.empty()) {
      auto at = work.back();
      work.pop_back();
      if (at == t)
        return true;
      for_each_need(j, at, [&](std::uint32_t on) {
        if (!leads_nowhere.contains(on) && seen.insert(on).second)
          work.push_back(on);
      });
    }
    leads_nowhere.merge(seen);
    return false;
  };
  auto spared = std::vector<task_range>{};
  for_each(j.tasks[t].row.waited, [&](std::uint32_t on) {
    if (!settled(j.tasks[on].row) && !leads_nowhere.contains(on) && reaches(on))
      add_to(spared, on);
  });
  j.tasks[t].row.rarely().spared = std::move(spared);
}

/// All of them are waiting; some need not.
void planner::impl::look_at_retried(job& j, const std::vector<std::uint32_t>& which) {
  auto again = std::vector<std::uint32_t>{};
  for (auto t : which)
    if (auto& row = j.tasks[t].row; row.rare().waits_again && !row.waited.empty()) {
      row.rarely().spared = row.waited;
      again.push_back(t);
    }
  for (auto t : again)
    spare_what_comes_after(j, t);
  for (auto t : which)
    listen(j, t);
  for (auto t : which)
    if (j.tasks[t].row.state == task_state::waiting)
      look_at_dependencies(j, t);
}

std::optional<error> planner::impl::retry_unfinished(job& j) {
  auto which = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t)
    if (has_not_completed(j, t))
      which.push_back(t);
  if (which.empty())
    return error{code::conflict, "nothing of job '" + j.row.id + "' is left to run again"};
  begin_again(j);
  for (auto t : which)
    begin_anew(j, t, false);
  look_at_retried(j, which);
  return std::nullopt;
}

std::optional<error> planner::impl::retry_from(job& j, const std::string& name) {
  auto first = j.find(name);
  if (!first)
    return error{code::not_found, "job '" + j.row.id + "' has no task '" + name + "'"};
  if (undoes(j, *first))
    return error{code::conflict,
                 "task '" + name + "' undoes another one: that is what can run again"};
  auto all = relations{j};
  auto parts = consequences(j, all, *first);
  auto waits = stand_ins(j, all, parts);
  begin_again(j);
  auto which = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < parts.size(); ++t) {
    if (parts[t] == part::replaced)
      replace(j, t);
    else if (parts[t] == part::scratch)
      begin_from_scratch(j, t);
    else if (parts[t] != part::none)
      begin_anew(j, t, parts[t] == part::again);
    if (parts[t] != part::none && parts[t] != part::replaced)
      which.push_back(t);
  }
  for (auto [t, top] : waits) {
    auto& x = j.tasks[t];
    auto& list = parts[t] == part::scratch ? x.row.added_after : x.row.waited;
    if (!contains(list, top) && !contains(x.spec.after, top))
      add_to(list, top);
  }
  look_at_retried(j, which);
  return std::nullopt;
}

/// Tasks that have completed stay under their names; the others of the new definition are new.
std::optional<error> planner::impl::retry_with(job& j, const job_spec& spec,
                                               const std::string& hash) {
  if (auto refused = refusal_of(spec))
    return refused;
  auto goes = [&](std::uint32_t t) {
    if (undoes(j, t))
      return true;
    auto top = t;
    while (j.tasks[top].spec.parent)
      top = *j.tasks[top].spec.parent;
    return j.tasks[top].row.state != task_state::completed;
  };
  auto old = static_cast<std::uint32_t>(j.tasks.size());
  auto next = old;
  auto numbers = std::vector<std::uint32_t>{};
  for (auto i = std::size_t{0}; i < spec.tasks.size(); ++i) {
    auto& x = spec.tasks[i];
    auto same = j.find(x.name.empty() ? x.agent + "-" + std::to_string(i) : x.name);
    auto stays = same && !goes(*same);
    if (stays && j.tasks[*same].row.state == task_state::completed)
      numbers.push_back(*same);
    else if (stays && !x.name.empty())
      return error{code::conflict,
                   "there is a task '" + x.name + "' already, added by another one"};
    else
      numbers.push_back(next++);
  }
  auto anew = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < old; ++t)
    if (!goes(t) && has_not_completed(j, t))
      anew.push_back(t);
  if (next == old && anew.empty())
    return error{code::conflict, "nothing of job '" + j.row.id + "' is left to run again"};
  if (next > limits::tasks_per_job)
    return error{code::limit,
                 "a job has at most " + std::to_string(limits::tasks_per_job) + " tasks"};
  auto gone = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < old; ++t)
    if (goes(t))
      gone.push_back(t);
  for (auto t : gone)
    replace(j, t);
  define(j, spec, hash);
  j.definition_changed = true;
  begin_again(j);
  for (auto t : anew)
    begin_anew(j, t, false);
  j.tasks.resize(next);
  add_defined(j, spec, numbers);
  look_at_retried(j, anew);
  enter_new(j);
  return std::nullopt;
}

} // namespace dagger::plan
