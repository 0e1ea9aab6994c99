// Events, time and assignments of the slow model; what a report does stands in outcomes.cpp.
#include <model/planner_model.hpp>

#include <dagger/limits.hpp>

#include <algorithm>
#include <tuple>

namespace dagger::model {

using enum task_state;

expectation planner::apply(const plan::event& what, timestamp now) {
  now_ = now;
  result_ = {};
  std::visit([&](const auto& x) { on(x); }, what);
  assign();
  return std::move(result_);
}

expectation planner::restart(bool every, timestamp now) {
  now_ = now;
  result_ = {};
  for (auto& [name, a] : agents_)
    a = {false, false, 0, a.settings};
  out_.clear();
  timed_out_.clear();
  rings_.clear();
  for (auto& j : jobs_) {
    for (auto& t : j.tasks)
      t.waits_for_slot = false;
    j.clients.clear();
    j.taken = false;
    if (every)
      take(j);
  }
  return std::move(result_);
}

std::optional<timestamp> planner::wake_at() const {
  auto all = timers();
  if (all.empty())
    return std::nullopt;
  return std::ranges::min(all).when;
}

bool planner::is_active(const job& j) {
  return j.taken && std::ranges::any_of(j.tasks, [](const task& t) { return active(t.state); });
}

// -- events -------------------------------------------------------------------

void planner::on(const plan::agent_joined& x) {
  auto& a = agents_[x.agent];
  a.here = true;
  a.has_joined = true;
  a.slots = x.slots;
  a.settings = x;
}

void planner::on(const plan::agent_lost& x) {
  auto& a = agents_[x.agent];
  a.here = false;
  a.slots = 0;
  auto ended = std::vector<plan::attempt_id>{};
  for (const auto& [id, slot] : out_)
    if (slot.agent == x.agent)
      ended.push_back(id);
  for (const auto& id : ended) {
    out_.erase(id);
    auto& j = jobs_[id.job - 1];
    if (timed_out_.erase(id) == 0) {
      interrupt(j, id.task);
      settle(j);
    } else {
      slot_is_back(j, id.task);
    }
  }
}

void planner::on(const plan::slots_changed& x) {
  auto& a = agents_[x.agent];
  if (a.here)
    a.slots = std::max<std::int64_t>(0, a.slots + x.by);
}

void planner::on(const plan::job_submitted& x) {
  const auto& spec = *x.spec;
  for (auto& j : jobs_)
    if (j.id == spec.id) {
      if (j.hash != x.hash)
        result_.commands.push_back(
          plan::refuse{x.client, error{code::id_conflict, "the id is in use"}});
      else
        attend(j, x.client, false);
      return;
    }
  if (auto no = refusal(spec)) {
    result_.commands.push_back(plan::refuse{x.client, *no});
    return;
  }
  auto& j = jobs_.emplace_back();
  j.number = jobs_.size();
  j.id = spec.id;
  j.hash = x.hash;
  j.priority = spec.priority;
  j.allowed_agents = spec.allowed_agents;
  j.created = now_;
  auto& row = record(j);
  row.state = job_state::running;
  row.added = static_cast<std::uint32_t>(spec.tasks.size());
  for (const auto& s : spec.tasks) {
    auto t = made_of(s, static_cast<std::uint32_t>(j.tasks.size()));
    t.created = now_;
    j.tasks.push_back(std::move(t));
  }
  for (auto i = std::size_t{0}; i < spec.tasks.size(); ++i)
    for (const auto& ref : spec.tasks[i].after)
      once_each(j.tasks[i].after, *find(j, 0, ref));
  attend(j, x.client, true);
  settle(j);
}

void planner::on(const plan::job_resumed& x) {
  for (auto& j : jobs_)
    if (j.id == x.id) {
      attend(j, x.client, false);
      return;
    }
  result_.commands.push_back(plan::refuse{x.client, error{code::not_found, "no such job"}});
}

void planner::on(const plan::tasks_reported& x) {
  for (const auto& r : x.reports)
    report(r);
}

void planner::on(const plan::time_passed&) {
  while (true) {
    auto all = timers();
    if (all.empty())
      return;
    const auto first = std::ranges::min(all);
    if (first.when > now_)
      return;
    expire(first);
    settle(jobs_[first.job - 1]);
  }
}

void planner::take(job& j) {
  if (j.taken)
    return;
  j.taken = true;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].state == task_state::running)
      interrupt(j, i);
  settle(j);
  keep_rings(j);
}

