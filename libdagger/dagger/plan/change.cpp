// What people change of a job that has not ended: tasks come and go, are left out, get another
// input.
#include <dagger/plan/additions.hpp>
#include <dagger/plan/planner_impl.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

/// Nothing of it has run since it began.
bool has_not_started(const task_row& row) {
  auto waits = row.state == task_state::waiting || row.state == task_state::ready;
  return waits && !row.started;
}

/// The first task but for `others` that comes after `t`, or waits or has waited for it.
std::optional<std::uint32_t> who_needs(const job& j, std::uint32_t t,
                                       const std::vector<std::uint32_t>& others) {
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    auto& x = j.tasks[i];
    if (!x.row.rare().replaced && std::ranges::find(others, i) == others.end()
        && (contains(x.spec.after, t) || contains(x.row.added_after, t)
            || contains(x.row.waited, t)))
      return i;
  }
  return std::nullopt;
}

} // namespace

job* planner::impl::find_to_change(const std::string& id, client_id client) {
  auto* j = find_for(id, client);
  if (!j)
    return nullptr;
  if (!finished(j->row.state) && j->row.state != job_state::cancelling && !j->row.stopping
      && j->row.undoing == undoing::no)
    return j;
  auto how = finished(j->row.state) || j->row.state == job_state::cancelling
             ? std::string{to_text(j->row.state)}
             : "ending after a failure";
  refuse_to(client, code::conflict, "job '" + id + "' cannot be changed: it is " + how);
  return nullptr;
}

std::optional<std::uint32_t> planner::impl::find_to_change(const job& j, const std::string& task,
                                                           client_id client) {
  auto t = j.find(task);
  if (!t) {
    refuse_to(client, code::not_found, "job '" + j.row.id + "' has no task '" + task + "'");
    return std::nullopt;
  }
  if (has_not_started(j.tasks[*t].row))
    return t;
  refuse_to(client, code::conflict,
            "task '" + task + "' of job '" + j.row.id + "' cannot be changed any more: it is "
              + std::string{to_text(j.tasks[*t].row.state)});
  return std::nullopt;
}

/// It stays in its state; the history tells of it.
void planner::impl::note_change(job& j, std::uint32_t t, std::string what) {
  auto& row = j.tasks[t].row;
  touch(j, t);
  j.transitions.push_back({t, row.state, row.visit, row.attempt, std::move(what), {}});
}

void planner::impl::take(const tasks_added& x) {
  auto* j = find_to_change(x.id, x.client);
  if (!j)
    return;
  if (x.tasks.empty())
    return refuse_to(x.client, code::invalid_input, "there are no tasks to add");
  auto r = report{};
  r.added = x.tasks;
  auto made = resolve(*j, std::nullopt, r, agents, options.pool);
  if (!made) {
    if (x.client != 0)
      out.commands.push_back(refuse{x.client, std::move(made.error())});
    return;
  }
  add_tasks(*j, std::nullopt, r, *made);
  enter_new(*j);
  done_for(x.client);
}

/// It and those that go with it, which end first.
std::optional<std::vector<std::uint32_t>> planner::impl::find_to_remove(const job& j,
                                                                        const task_removed& x) {
  auto found = std::vector<std::uint32_t>{};
  auto names = x.along;
  names.push_back(x.task);
  for (auto& name : names) {
    auto t = find_to_change(j, name, x.client);
    if (!t)
      return std::nullopt;
    if (std::ranges::find(found, *t) == found.end())
      found.push_back(*t);
  }
  for (auto t : found)
    if (auto other = who_needs(j, t, found)) {
      refuse_to(x.client, code::conflict,
                "task '" + j.task_name(t) + "' cannot be removed: '" + j.task_name(*other)
                  + "' needs it",
                "disable it, or remove that one first");
      return std::nullopt;
    }
  return found;
}

void planner::impl::take(const task_removed& x) {
  auto* j = find_to_change(x.id, x.client);
  auto found = j ? find_to_remove(*j, x) : std::nullopt;
  if (!found)
    return;
  for (auto t : *found) {
    move(*j, t, task_state::skipped, {}, "removed");
    replace(*j, t);
  }
  settle(*j, std::move(*found));
  done_for(x.client);
}

void planner::impl::take(const task_enabled& x) {
  auto* j = find_to_change(x.id, x.client);
  auto known = j ? j->find(x.task) : std::nullopt;
  if (known && x.input.empty() && j->tasks[*known].row.rare().disabled != x.enabled)
    return done_for(x.client); // whatever has become of it
  auto t = j ? find_to_change(*j, x.task, x.client) : std::nullopt;
  if (!t || (!x.input.empty() && !give_input(*j, *t, x.input, x.client)))
    return;
  auto& row = j->tasks[*t].row;
  if (row.rare().disabled == x.enabled)
    row.rarely().disabled = !x.enabled;
  note_change(*j, *t, x.enabled ? "enabled" : "disabled");
  if (!x.enabled && row.state == task_state::ready) {
    move(*j, *t, task_state::skipped, {}, "disabled");
    settle(*j, *t);
  }
  done_for(x.client);
}

/// False if it is refused.
bool planner::impl::give_input(job& j, std::uint32_t t, const payload& input, client_id client) {
  if (input.bytes().size() > limits::payload_bytes) {
    refuse_to(client, code::too_large,
              "the input is larger than " + std::to_string(limits::payload_bytes) + " bytes");
    return false;
  }
  auto& task = j.tasks[t];
  auto& more = task.row.rarely();
  auto before = more.has_input ? more.input : task.spec.input;
  more.input = keep(j, t, store::slot::input, input, before);
  more.has_input = true;
  return true;
}

void planner::impl::take(const input_set& x) {
  auto* j = find_to_change(x.id, x.client);
  auto t = j ? find_to_change(*j, x.task, x.client) : std::nullopt;
  if (!t || !give_input(*j, *t, x.input, x.client))
    return;
  note_change(*j, *t, "input_set");
  done_for(x.client);
}

} // namespace dagger::plan
