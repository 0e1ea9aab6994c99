// Agents, submits, states and what follows from them in the slow model; the other events stand
// in the files beside this one.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

expectation planner::apply(const plan::event& what, timestamp now) {
  now_ = now;
  result_ = {};
  std::visit([&](const auto& x) { on(x); }, what);
  after_event();
  assign();
  return std::move(result_);
}

expectation planner::restart(bool every, timestamp now) {
  now_ = now;
  result_ = {};
  every_job_ = every;
  for (auto& [name, a] : agents_)
    a = {false, false, 0, a.settings};
  out_.clear();
  over_.clear();
  returning_.clear();
  rings_.clear();
  for (auto& j : jobs_) {
    for (auto& t : j.tasks) {
      t.waits_for_slot = false;
      t.new_progress = {};
    }
    j.clients.clear();
    j.taken = false;
  }
  for (auto& j : jobs_)
    if (every && !j.purged)
      take(j);
  sweep_asked_for_ = false;
  if (!doomed_.empty())
    ask_for_sweep();
  after_event();
  return std::move(result_);
}

bool planner::is_active(const job& j) {
  return j.taken && !j.purged
      && std::ranges::any_of(j.tasks, [](const task& t) { return active(t.state); });
}

/// What follows from the event, until nothing does.
void planner::after_event() {
  do {
    follow_ends();
  } while (end_a_stall());
  leave_stalls();
  tell_paused();
}

// -- agents ---------------------------------------------------------------------

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
    returning_.emplace(id.job, id.task);
  }
  keep_all_rings();
  for (const auto& id : ended) {
    returning_.erase({id.job, id.task});
    auto& j = jobs_[id.job - 1];
    if (over_.erase(id) == 0) {
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

bool planner::is_known(const std::string& name) const {
  const auto it = agents_.find(name);
  return it != agents_.end() && it->second.has_joined;
}

// -- jobs come in -----------------------------------------------------------------

job* planner::by_id(const std::string& id) {
  for (auto& j : jobs_)
    if (j.id == id && !j.purged)
      return &j;
  return nullptr;
}

void planner::on(const plan::job_submitted& x) {
  if (auto* j = by_id(x.spec->id)) {
    if (j->hash != x.hash)
      result_.commands.push_back(
        plan::refuse{x.client, error{code::id_conflict, "the id is in use"}});
    else
      attend(*j, x.client, false);
    return;
  }
  if (auto no = refusal(*x.spec)) {
    result_.commands.push_back(plan::refuse{x.client, *no});
    return;
  }
  auto& j = create(*x.spec, x.hash);
  attend(j, x.client, true);
  settle(j);
}

/// Without what follows from its being there.
job& planner::create(const plan::job_spec& spec, const std::string& hash) {
  auto& j = jobs_.emplace_back();
  j.number = jobs_.size();
  j.id = spec.id;
  j.hash = hash;
  j.priority = spec.priority;
  j.allowed_agents = spec.allowed_agents;
  j.limits = spec.limits;
  j.stall_action = spec.stall_action;
  j.planning_agent = spec.planning_agent;
  j.on_failure = spec.on_failure;
  j.resources = spec.resources;
  j.created = now_;
  if (spec.limits.deadline)
    j.deadline = now_ + *spec.limits.deadline;
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
  return j;
}

void planner::on(const plan::job_resumed& x) {
  auto* j = by_id(x.id);
  if (j == nullptr) {
    result_.commands.push_back(plan::refuse{x.client, error{code::not_found, "no such job"}});
    return;
  }
  take(*j);
  if (j->state == job_state::paused) {
    j->state = job_state::running;
    record(*j).state = j->state;
    keep_rings(*j);
    reopen(*j);
  }
  attend(*j, x.client, false);
}

void planner::on(const plan::tasks_reported& x) {
  for (const auto& r : x.reports)
    report(r);
}

void planner::take(job& j) {
  if (j.taken)
    return;
  j.taken = true;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].state == running)
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
  if (!spec.planning_agent.empty() && !is_known(spec.planning_agent))
    return error{code::not_found, "no such agent"};
  for (const auto& t : spec.tasks) {
    if (!is_known(t.agent) || (!t.compensate.empty() && !is_known(t.compensate)))
      return error{code::not_found, "no such agent"};
    if (auto no = lacks(t.resources, spec.resources))
      return no;
  }
  return std::nullopt;
}

// -- states ---------------------------------------------------------------------

job_event& planner::record(job& j) {
  if (result_.touched.insert(j.number).second)
    j.history.push_back({.time = now_, .state = {}, .moves = {}});
  return j.history.back();
}

void planner::go(job& j, std::uint32_t number, task_state to, std::string code) {
  auto& t = j.tasks[number];
  if (covers) {
    ++covers->arrows[{t.state, to}];
    if (to == failed)
      ++covers->happened["failed as " + code];
  }
  // Readiness of a task that has not run is not a fact of its own: it is not recorded.
  if (t.state != waiting || to != ready)
    record(j).moves.push_back({number, to, t.visit, t.attempt, std::move(code)});
  if (t.state == running && !t.new_progress.empty())
    t.progress = std::exchange(t.new_progress, {});
  if (t.state == waiting)
    t.waits_again = false;
  if (t.state == suspended) {
    if (in_review(t) && to != completed)
      t.output = {};
    t.conditions.clear();
    t.deadline.reset();
    t.default_answer = {};
  }
  if (to == suspended)
    t.answer = t.default_answer; // until something else wakes it
  t.state = to;
  t.ended.reset();
  if (settled(to))
    t.ended = now_;
  keep_rings(j);
  if (to != completed)
    return;
  if (!t.compensate.empty() && !undoes(j, number))
    t.completion = ++j.completions;
  if (t.compensates && j.tasks[*t.compensates].state == completed)
    go(j, *t.compensates, compensated);
}