void planner::attend(job& j, plan::client_id client, bool created) {
  result_.commands.push_back(plan::accept{client, j.number, created});
  take(j);
  if (finished(j.state))
    result_.commands.push_back(plan::answer{client, j.number, j.state});
  else
    j.clients.push_back(client);
}

std::optional<error> planner::refusal(const plan::job_spec& spec) const {
  if (auto wrong = problems(spec); !wrong.empty())
    return wrong.front();
  for (const auto& t : spec.tasks)
    if (!is_known(t.agent))
      return error{code::not_found, "no such agent"};
  for (const auto& t : spec.tasks)
    if (!allows(spec.allowed_agents, t.agent))
      return error{code::limit, "the agent is not allowed"};
  return std::nullopt;
}

// -- time ---------------------------------------------------------------------

std::vector<planner::timer> planner::timers_of(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto all = std::vector<timer>{};
  auto add = [&](std::optional<timestamp> when, timer::kind what) {
    if (when)
      all.push_back({*when, j.number, number, what});
  };
  if (settled(t.state))
    return all;
  if (t.state == suspended) {
    for (const auto& c : t.conditions)
      if (c.mode == wait_mode::time)
        add(c.until, timer::kind::condition);
    add(t.deadline, timer::kind::deadline);
  }
  if (t.state == task_state::running)
    add(t.attempt_ends, timer::kind::attempt);
  if (t.state == backoff && !t.waits_for_slot)
    add(t.retry_at, timer::kind::retry);
  if (t.first_start && t.total_timeout)
    add(*t.first_start + *t.total_timeout, timer::kind::total);
  return all;
}

std::vector<planner::timer> planner::timers() const {
  auto all = std::vector<timer>{};
  for (const auto& j : jobs_)
    for (auto i = std::uint32_t{0}; j.taken && i < j.tasks.size(); ++i)
      for (const auto& x : timers_of(j, i))
        all.push_back(x);
  return all;
}

std::optional<timestamp> planner::due(const task& t) {
  auto copy = job{};
  copy.tasks.push_back(t);
  copy.tasks[0].waits_for_slot = false; // is not on disk
  auto all = timers_of(copy, 0);
  std::erase_if(
    all, [&](const timer& x) { return t.state != suspended && x.what != timer::kind::retry; });
  if (all.empty())
    return std::nullopt;
  return std::ranges::min(all).when;
}

void planner::expire(const timer& x) {
  auto& j = jobs_[x.job - 1];
  auto& t = j.tasks[x.task];
  const auto id = plan::attempt_id{x.job, x.task, t.visit, t.attempt};
  const auto was_running = t.state == task_state::running;
  switch (x.what) {
  case timer::kind::condition:
    wake(j, x.task);
    break;
  case timer::kind::deadline:
    if (t.on_deadline == on_deadline::wake) {
      wake(j, x.task);
      t.deadline_passed = true;
    } else {
      t.why = error{code::timeout, ""};
      go(j, x.task, task_state::failed, "timeout");
    }
    break;
  case timer::kind::attempt:
    fail_attempt(j, x.task, {.code = "timeout", .message = ""}, {});
    break;
  case timer::kind::retry:
    if (is_out(j, x.task))
      t.waits_for_slot = true;
    else
      go(j, x.task, ready);
    break;
  case timer::kind::total:
    t.why = error{code::timeout, ""};
    go(j, x.task, task_state::failed, "timeout");
    break;
  }
  if (was_running) {
    timed_out_.insert(id);
    result_.commands.push_back(plan::stop{t.agent, id});
  }
}

