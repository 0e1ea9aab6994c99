// What reports do in the slow model: outcomes, what they add, cycles.
#include <model/planner_model.hpp>

#include <algorithm>
#include <cmath>

namespace dagger::model {

using enum task_state;

// -- small questions ----------------------------------------------------------

bool allows(const std::vector<std::string>& agents, const std::string& name) {
  return agents.empty() || std::ranges::count(agents, name) > 0;
}

bool is_failure(const task& t) {
  return t.state == task_state::failed || t.state == cancelled || t.skipped_by_failure;
}

bool holds(const std::vector<task>& tasks, const wait_for& c) {
  auto is_settled = [&](auto n) { return settled(tasks[n].state); };
  auto is_completed = [&](auto n) { return tasks[n].state == task_state::completed; };
  auto has_failed = [&](auto n) { return is_failure(tasks[n]); };
  if (c.mode == wait_mode::time)
    return false; // that is for the clock to say
  if (c.tasks.empty() || std::ranges::all_of(c.tasks, is_settled))
    return true;
  if (c.mode == wait_mode::all_or_failure)
    return std::ranges::any_of(c.tasks, has_failed);
  return c.mode == wait_mode::any && std::ranges::any_of(c.tasks, is_completed);
}

plan::stored_payload stored(const payload& x) {
  auto made = plan::stored_payload{};
  made.present = !x.empty();
  made.size = x.bytes().size();
  if (made.is_inline())
    made.bytes = x.bytes();
  return made;
}

void once_each(std::vector<std::uint32_t>& list, std::uint32_t n) {
  if (std::ranges::count(list, n) == 0)
    list.push_back(n);
}

task made_of(const plan::task_spec& s, std::uint32_t number) {
  auto t = task{};
  t.name = s.name.empty() ? s.agent + "-" + std::to_string(number) : s.name;
  t.agent = s.agent;
  t.priority = s.priority;
  t.optional = s.optional;
  t.at_most_once = s.at_most_once;
  t.retry = s.retry;
  t.timeout = s.timeout;
  t.total_timeout = s.total_timeout;
  t.input = s.input;
  return t;
}

std::optional<std::uint32_t> find(const job& j, std::uint32_t base, const task_ref& ref) {
  if (ref.added != task_ref::by_name)
    return base + ref.added;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].name == ref.name)
      return i;
  return std::nullopt;
}

namespace {

duration pause_after(const retry_policy& p, std::uint32_t n) {
  auto ms = static_cast<double>(p.initial.count());
  if (p.backoff == backoff::linear)
    ms *= n;
  if (p.backoff == backoff::exponential)
    ms *= std::pow(p.multiplier, n - 1);
  return duration{std::llround(std::min(ms, static_cast<double>(p.max.count())))};
}

bool passes(const retry_policy& p, const std::string& code) {
  const auto wanted = p.retry_on.empty() || std::ranges::count(p.retry_on, code) > 0;
  return wanted && std::ranges::count(p.abort_on, code) == 0;
}

/// What `number` cannot go on without.
std::vector<std::uint32_t> needs(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto all = t.after;
  if (t.state == suspended)
    for (const auto& c : t.conditions)
      all.insert(all.end(), c.tasks.begin(), c.tasks.end());
  std::erase_if(all, [&](auto n) { return settled(j.tasks[n].state); });
  return all;
}

/// Whether a walk along `needs` from `start` comes back to it.
bool in_a_cycle(const job& j, std::uint32_t start) {
  auto seen = std::vector<bool>(j.tasks.size(), false);
  auto next = std::vector<std::uint32_t>{start};
  while (!next.empty()) {
    const auto at = next.back();
    next.pop_back();
    if (settled(j.tasks[at].state))
      continue;
    for (auto n : needs(j, at)) {
      if (n == start)
        return true;
      if (!seen[n])
        next.push_back(n);
      seen[n] = true;
    }
  }
  return false;
}

bool has_cycle(const job& j) {
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (in_a_cycle(j, i))
      return true;
  return false;
}

} // namespace

// -- reports ------------------------------------------------------------------

void planner::report(const plan::report& x) {
  const auto [number, task, visit, attempt] = x.attempt;
  if (number == 0 || number > jobs_.size() || task >= jobs_[number - 1].tasks.size())
    return;
  auto& j = jobs_[number - 1];
  const auto had_slot = out_.erase(x.attempt) > 0;
  const auto timed_out = timed_out_.erase(x.attempt) > 0;
  if (had_slot && !timed_out) {
    outcome(j, task, x);
    settle(j);
    return;
  }
  if (!std::holds_alternative<plan::given_back>(x.outcome)
      && !std::holds_alternative<plan::abandoned>(x.outcome)) {
    take(j);
    if (covers)
      ++covers->happened["late report"];
    record(j).moves.push_back({task, j.tasks[task].state, visit, attempt, "late_report"});
  }
  if (had_slot)
    slot_is_back(j, task);
}

