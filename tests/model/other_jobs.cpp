// Jobs that know of each other in the slow model: waits, submits, ends; and stalls.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

// -- conditions -------------------------------------------------------------------

/// And the others may know it: they hear of it when the event is over.
bool planner::has_ended(std::uint64_t number) const {
  return finished(jobs_[number - 1].state) && std::ranges::count(ended_, number) == 0;
}

bool planner::holds(const job& j, const wait_for& c) const {
  const auto& tasks = j.tasks;
  if (c.mode == wait_mode::signal)
    return std::ranges::count(j.signals, c.signal, &std::pair<std::string, payload>::first) > 0;
  if (c.mode == wait_mode::time || c.mode == wait_mode::review)
    return false; // that is for the clock, or for somebody, to say
  const auto all = c.expected.empty()
                && std::ranges::all_of(c.tasks, [&](auto n) { return is_over(tasks[n]); })
                && std::ranges::all_of(c.jobs, [&](auto n) { return has_ended(n); });
  if (all)
    return true;
  const auto state_of = [&](std::uint64_t n) {
    return has_ended(n) ? jobs_[n - 1].state : job_state::running;
  };
  if (c.mode == wait_mode::all_or_failure)
    return std::ranges::any_of(c.tasks, [&](auto n) { return is_failure(tasks[n]); })
        || std::ranges::any_of(c.jobs, [&](auto n) {
             return state_of(n) == job_state::failed || state_of(n) == job_state::cancelled;
           });
  return c.mode == wait_mode::any
      && (std::ranges::any_of(c.tasks, [&](auto n) { return tasks[n].state == completed; })
          || std::ranges::any_of(c.jobs,
                                 [&](auto n) { return state_of(n) == job_state::completed; }));
}

std::optional<std::uint32_t> planner::first_that_holds(const job& j, const task& t) const {
  for (auto i = std::uint32_t{0}; i < t.conditions.size(); ++i) {
    const auto& c = t.conditions[i];
    if (holds(j, c) || (c.mode == wait_mode::time && c.until <= now_))
      return i;
  }
  return std::nullopt;
}

/// Jobs that there are not, or that wait for `j` by way of others.
std::optional<error> planner::check_waits(const job& j, const plan::report& x) const {
  const auto* wait = std::get_if<plan::suspended>(&x.outcome);
  if (wait == nullptr)
    return std::nullopt;
  auto ids = std::vector<std::string>{};
  for (const auto& c : wait->any_of)
    ids.insert(ids.end(), c.jobs.begin(), c.jobs.end());
  for (const auto& id : ids) {
    const auto there = std::ranges::find_if(
      jobs_, [&](const job& other) { return other.id == id && !other.purged; });
    if (there != jobs_.end() && leads_to(*there, j))
      return error{code::wait_cycle, "jobs would wait for each other"};
    if (there == jobs_.end()
        && std::ranges::none_of(x.jobs, [&](const plan::submitted& s) { return s.spec->id == id; }))
      return error{code::not_found, "no such job"};
  }
  return std::nullopt;
}

/// `from` waits for `to`, or for one that does.
bool planner::leads_to(const job& from, const job& to) const {
  auto next = std::vector<std::uint64_t>{from.number};
  auto seen = std::set<std::uint64_t>{};
  while (!next.empty()) {
    const auto at = next.back();
    next.pop_back();
    if (at == to.number)
      return true;
    if (finished(jobs_[at - 1].state) || !seen.insert(at).second)
      continue;
    for (const auto& t : jobs_[at - 1].tasks)
      for (const auto& c : t.conditions)
        next.insert(next.end(), c.jobs.begin(), c.jobs.end());
  }
  return false;
}

// -- submits ----------------------------------------------------------------------