// -- who runs next ------------------------------------------------------------

std::int64_t planner::free_slots(const std::string& name) const {
  const auto it = agents_.find(name);
  if (it == agents_.end() || !it->second.here)
    return 0;
  return it->second.slots
       - std::ranges::count_if(out_, [&](const auto& x) { return x.second.agent == name; });
}

bool planner::may_start(const job& j, const task& t, std::uint32_t number) const {
  return j.taken && t.state == ready && !is_out(j, number);
}

bool planner::is_out(const job& j, std::uint32_t number) const {
  return std::ranges::any_of(
    out_, [&](const auto& x) { return x.first.job == j.number && x.first.task == number; });
}

bool planner::is_known(const std::string& name) const {
  const auto it = agents_.find(name);
  return it != agents_.end() && it->second.has_joined;
}

/// The slot of an attempt that had timed out.
void planner::slot_is_back(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  t.waits_for_slot = false;
  if (t.state == backoff && t.retry_at <= now_)
    go(j, number, ready);
}

void planner::start(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  auto& a = agents_[t.agent];
  ++t.attempt;
  ++t.starts;
  if (!t.first_start)
    t.first_start = now_;
  const auto limit = t.timeout ? t.timeout : a.settings.timeout;
  t.attempt_ends = limit ? std::optional{now_ + *limit} : std::nullopt;
  t.was_at_most_once = t.at_most_once || a.settings.at_most_once;
  t.max_interruptions = a.settings.max_interruptions;
  if (t.interruptions < limits::interruptions_before_alone)
    std::erase(ring_of(j, t), j.number); // to the end of it, if there are more
  go(j, number, task_state::running);
  const auto id = plan::attempt_id{j.number, number, t.visit, t.attempt};
  out_[id] = {t.agent, t.interruptions >= limits::interruptions_before_alone};

  auto made = plan::assignment{};
  made.attempt = id;
  made.job_id = j.id;
  made.task_name = t.name;
  made.deadline_passed = t.deadline_passed;
  made.input = stored(t.input);
  made.state = stored(t.saved);
  made.feedback = stored(t.feedback);
  for (auto n : t.after)
    made.dependencies.push_back({n, 1});
  for (auto n : t.waited)
    made.dependencies.push_back({n, 1});
  result_.commands.push_back(plan::assign{t.agent, {made}});
}

void planner::assign() {
  while (assign_one()) {}
}

bool planner::assign_one() {
  struct candidate {
    job* j;
    std::uint32_t number;
    task& get() const {
      return j->tasks[number];
    }
  };
  if (std::ranges::any_of(out_, [](const auto& x) { return x.second.alone; }))
    return false;
  auto all = std::vector<candidate>{};
  auto alone = std::vector<candidate>{};
  for (auto& j : jobs_)
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
      const auto& t = j.tasks[i];
      const auto& a = agents_[t.agent];
      if (!may_start(j, t, i))
        continue;
      if (t.interruptions < limits::interruptions_before_alone)
        all.push_back({&j, i});
      else if (a.here && a.slots > 0)
        alone.push_back({&j, i});
    }
  if (!alone.empty()) {
    if (!out_.empty())
      return false;
    // min_element takes the first of equals: the lowest job and task number.
    const auto best = *std::ranges::min_element(
      alone, {}, [](const candidate& c) { return c.get().interruptions; });
    start(*best.j, best.number);
    return true;
  }
  for (const auto& [name, a] : agents_) {
    if (free_slots(name) <= 0)
      continue;
    auto mine = std::vector<candidate>{};
    for (const auto& c : all)
      if (c.get().agent == name)
        mine.push_back(c);
    if (mine.empty())
      continue;
    // Highest priorities first, then the job whose turn it is, then the number.
    const auto best = *std::ranges::min_element(mine, {}, [&](const candidate& c) {
      const auto& ring = ring_of(*c.j, c.get());
      return std::tuple{-std::int64_t{c.j->priority}, -std::int64_t{c.get().priority},
                        std::ranges::find(ring, c.j->number) - ring.begin(), c.number};
    });
    start(*best.j, best.number);
    return true;
  }
  return false;
}

