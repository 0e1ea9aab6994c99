// Who runs next: agents come and go, free slots are filled.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>

namespace dagger::plan {

agent_entry& planner::impl::agent(const std::string& name) {
  return agents[name];
}

const retry_policy& planner::impl::retry_of(const task& t) {
  return t.spec.retry ? *t.spec.retry : agent(t.spec.agent).terms.retry;
}

std::optional<duration> planner::impl::heartbeat_of(const task& t) {
  return t.spec.heartbeat ? t.spec.heartbeat : agent(t.spec.agent).terms.heartbeat;
}

std::optional<duration> planner::impl::limit_of(const task& t) {
  return t.spec.timeout ? t.spec.timeout : agent(t.spec.agent).terms.timeout;
}

void planner::impl::take(const agent_joined& x) {
  auto& a = agent(x.agent);
  a.terms = x;
  a.known = true;
  a.here = true;
  a.free += static_cast<std::int64_t>(x.slots) - a.slots;
  a.slots = x.slots;
}

void planner::impl::take(const agent_lost& x) {
  auto& a = agent(x.agent);
  auto lost = std::vector<start>{};
  for (auto i = running.begin(); i != running.end();) {
    if (i->second.agent == x.agent) {
      lost.push_back(i->second);
      i = running.erase(i);
    } else {
      ++i;
    }
  }
  a.here = false;
  a.slots = 0;
  a.free = 0;
  auto of = std::set<std::uint64_t>{};
  auto waited_for = false;
  for (auto& s : lost) {
    waited_for |= give_resources(s);
    of.insert(s.attempt.job);
  }
  slots_change(of, waited_for);
  for (auto& s : lost) {
    alone_runs &= !s.alone;
    auto j = find_or_load(s.attempt.job);
    check(j || s.lingering, "a running task has no job");
    if (!s.lingering) {
      keep_progress(*j, s.attempt.task, s);
      interrupt(*j, s.attempt.task);
    } else {
      slot_is_back(j, s.attempt.task);
    }
  }
}

void planner::impl::take(const slots_changed& x) {
  auto& a = agent(x.agent);
  if (!a.here)
    return;
  auto slots = std::max<std::int64_t>(0, std::int64_t{a.slots} + x.by);
  a.free += slots - a.slots;
  a.slots = static_cast<std::uint32_t>(slots);
}

void planner::impl::enqueue(job& j, std::uint32_t t) {
  auto& x = j.tasks[t];
  if (!is_ours(j.number) || running.contains({j.number, t}))
    return; // when the slot is back it goes on
  if (x.row.interruptions >= limits::interruptions_before_alone) {
    alone.emplace(x.row.interruptions, j.number, t);
    return;
  }
  auto& queue = agent(x.spec.agent).ready;
  if (j.held)
    queue.hold(j.number);
  auto group = group_of(j, t);
  if (group.held)
    queue.hold(j.number, group.number);
  queue.push({j.definition.priority, x.spec.priority}, j.number, t, group.number);
}

/// The task ends without having run.
void planner::impl::dequeue(job& j, std::uint32_t t) {
  auto& x = j.tasks[t];
  alone.erase({x.row.interruptions, j.number, t});
  agent(x.spec.agent)
    .ready.erase({j.definition.priority, x.spec.priority}, j.number, t, group_of(j, t).number);
}

void planner::impl::dispatch() {
  if (!alone_runs && !dispatch_alone())
    for (auto& [name, a] : agents)
      while (a.free > 0) {
        auto next = a.ready.pop();
        if (!next)
          break;
        assign_to(a, jobs.at(next->job), next->task, false);
      }
  for (auto& [name, a] : agents)
    if (!a.given.empty())
      out.commands.push_back(assign{name, std::exchange(a.given, {})});
}

/// True if nothing else may start now.
bool planner::impl::dispatch_alone() {
  for (auto [interruptions, number, t] : alone) {
    auto& j = jobs.at(number);
    auto& a = agent(j.tasks[t].spec.agent);
    if (a.slots == 0 || j.held
        || lacks(j.tasks[t].spec.rare().resources, options.pool, j.definition.resources))
      continue;
    if (running.empty()) {
      alone.erase({interruptions, number, t});
      assign_to(a, j, t, true);
    }
    return true;
  }
  return false;
}

void planner::impl::assign_to(agent_entry& a, job& j, std::uint32_t t, bool by_itself) {
  auto& x = j.tasks[t];
  ++x.row.attempt;
  ++x.row.starts;
  x.row.at_most_once = x.spec.at_most_once || a.terms.at_most_once;
  x.row.max_interruptions = a.terms.max_interruptions;
  move(j, t, task_state::running);
  if (!x.row.started) {
    x.row.started = now;
    if (x.spec.total_timeout) {
      x.row.total_deadline = later(now, *x.spec.total_timeout);
      set_alarm(alarm::kind::total, *x.row.total_deadline, j, t);
    }
  }
  auto made = assignment{};
  made.attempt = {j.number, t, x.row.visit, x.row.attempt};
  made.at = now;
  made.job_id = j.row.id;
  made.task_name = j.task_name(t);
  made.parent = x.spec.parent;
  made.compensates = x.spec.rare().compensates;
  auto& more = x.row.rare();
  made.first_visit = x.row.visit == more.first_visit;
  made.cause = {more.woken_by, x.row.deadline_passed, more.signalled};
  made.answer = more.answer;
  made.progress = more.progress;
  made.round = more.round;
  made.templated = x.spec.templated;
  made.input = more.has_input ? more.input : x.spec.input;
  made.state = x.row.saved_state;
  made.feedback = x.row.feedback;
  for (auto part : {&x.spec.after, &x.row.added_after, &x.row.waited})
    if (j.replaced == 0)
      made.dependencies.insert(made.dependencies.end(), part->begin(), part->end());
    else
      for_each(*part, [&](std::uint32_t on) {
        if (!j.tasks[on].row.rare().replaced)
          add_to(made.dependencies, on);
      });
  auto& s = running[{j.number, t}] = start{made.attempt, x.spec.agent, by_itself};
  alone_runs |= by_itself;
  if (auto limit = limit_of(x)) {
    s.until = later(now, *limit);
    set_alarm(alarm::kind::attempt, *s.until, j, t);
  }
  if (auto limit = heartbeat_of(x)) {
    s.beat_until = later(now, *limit);
    set_alarm(alarm::kind::beat, *s.beat_until, j, t);
  }
  if (!x.spec.rare().resources.empty())
    s.takes = x.spec.more;
  take_resources(s);
  --a.free;
  a.given.push_back(std::move(made));
}

} // namespace dagger::plan