void planner::outcome(job& j, std::uint32_t number, const plan::report& x) {
  if (std::holds_alternative<plan::given_back>(x.outcome)) {
    auto& t = j.tasks[number];
    --t.attempt;
    --t.starts;
    go(j, number, ready);
    return;
  }
  if (std::holds_alternative<plan::abandoned>(x.outcome)) {
    interrupt(j, number);
    return;
  }
  if (const auto* f = std::get_if<plan::failed>(&x.outcome)) {
    fail_attempt(j, number, f->why, f->feedback);
    return;
  }
  // Everything happens to a copy, which takes the job's place if nothing is wrong with it.
  auto copy = j;
  const auto base = static_cast<std::uint32_t>(j.tasks.size());
  copy.tasks[number].interruptions = 0;
  auto wrong = add_tasks(copy, number, x);
  if (!wrong)
    wrong = add_dependencies(copy, base, x);
  if (!wrong) {
    if (const auto* s = std::get_if<plan::suspended>(&x.outcome))
      suspend(copy, number, base, *s);
    else if (std::holds_alternative<plan::completed>(x.outcome))
      copy.tasks[number].state = task_state::completed;
    else
      copy.tasks[number].state = task_state::skipped;
    if (has_cycle(copy))
      wrong = error{code::wait_cycle, "a cycle"};
  }
  if (wrong) {
    fail_attempt(j, number, {.code = wrong->code, .message = wrong->message, .retryable = false},
                 {});
    return;
  }
  const auto to = copy.tasks[number].state;
  copy.tasks[number].state = task_state::running;
  j = std::move(copy);
  auto& t = j.tasks[number];
  if (x.summary)
    t.summary = *x.summary;
  if (const auto* c = std::get_if<plan::completed>(&x.outcome)) {
    t.output = c->output;
    t.saved = {};
  }
  if (const auto* s = std::get_if<plan::skipped>(&x.outcome))
    t.why = error{"", s->reason};
  t.feedback = {};
  auto& row = record(j);
  row.first_added = base;
  if (!x.added.empty())
    row.added += static_cast<std::uint32_t>(x.added.size());
  go(j, number, to);
  if (std::ranges::any_of(t.conditions, [&](const wait_for& c) {
        return c.mode == wait_mode::time && c.until <= now_;
      }))
    wake(j, number);
}

std::optional<error> planner::add_tasks(job& j, std::uint32_t reporter, const plan::report& x) {
  const auto base = static_cast<std::uint32_t>(j.tasks.size());
  for (const auto& s : x.added) {
    auto t = made_of(s, static_cast<std::uint32_t>(j.tasks.size()));
    t.created = now_;
    t.parent = reporter;
    if (!is_known(t.agent))
      return error{code::not_found, "no such agent"};
    if (!allows(j.allowed_agents, t.agent))
      return error{code::limit, "the agent is not allowed"};
    if (std::ranges::count(j.tasks, t.name, &task::name) > 0)
      return error{code::conflict, "the name is in use"};
    j.tasks.push_back(std::move(t));
  }
  for (auto i = std::size_t{0}; i < x.added.size(); ++i)
    for (const auto& ref : x.added[i].after) {
      const auto on = find(j, base, ref);
      if (!on)
        return error{code::not_found, "no such task"};
      once_each(j.tasks[base + i].after, *on);
    }
  return std::nullopt;
}

std::optional<error> planner::add_dependencies(job& j, std::uint32_t base, const plan::report& x) {
  for (const auto& d : x.dependencies) {
    const auto later = find(j, base, d.task);
    const auto earlier = find(j, base, d.on);
    if (!later || !earlier)
      return error{code::not_found, "no such task"};
    if (*later < base && j.tasks[*later].state != waiting)
      return error{code::misuse, "the task is not waiting any more"};
    once_each(j.tasks[*later].after, *earlier);
  }
  return std::nullopt;
}

void planner::suspend(job& j, std::uint32_t number, std::uint32_t base, const plan::suspended& x) {
  auto& t = j.tasks[number];
  t.state = suspended;
  t.saved = x.state;
  t.conditions.clear();
  for (const auto& c : x.any_of) {
    auto& made = t.conditions.emplace_back(wait_for{c.mode, {}, c.until});
    if (c.delay)
      made.until = now_ + *c.delay;
    for (const auto& ref : c.tasks) {
      const auto on = *find(j, base, ref);
      once_each(made.tasks, on);
      if (std::ranges::count(t.after, on) == 0)
        once_each(t.waited, on);
    }
  }
  t.on_deadline = x.on_deadline;
  t.deadline = x.deadline ? std::optional{now_ + *x.deadline} : std::nullopt;
}

void planner::fail_attempt(job& j, std::uint32_t number, const failure& why,
                           const payload& feedback) {
  auto& t = j.tasks[number];
  const auto policy = t.retry ? *t.retry : agents_[t.agent].settings.retry;
  t.interruptions = 0;
  t.feedback = feedback;
  t.why = error{why.code, why.message};
  ++t.failures;
  if (!why.retryable || !passes(policy, why.code) || t.failures >= policy.max_attempts) {
    go(j, number, task_state::failed, why.code);
    return;
  }
  const auto pause =
    std::max(pause_after(policy, t.failures), why.retry_after.value_or(duration{}));
  t.retry_at = now_ + pause;
  go(j, number, backoff, why.code);
  if (pause <= duration::zero() && !is_out(j, number))
    go(j, number, ready);
}

void planner::interrupt(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  ++t.interruptions;
  if (t.was_at_most_once || t.interruptions >= t.max_interruptions) {
    t.why = error{code::interrupted, ""};
    go(j, number, task_state::failed, "interrupted");
  } else {
    go(j, number, ready, "interrupted");
  }
}

} // namespace dagger::model
