// Reports come in: an attempt is completed, waits, failed, or was cut off, and what it
// added becomes part of the job, or nothing of it.
#include <dagger/plan/planner_impl.hpp>
#include <dagger/plan/retry.hpp>

#include <dagger/check.hpp>

#include <algorithm>
#include <functional>
#include <unordered_set>

namespace dagger::plan {

namespace {

/// The tasks that an outcome adds, resolved to numbers, before anything is changed.
struct additions {
  std::vector<std::vector<std::uint32_t>> after;                    // of each added task
  std::map<std::uint32_t, std::vector<std::uint32_t>> dependencies; // later: earlier ones
  std::vector<std::vector<std::uint32_t>> awaited;                  // of each condition
};

/// Checks and resolves what a report adds to a job.
class adder {
public:
  adder(const job& j, std::uint32_t reporter, const report& r,
        const std::map<std::string, agent_entry, std::less<>>& agents)
    : job_(j),
      reporter_(reporter),
      report_(r),
      agents_(agents),
      old_(j.row.tasks) {}

  result<additions> run() {
    if (auto wrong = check_tasks())
      return fail(std::move(*wrong));
    if (auto wrong = resolve())
      return fail(std::move(*wrong));
    if (auto wrong = find_cycle())
      return fail(std::move(*wrong));
    return std::move(made_);
  }

private:
  std::optional<error> check_tasks() {
    if (std::size_t{old_} + report_.added.size() > limits::tasks_per_job)
      return error{code::limit,
                   "a job has at most " + std::to_string(limits::tasks_per_job) + " tasks"};
    if (!report_.added.empty() && depth() >= limits::task_depth)
      return error{code::limit,
                   "tasks are nested deeper than " + std::to_string(limits::task_depth)};
    auto& allowed_names = job_.definition.allowed_agents;
    for (auto n = std::uint32_t{0}; n < report_.added.size(); ++n) {
      auto& x = report_.added[n];
      if (auto a = agents_.find(x.agent); a == agents_.end() || !a->second.known)
        return error{code::not_found, "there is no agent '" + x.agent + "'"};
      if (!allowed_names.empty()
          && std::find(allowed_names.begin(), allowed_names.end(), x.agent) == allowed_names.end())
        return error{code::limit, "agent '" + x.agent + "' is not among the job's allowed agents"};
      if (x.input.bytes().size() > limits::payload_bytes)
        return error{code::too_large, "the input of an added task is larger than "
                                        + std::to_string(limits::payload_bytes) + " bytes"};
      if (x.name.empty())
        continue;
      if (!valid_name(x.name))
        return error{code::invalid_input, "'" + x.name + "' is not a name for a task"};
      if (job_.find(x.name) || !names_.emplace(x.name, old_ + n).second)
        return error{code::conflict, "there is a task '" + x.name + "' already"};
    }
    return std::nullopt;
  }

  std::uint32_t depth() const {
    auto n = std::uint32_t{1};
    for (auto up = job_.tasks[reporter_].spec.parent; up; up = job_.tasks[*up].spec.parent)
      ++n;
    return n;
  }

  result<std::uint32_t> number_of(const task_ref& x) const {
    if (x.added != task_ref::by_name) {
      if (x.added < report_.added.size())
        return old_ + x.added;
      return fail(code::not_found, "no task number " + std::to_string(x.added) + " was added");
    }
    if (auto n = names_.find(x.name); n != names_.end())
      return n->second;
    if (auto n = job_.find(x.name))
      return *n;
    return fail(code::not_found, "there is no task '" + x.name + "'");
  }

  std::optional<error> resolve_all(const std::vector<task_ref>& refs,
                                   std::vector<std::uint32_t>& to) const {
    to.reserve(refs.size());
    for (auto& ref : refs) {
      auto n = number_of(ref);
      if (!n)
        return n.error();
      to.push_back(*n);
    }
    return std::nullopt;
  }

