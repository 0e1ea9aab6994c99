// A job that has not completed undoes what it did: one completed task after the other, the last
// one first, each by a task of its own.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/codec/json.hpp>

#include <algorithm>

namespace dagger::plan {

/// What was skipped because of a failure does not count: that failure does, unless it was optional.
bool planner::impl::has_failed(const job& j) {
  return j.row.state == job_state::cancelling || !j.row.code.empty() || j.row.stopping
      || std::any_of(j.tasks.begin(), j.tasks.end(), [](auto& t) {
           return !t.spec.optional && !t.row.rare().replaced
               && (t.row.state == task_state::failed || t.row.state == task_state::cancelled);
         });
}

/// The task has completed.
void planner::impl::note_completion(job& j, std::uint32_t t) {
  auto& rare = j.tasks[t].spec.rare();
  if (!rare.compensate.empty() && !undoes(j, t))
    j.tasks[t].row.rarely().completion = ++j.row.completions;
  if (rare.compensates && j.tasks[*rare.compensates].row.state == task_state::completed)
    move(j, *rare.compensates, task_state::compensated);
}

/// What can be undone and has not been tried, the last one last.
std::vector<std::uint32_t> planner::impl::undoable(const job& j) {
  auto tried = std::set<std::uint32_t>{};
  for (auto& t : j.tasks)
    if (t.spec.rare().compensates && !t.row.rare().replaced)
      tried.insert(*t.spec.rare().compensates);
  auto found = std::vector<std::uint32_t>{};
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& row = j.tasks[t].row;
    if (row.state == task_state::completed && row.rare().completion > 0 && !row.rare().replaced
        && !tried.contains(t))
      found.push_back(t);
  }
  std::ranges::sort(found, {}, [&](auto t) { return j.tasks[t].row.rare().completion; });
  return found;
}

/// All tasks have settled. Adds the task that undoes the next one; false if there is none.
bool planner::impl::undo_next(job& j) {
  if (j.row.undoing == undoing::given_up || j.row.completions == 0
      || (j.row.undoing == undoing::no && !has_failed(j)))
    return false;
  if (!j.to_undo)
    j.to_undo = undoable(j);
  if (j.to_undo->empty() || j.tasks.size() >= limits::tasks_per_job)
    return false;
  auto undone = j.to_undo->back();
  j.to_undo->pop_back();
  j.row.undoing = undoing::begun;
  forget_output(j, undone);
  drop_deadline(j);
  auto number = static_cast<std::uint32_t>(j.tasks.size());
  auto of = j.task_name(undone);
  auto spec = task_spec{};
  spec.name = of + ".compensate";
  while (j.find(spec.name))
    spec.name += '_';
  spec.agent = j.tasks[undone].spec.rare().compensate;
  spec.priority = j.tasks[undone].spec.priority;
  if (auto& retry = j.tasks[undone].spec.retry)
    spec.retry = *retry;
  spec.input = payload::from(json{{"compensates", of}});
  j.tasks.emplace_back();
  j.names.emplace(spec.name, number);
  auto& row = j.tasks[number].spec = row_of(j, spec, number);
  auto rare = rare_spec{};
  rare.compensates = undone;
  row.more = std::make_shared<const rare_spec>(std::move(rare));
  refresh_hold(j);
  enter_new(j);
  return true;
}

} // namespace dagger::plan
