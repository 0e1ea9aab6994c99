// Reports come in: an attempt is completed, waits, failed, or was cut off, and what it
// added becomes part of the job, or nothing of it.
#include <dagger/plan/additions.hpp>
#include <dagger/plan/planner_impl.hpp>
#include <dagger/plan/retry.hpp>

#include <dagger/check.hpp>
#include <dagger/codec/json.hpp>

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace dagger::plan {

namespace {

/// Whether `numbers` go up and lie behind all of `ranges`.
bool all_behind(const std::vector<std::uint32_t>& numbers,
                std::initializer_list<const std::vector<task_range>*> ranges) {
  for (auto part : ranges)
    for (auto& r : *part)
      if (numbers.front() < r.first + r.count)
        return false;
  return std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>{})
      == numbers.end();
}

/// Appends what neither `to` nor `others` hold, in order and once each; returns it.
std::vector<std::uint32_t> add_new(std::vector<task_range>& to,
                                   std::initializer_list<const std::vector<task_range>*> others,
                                   const std::vector<std::uint32_t>& numbers) {
  auto seen = std::unordered_set<std::uint32_t>{};
  auto fresh = std::vector<std::uint32_t>{};
  if (numbers.empty())
    return fresh;
  if (all_behind(numbers, {&to}) && all_behind(numbers, others)) {
    for (auto x : numbers)
      add_to(to, x);
    return numbers;
  }
  auto note = [&](std::uint32_t x) { seen.insert(x); };
  for_each(to, note);
  for (auto other : others)
    for_each(*other, note);
  for (auto x : numbers)
    if (seen.insert(x).second) {
      add_to(to, x);
      fresh.push_back(x);
    }
  return fresh;
}

} // namespace

void planner::impl::take(const tasks_reported& x) {
  for (auto& r : x.reports)
    take(r);
}

bool is_outcome(const report& r) {
  return !std::holds_alternative<given_back>(r.outcome)
      && !std::holds_alternative<abandoned>(r.outcome);
}

/// The slot of an attempt that was over before: its task may have waited for that.
void planner::impl::slot_is_back(job* j, std::uint32_t t) {
  if (!j) // it has been purged
    return;
  auto& row = j->tasks[t].row;
  if (row.state == task_state::backoff && row.due <= now)
    make_ready(*j, t);
  else if (row.state == task_state::ready)
    enqueue(*j, t);
}

void planner::impl::take(const report& r) {
  apply(r);
  for (auto number : std::exchange(submitted_jobs, {}))
    enter_new(jobs.at(number));
}

void planner::impl::apply(const report& r) {
  auto found = running.find({r.attempt.job, r.attempt.task});
  if (found == running.end() || found->second.attempt != r.attempt) {
    // Of an agent that was lost, or of a thread that was given up.
    if (auto j = is_outcome(r) ? find_or_load(r.attempt.job) : nullptr;
        j && r.attempt.task < j->tasks.size())
      note_late(*j, r);
    return;
  }
  auto s = std::move(found->second);
  running.erase(found);
  ++agent(s.agent).free;
  alone_runs &= !s.alone;
  if (auto waited_for = give_resources(s); waited_for || s.lingering)
    slots_change({s.attempt.job}, waited_for);
  if (s.lingering) {
    auto* late = find_or_load(r.attempt.job);
    if (late)
      note_late(*late, r);
    slot_is_back(late, r.attempt.task);
    return;
  }
  auto& j = *find_or_load(r.attempt.job);
  auto t = r.attempt.task;
  keep_progress(j, t, s);
  if (is_ending(j, t))
    return end_cancelled(j, r);
  if (std::holds_alternative<given_back>(r.outcome))
    return give_back(j, t);
  if (std::holds_alternative<abandoned>(r.outcome))
    return interrupt(j, t);
  j.tasks[t].row.interruptions = 0;
  if (auto x = std::get_if<failed>(&r.outcome))
    return fail_attempt(j, t, x->why, x->feedback);
  auto conditions = std::vector<clause>{};
  auto wrong = refusal_of_jobs(j, r);
  if (!wrong)
    wrong = add_all(j, t, r, conditions);
  if (wrong)
    return fail_attempt(j, t, {wrong->code, wrong->message, false, std::nullopt});
  publish(r);
  auto& row = j.tasks[t].row;
  if (r.summary)
    row.summary = *r.summary;
  row.feedback = keep(j, t, store::slot::feedback, {}, row.feedback);
  if (auto x = std::get_if<completed>(&r.outcome)) {
    complete(j, t, r, *x);
  } else if (auto y = std::get_if<suspended>(&r.outcome)) {
    suspend(j, t, *y, std::move(conditions));
  } else if (auto z = std::get_if<in_review>(&r.outcome)) {
    await_review(j, t, *z);
  } else {
    move(j, t, task_state::skipped, {}, std::get<skipped>(r.outcome).reason);
    settle(j, t);
  }
}