// -- states -------------------------------------------------------------------

job_event& planner::record(job& j) {
  if (result_.touched.insert(j.number).second)
    j.history.push_back({.time = now_, .state = {}, .moves = {}});
  return j.history.back();
}

void planner::go(job& j, std::uint32_t number, task_state to, std::string code) {
  auto& t = j.tasks[number];
  if (covers) {
    ++covers->arrows[{t.state, to}];
    if (to == task_state::failed)
      ++covers->happened["failed as " + code];
  }
  // Readiness of a task that never started is not a fact of its own: it is not recorded.
  if (t.state != waiting || to != ready)
    record(j).moves.push_back({number, to, t.visit, t.attempt, std::move(code)});
  t.state = to;
  if (settled(to))
    t.ended = now_;
  keep_rings(j);
}

std::vector<std::uint64_t>& planner::ring_of(const job& j, const task& t) {
  return rings_[{t.agent, j.priority, t.priority}];
}

/// The job stands once in the ring of every agent and priority of which it has a ready task.
void planner::keep_rings(const job& j) {
  for (const auto& t : j.tasks) {
    const auto has_ready = j.taken && std::ranges::any_of(j.tasks, [&](const task& other) {
                             return other.state == ready && other.agent == t.agent
                                 && other.priority == t.priority
                                 && other.interruptions < limits::interruptions_before_alone;
                           });
    auto& ring = ring_of(j, t);
    const auto stands = std::ranges::count(ring, j.number) > 0;
    if (has_ready && !stands)
      ring.push_back(j.number);
    if (!has_ready && stands)
      std::erase(ring, j.number);
  }
}

void planner::wake(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  ++t.visit;
  t.attempt = 0;
  t.failures = 0;
  t.deadline_passed = false;
  t.feedback = {};
  t.conditions.clear();
  t.deadline.reset();
  go(j, number, ready);
}

void planner::end(job& j) {
  const auto bad = std::ranges::any_of(j.tasks, [](const task& t) {
    return !t.optional
        && (t.state == task_state::failed || t.state == cancelled || t.skipped_by_failure);
  });
  j.state = bad ? job_state::failed : job_state::completed;
  j.ended = now_;
  record(j).state = j.state;
  for (auto client : j.clients)
    result_.commands.push_back(plan::answer{client, j.number, j.state});
  j.clients.clear();
}

void planner::settle(job& j) {
  while (settle_once(j)) {}
  if (!finished(j.state)
      && std::ranges::all_of(j.tasks, [](const task& t) { return settled(t.state); }))
    end(j);
}

/// One round: what follows for each task from how all of them stood before.
bool planner::settle_once(job& j) {
  auto changed = false;
  const auto before = j.tasks;
  for (auto i = std::uint32_t{0}; i < before.size(); ++i) {
    const auto& t = before[i];
    if (t.state == suspended
        && std::ranges::any_of(t.conditions, [&](const wait_for& c) { return holds(before, c); })) {
      wake(j, i);
      changed = true;
    }
    if (t.state != waiting)
      continue;
    const auto bad = std::ranges::find_if(t.after, [&](auto n) {
      return settled(before[n].state) && before[n].state != task_state::completed;
    });
    const auto all = std::ranges::all_of(
      t.after, [&](auto n) { return before[n].state == task_state::completed; });
    if (bad != t.after.end()) {
      auto& mine = j.tasks[i];
      mine.skipped_by_upstream = true;
      mine.skipped_by_failure = is_failure(before[*bad]);
      go(j, i, task_state::skipped);
      changed = true;
    } else if (all) {
      go(j, i, ready);
      changed = true;
    }
  }
  return changed;
}

} // namespace dagger::model