  std::optional<error> resolve() {
    made_.after.resize(report_.added.size());
    for (auto n = std::size_t{0}; n < report_.added.size(); ++n)
      if (auto wrong = resolve_all(report_.added[n].after, made_.after[n]))
        return wrong;
    for (auto& d : report_.dependencies) {
      auto later = number_of(d.task);
      auto earlier = number_of(d.on);
      if (!later || !earlier)
        return later ? earlier.error() : later.error();
      if (*later < old_ && job_.tasks[*later].row.state != task_state::waiting)
        return error{code::misuse, "task '" + job_.task_name(*later)
                                     + "' is not waiting any more: nothing can be put before it"};
      made_.dependencies[*later].push_back(*earlier);
    }
    if (auto wait = std::get_if<suspended>(&report_.outcome))
      for (auto& c : wait->any_of)
        if (auto wrong = resolve_all(c.tasks, made_.awaited.emplace_back()))
          return wrong;
    return std::nullopt;
  }

  /// What must settle before `t` can go on, with the additions.
  std::vector<std::uint32_t> needs(std::uint32_t t) const {
    auto found = std::vector<std::uint32_t>{};
    auto add = [&](std::uint32_t on) {
      if (on >= old_ || !settled(job_.tasks[on].row.state))
        found.push_back(on);
    };
    if (t >= old_) {
      std::for_each(made_.after[t - old_].begin(), made_.after[t - old_].end(), add);
    } else if (t == reporter_) {
      for (auto& xs : made_.awaited)
        std::for_each(xs.begin(), xs.end(), add);
    } else if (auto& row = job_.tasks[t].row; row.state == task_state::waiting) {
      job_.for_each_after(t, add);
    } else if (row.state == task_state::suspended) {
      for (auto& c : row.wait->any_of)
        for_each(c.tasks, add);
    }
    if (auto more = made_.dependencies.find(t); more != made_.dependencies.end())
      std::for_each(more->second.begin(), more->second.end(), add);
    return found;
  }

  /// What was there has no cycle, so one must lead through something that changed.
  std::optional<error> find_cycle() {
    auto starts = std::vector<std::uint32_t>{reporter_};
    for (auto& [later, _] : made_.dependencies)
      starts.push_back(later);
    for (auto n = std::uint32_t{0}; n < made_.after.size(); ++n)
      if (!made_.after[n].empty())
        starts.push_back(old_ + n);
    for (auto s : starts)
      if (auto wrong = search(s))
        return wrong;
    return std::nullopt;
  }

  struct frame {
    std::uint32_t task;
    std::vector<std::uint32_t> needs;
    std::size_t next = 0;
  };

  std::optional<error> search(std::uint32_t from) {
    if (done_.contains(from))
      return std::nullopt;
    auto path = std::vector<frame>{};
    auto on_path = std::unordered_set<std::uint32_t>{from};
    path.push_back({from, needs(from), 0});
    while (!path.empty()) {
      auto& top = path.back();
      if (top.next == top.needs.size()) {
        done_.insert(top.task);
        on_path.erase(top.task);
        path.pop_back();
        continue;
      }
      auto on = top.needs[top.next++];
      if (on_path.contains(on))
        return error{code::wait_cycle, "tasks would wait for each other: " + text(path, on)};
      if (done_.contains(on))
        continue;
      auto below = needs(on);
      if (below.empty()) // most that are added: no cycle leads through it
        continue;
      on_path.insert(on);
      path.push_back({on, std::move(below), 0});
    }
    return std::nullopt;
  }

  std::string name(std::uint32_t t) const {
    if (t < old_)
      return job_.task_name(t);
    auto& x = report_.added[t - old_];
    return x.name.empty() ? x.agent + "-" + std::to_string(t) : x.name;
  }

  std::string text(const std::vector<frame>& path, std::uint32_t closing) const {
    auto out = std::string{};
    auto inside = false;
    for (auto& f : path) {
      inside |= f.task == closing;
      if (inside)
        out += name(f.task) + " -> ";
    }
    return out + name(closing);
  }