/// Its messages are part of the outcome: the same batch appends them.
void planner::impl::publish(const report& r) {
  for (auto& x : r.messages) {
    if (x.anew)
      out.writes.erase(store::table::once, store::key::once(x.log, x.id));
    out.writes.append(x.log, store::kind::message, x.row, x.id);
  }
}

/// The attempt was over before: it changes nothing but the history.
void planner::impl::note_late(job& j, const report& r) {
  if (!is_outcome(r))
    return;
  auto t = r.attempt.task;
  touch(j);
  j.transitions.push_back({t, j.tasks[t].row.state, r.attempt.visit, r.attempt.attempt,
                           std::string{code::late_report},
                           "the report came after the attempt was over; it changes nothing"});
}

void planner::impl::fail_attempt(job& j, std::uint32_t t, const failure& why,
                                 const payload& feedback) {
  auto& x = j.tasks[t];
  x.row.feedback = keep(j, t, store::slot::feedback, feedback, x.row.feedback);
  x.row.interruptions = 0;
  ++x.row.failures;
  auto& policy = retry_of(x);
  if (!tries_again(policy, why, x.row.failures))
    return fail_task(j, t, why.code, why.message);
  auto identity = j.row.id + ':' + std::to_string(t) + ':' + std::to_string(x.row.visit) + ':'
                + std::to_string(x.row.attempt);
  auto pause = pause_after(policy, why, x.row.failures, identity);
  move(j, t, task_state::backoff, why.code, why.message);
  x.row.due = later(now, pause);
  if (pause.count() > 0 || running.contains({j.number, t}))
    set_alarm(alarm::kind::backoff, *x.row.due, j, t);
  else
    make_ready(j, t);
}

void planner::impl::interrupt(job& j, std::uint32_t t) {
  if (is_ending(j, t))
    return cancel_task(j, t);
  auto& row = j.tasks[t].row;
  ++row.interruptions;
  constexpr auto text = "the engine or the agent ended during the attempt";
  if (row.at_most_once || row.interruptions >= row.max_interruptions)
    return fail_task(j, t, code::interrupted,
                     row.at_most_once ? std::string{text} + "; it runs at most once"
                                      : std::string{text} + ", " + std::to_string(row.interruptions)
                                          + " times in a row");
  move(j, t, task_state::ready, std::string{code::interrupted}, text);
  enqueue(j, t);
}

void planner::impl::give_back(job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  --row.attempt;
  --row.starts;
  make_ready(j, t);
}

/// Makes them; nobody looks at them yet.
void planner::impl::add_tasks(job& j, std::optional<std::uint32_t> parent, const report& r,
                              const additions& made) {
  auto first = static_cast<std::uint32_t>(j.tasks.size());
  j.tasks.resize(first + r.added.size());
  for (auto n = std::uint32_t{0}; n < r.added.size(); ++n)
    if (!r.added[n].name.empty())
      j.names.emplace(r.added[n].name, first + n);
  for (auto n = std::uint32_t{0}; n < r.added.size(); ++n) {
    auto& row = j.tasks[first + n].spec = row_of(j, r.added[n], first + n);
    row.parent = parent;
    add_new(row.after, {}, made.after[n]);
  }
}