/// The next visit of a suspended task begins.
void planner::wake(job& j, std::uint32_t number, plan::wake_cause cause) {
  auto& t = j.tasks[number];
  auto answer = payload{};
  if (cause.deadline_passed)
    answer = t.default_answer;
  if (!cause.deadline_passed && t.conditions[cause.condition].mode == wait_mode::signal) {
    // The oldest of that name; there is one, or the condition would not hold.
    const auto taken = std::ranges::find(j.signals, t.conditions[cause.condition].signal,
                                         &std::pair<std::string, payload>::first);
    cause.signalled = true;
    answer = taken->second;
    j.signals.erase(taken);
  }
  ++t.visit;
  t.attempt = 0;
  t.failures = 0;
  t.cause = cause;
  t.answer = answer;
  t.feedback = {};
  t.progress = {};
  go(j, number, ready);
}

void planner::end(job& j) {
  if (j.state == job_state::cancelling)
    j.state = job_state::cancelled;
  else
    j.state = has_failed(j) ? job_state::failed : job_state::completed;
  j.ended = now_;
  j.deadline.reset();
  record(j).state = j.state;
  for (auto client : j.clients)
    result_.commands.push_back(plan::answer{client, j.number, j.state});
  j.clients.clear();
  ended_.push_back(j.number);
}

void planner::settle(job& j) {
  do {
    while (settle_once(j)) {}
    if (finished(j.state) || !std::ranges::all_of(j.tasks, is_over))
      return;
  } while (undo_next(j));
  end(j);
}

namespace {

enum class verdict { waits, starts, is_skipped };

/// What becomes of a waiting task, and which of those before it is the reason.
struct judgement {
  verdict what = verdict::waits;
  std::optional<std::uint32_t> because = {};
};

judgement judge(const job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto after = t.after;
  std::erase_if(after, [&](auto n) { return j.tasks[n].replaced; });
  auto first = [&](auto&& wanted) -> std::optional<std::uint32_t> {
    const auto it = std::ranges::find_if(after, [&](auto n) { return wanted(j.tasks[n]); });
    return it == after.end() ? std::nullopt : std::optional{*it};
  };
  const auto is_completed = [](const task& x) { return x.state == completed; };
  if (first([](const task& x) { return !is_over(x); }))
    return {verdict::waits, {}};
  for (auto n : t.waited)
    if (t.waits_again && !is_over(j.tasks[n]) && std::ranges::count(t.spared, n) == 0)
      return {verdict::waits, {}};
  const auto wrong = first(is_failure);
  const auto missed = first([&](const task& x) { return !is_completed(x); });
  if (after.empty() || t.run_if == run_if::all_done)
    return {verdict::starts, {}};
  if (t.run_if == run_if::all_success && missed)
    return {verdict::is_skipped, wrong ? wrong : missed};
  if (t.run_if == run_if::one_success && !first(is_completed))
    return {verdict::is_skipped, wrong ? wrong : missed};
  if (t.run_if == run_if::one_failed && !wrong)
    return {verdict::is_skipped, {}};
  if (t.run_if == run_if::none_failed && wrong)
    return {verdict::is_skipped, wrong};
  return {verdict::starts, {}};
}

} // namespace

/// One round: what follows for each task from how all of them stand, then it happens.
bool planner::settle_once(job& j) {
  auto woken = std::vector<std::pair<std::uint32_t, std::uint32_t>>{}; // and by what
  auto starting = std::vector<std::uint32_t>{};
  struct skip {
    std::uint32_t number;
    bool by_upstream;
    bool by_failure;
    const char* why;
  };
  auto skipping = std::vector<skip>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    const auto& t = j.tasks[i];
    if (t.state == suspended
        && std::ranges::any_of(t.conditions, [&](const wait_for& c) { return holds(j, c); }))
      woken.emplace_back(i, *first_that_holds(j, t));
    if (t.state != waiting)
      continue;
    auto [what, because] = judge(j, i);
    const auto stopped = j.stopping && !outlives_stop(j, i);
    const auto left_out = what == verdict::starts && t.disabled;
    if (left_out)
      what = verdict::is_skipped;
    if (what == verdict::starts && !stopped)
      starting.push_back(i);
    if (what != verdict::is_skipped && !stopped)
      continue;
    skipping.push_back({i, because && !stopped,
                        stopped || (because && is_failure(j.tasks[*because])),
                        stopped    ? "stopped"
                        : left_out ? "disabled"
                                   : "no upstream failed"});
  }
  for (const auto& [number, cause] : woken)
    wake(j, number, {.condition = cause});
  for (auto number : starting)
    go(j, number, ready);
  for (const auto& x : skipping) {
    j.tasks[x.number].skipped_by_upstream = x.by_upstream;
    j.tasks[x.number].skipped_by_failure = x.by_failure;
    if (!x.by_upstream)
      j.tasks[x.number].why = error{"", x.why};
    go(j, x.number, skipped);
  }
  return !woken.empty() || !starting.empty() || !skipping.empty();
}

} // namespace dagger::model