  const job& job_;
  std::uint32_t reporter_;
  const report& report_;
  const std::map<std::string, agent_entry, std::less<>>& agents_;
  std::uint32_t old_;
  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_set<std::uint32_t> done_;
  additions made_;
};

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

bool is_outcome(const report& r) {
  return !std::holds_alternative<given_back>(r.outcome)
      && !std::holds_alternative<abandoned>(r.outcome);
}

} // namespace

void planner::impl::take(const tasks_reported& x) {
  for (auto& r : x.reports)
    take(r);
}

void planner::impl::take(const report& r) {
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
  if (s.lingering) {
    auto& late = *find_or_load(r.attempt.job);
    note_late(late, r);
    if (auto& row = late.tasks[r.attempt.task].row;
        row.state == task_state::backoff && row.due <= now)
      make_ready(late, r.attempt.task);
    return;
  }
  auto& j = *find_or_load(r.attempt.job);
  auto t = r.attempt.task;
  if (std::holds_alternative<given_back>(r.outcome))
    return give_back(j, t);
  if (std::holds_alternative<abandoned>(r.outcome))
    return interrupt(j, t);
  j.tasks[t].row.interruptions = 0;
  if (auto x = std::get_if<failed>(&r.outcome))
    return fail_attempt(j, t, x->why, x->feedback);
  auto conditions = std::vector<clause>{};
  if (auto wrong = add_all(j, t, r, conditions))
    return fail_attempt(j, t, {wrong->code, wrong->message, false, std::nullopt});
  auto& row = j.tasks[t].row;
  if (r.summary)
    row.summary = *r.summary;
  row.feedback = keep(j, t, store::slot::feedback, {}, row.feedback);
  if (auto x = std::get_if<completed>(&r.outcome)) {
    complete(j, t, *x);
  } else if (auto y = std::get_if<suspended>(&r.outcome)) {
    suspend(j, t, *y, std::move(conditions));
  } else {
    move(j, t, task_state::skipped, {}, std::get<skipped>(r.outcome).reason);
    settle(j, t);
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
  if (!tries_again(policy, why, x.row.failures)) {
    move(j, t, task_state::failed, why.code, why.message);
    settle(j, t);
    return;
  }
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
  auto& row = j.tasks[t].row;
  ++row.interruptions;
  constexpr auto text = "the engine or the agent ended during the attempt";
  if (row.at_most_once || row.interruptions >= row.max_interruptions) {
    move(j, t, task_state::failed, std::string{code::interrupted},
         row.at_most_once
           ? std::string{text} + "; it runs at most once"
           : std::string{text} + ", " + std::to_string(row.interruptions) + " times in a row");
    settle(j, t);
    return;
  }
  move(j, t, task_state::ready, std::string{code::interrupted}, text);
  enqueue(j, t);
}

void planner::impl::give_back(job& j, std::uint32_t t) {
  auto& row = j.tasks[t].row;
  --row.attempt;
  --row.starts;
  make_ready(j, t);
}

std::optional<error> planner::impl::add_all(job& j, std::uint32_t t, const report& r,
                                            std::vector<clause>& conditions) {
  auto wait = std::get_if<suspended>(&r.outcome);
  if (r.added.empty() && r.dependencies.empty() && !wait)
    return std::nullopt;
  auto made = adder{j, t, r, agents}.run();
  if (!made)
    return made.error();
  auto first = static_cast<std::uint32_t>(j.tasks.size());
  j.tasks.resize(first + r.added.size());
  for (auto n = std::uint32_t{0}; n < r.added.size(); ++n)
    if (!r.added[n].name.empty())
      j.names.emplace(r.added[n].name, first + n);
  for (auto n = std::uint32_t{0}; n < r.added.size(); ++n) {
    auto& row = j.tasks[first + n].spec = row_of(j, r.added[n], first + n);
    row.parent = t;
    add_new(row.after, {}, made->after[n]);
  }
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
      if (!settled(j.tasks[on].row.state)) {
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
    }
  if (!r.added.empty())
    enter_new(j);
  for (auto later : changed) // perhaps by something that has ended badly
    if (j.tasks[later].row.state == task_state::waiting)
      look_at_dependencies(j, later);
  return std::nullopt;
}

void planner::impl::complete(job& j, std::uint32_t t, const completed& x) {
  auto& row = j.tasks[t].row;
  row.output = keep(j, t, store::slot::output, x.output);
  row.saved_state = keep(j, t, store::slot::state, {}, row.saved_state);
  row.code.clear();
  row.message.clear();
  move(j, t, task_state::completed);
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
  move(j, t, task_state::suspended);
  listen(j, t);
  if (auto call = next_call(row))
    timers.add({call->when, j.number, t}, out.writes, this_batch());
  if (any_holds(j.tasks[t]))
    wake(j, t);
}

} // namespace dagger::plan