std::optional<error> planner::impl::add_all(job& j, std::uint32_t t, const report& r,
                                            std::vector<clause>& conditions) {
  auto wait = std::get_if<suspended>(&r.outcome);
  if (r.added.empty() && r.dependencies.empty() && !wait) {
    submit_all(j, r);
    return std::nullopt;
  }
  auto made = resolve(j, t, r, agents, options.pool);
  if (!made)
    return made.error();
  submit_all(j, r);
  auto first = static_cast<std::uint32_t>(j.tasks.size());
  add_tasks(j, t, r, *made);
  auto changed = std::vector<std::uint32_t>{}; // waiting tasks that were there before
  for (auto& [later, earlier] : made->dependencies) {
    auto& x = j.tasks[later];
    auto fresh = add_new(x.row.added_after, {&x.spec.after}, earlier);
    if (fresh.empty())
      continue;
    touch(j, later);
    if (later >= first)
      continue;
    changed.push_back(later);
    for (auto on : fresh)
      if (!settled(j.tasks[on].row)) {
        ++x.pending;
        j.tasks[on].listeners.push_back({later, 0, 0});
      }
  }
  if (wait)
    for (auto c = std::size_t{0}; c < wait->any_of.size(); ++c) {
      auto& from = wait->any_of[c];
      auto& to = conditions.emplace_back();
      to.mode = from.mode;
      to.until = from.delay ? later(now, *from.delay) : within_reach(from.until);
      add_new(to.tasks, {}, made->awaited[c]);
      to.expected = std::move(made->expected[c]);
      to.signal = from.signal_name;
      if (from.signal_schema != json(true))
        to.schema = to_text(from.signal_schema);
      for (auto& id : from.jobs)
        to.jobs.push_back(find(id)->number);
      std::ranges::sort(to.jobs);
      to.jobs.erase(std::unique(to.jobs.begin(), to.jobs.end()), to.jobs.end());
    }
  if (!r.added.empty())
    enter_new(j);
  for (auto later : changed) // perhaps by something that has ended badly
    if (j.tasks[later].row.state == task_state::waiting)
      look_at_dependencies(j, later);
  return std::nullopt;
}

void planner::impl::forget_visit(job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  row.saved_state = keep(j, t, store::slot::state, {}, row.saved_state);
  row.feedback = keep(j, t, store::slot::feedback, {}, row.feedback);
}

void planner::impl::complete(job& j, std::uint32_t t, const report& r, const completed& x) {
  auto& row = j.tasks[t].row;
  row.output = keep(j, t, store::slot::output, x.output);
  keep_output(j, t, r, x);
  forget_visit(j, t);
  row.code.clear();
  row.message.clear();
  move(j, t, task_state::completed, std::string{x.cached.empty() ? "" : code::cached}, x.cached);
  note_completion(j, t);
  settle(j, t);
}

void planner::impl::suspend(job& j, std::uint32_t t, const suspended& x,
                            std::vector<clause> conditions) {
  auto& row = j.tasks[t].row;
  row.saved_state = keep(j, t, store::slot::state, x.state, row.saved_state);
  auto awaited = std::vector<std::uint32_t>{};
  for (auto& c : conditions)
    for_each(c.tasks, [&](std::uint32_t on) { awaited.push_back(on); });
  add_new(row.waited, {&j.tasks[t].spec.after, &row.added_after}, awaited);
  row.wait = wait_row{std::move(conditions), {}, x.on_deadline};
  if (x.deadline)
    row.wait->deadline = later(now, *x.deadline);
  if (!x.default_answer.empty())
    row.wait->on_deadline = on_deadline::wake;
  if (!x.default_answer.empty() || row.more) {
    auto& more = row.rarely();
    more.answer = keep(j, t, store::slot::answer, x.default_answer, more.answer);
  }
  move(j, t, task_state::suspended);
  enter_wait(j, t);
}

void planner::impl::await_review(job& j, std::uint32_t t, const in_review& x) {
  auto& row = j.tasks[t].row;
  row.output = keep(j, t, store::slot::output, x.output, row.output);
  if (row.more)
    row.more->kept.reset();
  auto wait = suspended{};
  wait.state = x.state;
  wait.deadline = x.deadline;
  wait.on_deadline = x.on_deadline;
  auto review = clause{};
  review.mode = wait_mode::review;
  suspend(j, t, wait, {std::move(review)});
}

} // namespace dagger::plan
