// What reports do in the slow model: outcomes, and what they add.
#include <model/planner_model.hpp>

#include <algorithm>
#include <cmath>

namespace dagger::model {

using enum task_state;

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

template <class Outcome>
bool is(const plan::report& x) {
  return std::holds_alternative<Outcome>(x.outcome);
}

/// A review is a wait for its own condition.
plan::suspended as_wait(const plan::in_review& x) {
  auto wait = plan::suspended{};
  wait.any_of = {condition{.mode = wait_mode::review}};
  wait.state = x.state;
  wait.deadline = x.deadline;
  wait.on_deadline = x.on_deadline;
  return wait;
}

} // namespace

void planner::report(const plan::report& x) {
  const auto [number, task, visit, attempt] = x.attempt;
  if (number == 0 || number > jobs_.size())
    return;
  auto& j = jobs_[number - 1];
  const auto slot = out_.extract(x.attempt);
  const auto had_slot = !slot.empty();
  const auto was_over = over_.erase(x.attempt) > 0;
  if (task >= j.tasks.size()) // also all of a purged job
    return;
  if (had_slot && (was_over || !slot.mapped().takes.empty())) {
    returning_.emplace(number, task);
    keep_all_rings();
    returning_.clear();
  }
  if (had_slot && !was_over) {
    outcome(j, task, x);
    settle(j);
    return;
  }
  if (!is<plan::given_back>(x) && !is<plan::abandoned>(x)) {
    if (covers)
      ++covers->happened["late report"];
    record(j).moves.push_back({task, j.tasks[task].state, visit, attempt, "late_report"});
  }
  if (had_slot)
    slot_is_back(j, task);
}

void planner::outcome(job& j, std::uint32_t number, const plan::report& x) {
  auto& t = j.tasks[number];
  if (is_ending(j, number)) {
    if (!is<plan::given_back>(x) && !is<plan::abandoned>(x))
      t.interruptions = 0;
    if (!is<plan::completed>(x) && !is<plan::skipped>(x))
      return cancel_task(j, number);
    auto alone = x;
    alone.added.clear();
    alone.dependencies.clear();
    alone.jobs.clear();
    return accept_outcome(j, number, alone);
  }
  if (is<plan::given_back>(x)) {
    --t.attempt;
    --t.starts;
    go(j, number, ready);
  } else if (is<plan::abandoned>(x)) {
    interrupt(j, number);
  } else if (const auto* f = std::get_if<plan::failed>(&x.outcome)) {
    fail_attempt(j, number, f->why, f->feedback);
  } else {
    accept_outcome(j, number, x);
  }
}

namespace {

/// What an attempt leaves in its task.
void leave(task& t, const plan::report& x) {
  t.cached = {};
  t.kept = {};
  if (const auto* c = std::get_if<plan::completed>(&x.outcome)) {
    t.output = c->output;
    t.saved = {};
    t.cached = c->cached;
    t.kept = c->place;
  }
  if (const auto* r = std::get_if<plan::in_review>(&x.outcome))
    t.output = r->output;
  if (const auto* s = std::get_if<plan::skipped>(&x.outcome))
    t.why = error{"", s->reason};
  t.feedback = {};
}

} // namespace

void planner::accept_outcome(job& j, std::uint32_t number, const plan::report& x) {
  // Everything happens to a copy, which takes the job's place if nothing is wrong with it.
  auto copy = j;
  const auto base = static_cast<std::uint32_t>(j.tasks.size());
  const auto jobs_before = jobs_.size();
  copy.tasks[number].interruptions = 0;
  auto new_jobs = std::vector<std::uint64_t>{};
  auto wrong = check_submits(j, x);
  if (!wrong)
    wrong = check_waits(j, x);
  if (!wrong)
    wrong = add_tasks(copy, number, x.added);
  if (!wrong)
    wrong = add_dependencies(copy, base, x);
  if (!wrong) {
    new_jobs = submit_jobs(j, x);
    if (const auto* s = std::get_if<plan::suspended>(&x.outcome))
      wrong = suspend(copy, number, base, *s);
    else if (const auto* r = std::get_if<plan::in_review>(&x.outcome))
      wrong = suspend(copy, number, base, as_wait(*r));
    else
      copy.tasks[number].state = is<plan::completed>(x) ? completed : skipped;
  }
  if (!wrong) {
    place_expected(copy);
    if (has_cycle(copy))
      wrong = error{code::wait_cycle, "a cycle"};
  }
  if (wrong) {
    jobs_.resize(jobs_before);
    for (auto n : new_jobs)
      result_.touched.erase(n);
    return fail_attempt(j, number,
                        {.code = wrong->code, .message = wrong->message, .retryable = false}, {});
  }
  const auto to = copy.tasks[number].state;
  copy.tasks[number].state = running;
  j = std::move(copy);
  auto& t = j.tasks[number];
  if (x.summary)
    t.summary = *x.summary;
  leave(t, x);
  const auto code = t.cached.empty() ? "" : "cached";
  if (is<plan::completed>(x) && x.keep)
    kept_[x.keep->place] = {x.keep->call, now_, later(now_, x.keep->keep), x.keep->files,
                            std::string{t.output.bytes()}};
  auto& row = record(j);
  if (row.added == 0)
    row.first_added = base;
  row.added += static_cast<std::uint32_t>(x.added.size());
  while (settle_once(j)) {}
  go(j, number, to, code);
  if (to == suspended)
    if (const auto first = first_that_holds(j, t))
      wake(j, number, {.condition = *first});
  settle(j);
  for (const auto& s : x.jobs) {
    auto& other = *by_id(s.spec->id);
    take(other);
    settle(other);
  }
}