std::optional<error> planner::check_submits(const job& j, const plan::report& x) const {
  auto hashes = std::map<std::string, std::string>{};
  for (const auto& other : jobs_)
    if (!other.purged)
      hashes[other.id] = other.hash;
  for (const auto& s : x.jobs) {
    if (const auto there = hashes.find(s.spec->id); there != hashes.end()) {
      if (there->second != s.hash)
        return error{code::id_conflict, "the id is in use"};
      continue;
    }
    if (auto no = refusal(*s.spec))
      return no;
    if (j.depth + 1 > limits::job_depth)
      return error{code::limit, "too many jobs, one below the other"};
    hashes[s.spec->id] = s.hash;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> planner::submit_jobs(job& j, const plan::report& x) {
  auto made = std::vector<std::uint64_t>{};
  for (const auto& s : x.jobs) {
    if (by_id(s.spec->id) != nullptr)
      continue;
    auto& child = create(*s.spec, s.hash);
    child.parent = j.number;
    child.on_parent_end = s.on_parent_end;
    child.depth = j.depth + 1;
    made.push_back(child.number);
  }
  return made;
}

// -- ends -------------------------------------------------------------------------

void planner::follow_ends() {
  while (!ended_.empty()) {
    const auto number = ended_.front();
    ended_.pop_front();
    for (auto& j : jobs_) {
      const auto waits = std::ranges::any_of(j.tasks, [&](const task& t) {
        return std::ranges::any_of(
          t.conditions, [&](const wait_for& c) { return std::ranges::count(c.jobs, number) > 0; });
      });
      if (!waits)
        continue;
      settle(j);
    }
    for (auto& child : jobs_)
      if (child.parent == number && !child.purged && child.on_parent_end == on_parent_end::cancel)
        cancel(child, false);
  }
}

// -- stalls -----------------------------------------------------------------------

bool planner::cannot_go_on(const job& j) const {
  const auto goes_on = j.state == job_state::running
                    || (j.state == job_state::cancelling && j.undo == job::undoing::begun);
  if (!goes_on || j.deadline || situation_of(j).empty())
    return false;
  for (const auto& t : j.tasks) {
    if (active(t.state))
      return false;
    if (t.state != suspended)
      continue;
    if (t.deadline || (t.first_start && t.total_timeout))
      return false;
    for (const auto& c : t.conditions) {
      using enum wait_mode;
      if (c.mode == signal || c.mode == review || c.mode == time)
        return false;
      if (std::ranges::any_of(c.jobs, [&](auto n) { return !finished(jobs_[n - 1].state); }))
        return false;
    }
  }
  return true;
}

bool planner::has_stalled(const job& j) const {
  return j.taken && cannot_go_on(j);
}

/// Those that have stalled while the engine does not work on them are left to the next one.
void planner::leave_stalls() {
  for (auto number : result_.touched) {
    auto& j = jobs_[number - 1];
    const auto told =
      j.stall_action == stall_action::callback && j.situation == situation_of(j).dump();
    j.unseen_stall = !j.taken && cannot_go_on(j) && !told;
  }
}

/// Of the first job that has stalled and has not been told so.
bool planner::end_a_stall() {
  for (auto& j : jobs_)
    if (has_stalled(j) && act_on_stall(j)) {
      settle(j);
      return true;
    }
  return false;
}

bool planner::act_on_stall(job& j) {
  const auto situation = situation_of(j);
  const auto is_new = j.situation != situation.dump();
  const auto count = [&](const char* what) {
    if (covers)
      ++covers->happened[what];
  };
  if (j.stall_action == stall_action::callback) {
    if (!is_new)
      return false;
    j.situation = situation.dump();
    record(j);
    result_.commands.push_back(plan::stalled{j.number, j.id, payload::from(situation)});
    return true;
  }
  if (j.stall_action == stall_action::terminate_job) {
    count("stall: the job ends");
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
      if (!std::exchange(j.tasks[i].open, false) && !settled(j.tasks[i].state))
        just_fail(j, i, "wait_unmet");
    return true;
  }
  const auto has_room = j.limits.tasks == 0 || size_of(j) < j.limits.tasks;
  if (j.stall_action == stall_action::notify_planning_agent && is_new && has_room) {
    count("stall: the planning agent is told");
    j.situation = situation.dump();
    const auto number = static_cast<std::uint32_t>(j.tasks.size());
    auto t = task{};
    t.name = "planning-" + std::to_string(number);
    while (find(j, 0, t.name))
      t.name += "_";
    t.agent = j.planning_agent;
    t.optional = true;
    t.input = payload::from(json{{"stalled", situation}});
    t.created = now_;
    j.tasks.push_back(t);
    auto& row = record(j);
    if (row.added == 0)
      row.first_added = number;
    ++row.added;
    place_expected(j);
    return true;
  }
  count("stall: a wait fails");
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (std::ranges::any_of(j.tasks[i].conditions,
                            [](const wait_for& c) { return !c.expected.empty(); })) {
      fail(j, i, "wait_unmet");
      break;
    }
  return true;
}

} // namespace dagger::model