std::optional<error> planner::add_tasks(job& j, std::optional<std::uint32_t> reporter,
                                        const std::vector<plan::task_spec>& added) {
  const auto base = static_cast<std::uint32_t>(j.tasks.size());
  if (j.limits.tasks > 0 && !added.empty() && size_of(j) + added.size() > j.limits.tasks)
    return error{code::limit, "too many tasks"};
  if (j.limits.depth > 0 && !added.empty()
      && (reporter ? level_of(j, *reporter) : 0) + 1 > j.limits.depth)
    return error{code::limit, "too many levels"};
  for (const auto& s : added) {
    auto t = made_of(s, static_cast<std::uint32_t>(j.tasks.size()));
    t.created = now_;
    t.parent = reporter;
    for (const auto& name : {t.agent, t.compensate}) {
      if (!name.empty() && !is_known(name))
        return error{code::not_found, "no such agent"};
      if (!name.empty() && !allows(j.allowed_agents, name))
        return error{code::limit, "the agent is not allowed"};
    }
    if (auto no = lacks(t.resources, j.resources))
      return no;
    if (find(j, 0, t.name))
      return error{code::conflict, "the name is in use"};
    j.tasks.push_back(std::move(t));
  }
  for (auto i = std::size_t{0}; i < added.size(); ++i)
    for (const auto& ref : added[i].after) {
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

std::optional<error> planner::suspend(job& j, std::uint32_t number, std::uint32_t base,
                                      const plan::suspended& x) {
  auto& t = j.tasks[number];
  t.state = suspended;
  t.saved = x.state;
  t.conditions.clear();
  for (const auto& c : x.any_of) {
    auto& made = t.conditions.emplace_back();
    made.mode = c.mode;
    made.until = c.delay ? now_ + *c.delay : c.until;
    made.signal = c.signal_name;
    auto wait_for_task = [&](std::uint32_t on) {
      once_each(made.tasks, on);
      if (std::ranges::count(t.after, on) == 0)
        once_each(t.waited, on);
    };
    for (const auto& ref : c.tasks) {
      const auto on = find(j, base, ref);
      if (!on)
        return error{code::not_found, "no such task"};
      wait_for_task(*on);
    }
    for (const auto& name : c.expected)
      if (const auto on = find(j, base, task_ref{name}))
        wait_for_task(*on);
      else if (std::ranges::count(made.expected, name) == 0)
        made.expected.push_back(name);
    for (const auto& id : c.jobs)
      if (const auto n = by_id(id)->number; std::ranges::count(made.jobs, n) == 0)
        made.jobs.push_back(n);
  }
  t.on_deadline = x.on_deadline;
  t.default_answer = x.default_answer;
  t.deadline = x.deadline ? std::optional{now_ + *x.deadline} : std::nullopt;
  return std::nullopt;
}

void planner::fail_attempt(job& j, std::uint32_t number, const failure& why,
                           const payload& feedback) {
  if (is_ending(j, number))
    return cancel_task(j, number);
  auto& t = j.tasks[number];
  const auto policy = t.retry ? *t.retry : agents_[t.agent].settings.retry;
  t.interruptions = 0;
  t.feedback = feedback;
  t.why = error{why.code, why.message};
  ++t.failures;
  if (!why.retryable || !passes(policy, why.code) || t.failures >= policy.max_attempts) {
    fail(j, number, why.code);
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
  if (is_ending(j, number))
    return cancel_task(j, number);
  auto& t = j.tasks[number];
  ++t.interruptions;
  if (t.was_at_most_once || t.interruptions >= t.max_interruptions) {
    fail(j, number, "interrupted");
  } else {
    go(j, number, ready, "interrupted");
  }
}

} // namespace dagger::model
