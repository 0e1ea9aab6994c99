// Feeds planner and model, keeps what is in flight, plays agents and crashes.
#include <support/planner_world.hpp>

#include <algorithm>
#include <type_traits>

namespace dagger::test {

planner_world::planner_world(world_options options)
  : options_(std::move(options)),
    store_(store::make_memory()) {
  on_disk_.retention = options_.retention;
  on_disk_.pool = options_.pool;
  crash();
}

void planner_world::fail(std::string what) {
  if (problem_.empty())
    problem_ = std::move(what);
}

// -- what happens -------------------------------------------------------------

void planner_world::apply(const plan::event& what) {
  if (!ok())
    return;
  count(what);
  model_.purged_on_disk = on_disk_.doomed();
  auto expected = model_.apply(what, now);
  auto disk = store_->read();
  auto got = planner_->apply(what, *disk, now);
  if (options_.tamper)
    options_.tamper(got);
  take(std::move(got), std::move(expected), walked_before_ ? std::string{} : text_of(what));
}

/// Notes which events, outcomes and commands there were.
void planner_world::count(const plan::event& what) {
  if (!options_.covers || walked_before_)
    return;
  auto& happened = options_.covers->happened;
  auto text = text_of(what);
  ++happened["event " + text.substr(0, text.find(' '))];
  if (const auto* r = std::get_if<plan::tasks_reported>(&what))
    for (const auto& one : r->reports)
      ++happened[std::string{"outcome "}.append(name_of_outcome(one))];
}

void planner_world::count(const std::vector<plan::command>& commands) {
  if (!options_.covers)
    return;
  for (const auto& c : commands) {
    auto text = text_of(c);
    ++options_.covers->happened["command " + text.substr(0, text.find(' '))];
    if (const auto* no = std::get_if<plan::refuse>(&c))
      ++options_.covers->happened["refused as " + no->why.code];
  }
}

void planner_world::compare(const plan::effects& got, const model::expectation& expected,
                            const std::string& by) {
  if (auto d = difference(got.commands, expected.commands); !d.empty())
    return fail(by + ": " + d);
  if (got.writes.empty() == expected.writes())
    return fail(by
                + (got.writes.empty() ? ": no batch, but something changed"
                                      : ": a batch, but nothing changed"));
  count(got.commands);
  compare_rows(got.writes, expected.touched, by);
  compare_memory(by);
}

void planner_world::take(plan::effects got, model::expectation expected, const std::string& by) {
  if (!walked_before_)
    compare(got, expected, by);
  if (!ok())
    return;
  if (!got.writes.empty()) {
    expected.touched.merge(expected.beside);
    if (expected.sweeps)
      for (const auto& j : model_.jobs())
        if (j.purged)
          expected.touched.insert(j.number);
    for (auto job : expected.touched)
      unchecked_.insert(job);
    batches_.push_back(std::move(got.writes));
    in_flight_.push_back(
      {batches_.size() - 1, std::move(got.commands), model_, std::move(expected.touched)});
  } else if (in_flight_.empty()) {
    release(got.commands);
  } else {
    auto& last = in_flight_.back().commands;
    last.insert(last.end(), got.commands.begin(), got.commands.end());
  }
}

void planner_world::commit(std::size_t n) {
  if (!ok() || n == 0)
    return;
  auto together = std::vector<const store::batch*>{};
  for (auto i = std::size_t{0}; i < n; ++i)
    together.push_back(&batches_[in_flight_[i].number]);
  if (auto done = store_->commit(together); !done)
    return fail("commit: " + to_string(done.error()));
  planner_->confirm(n);
  on_disk_ = std::move(in_flight_[n - 1].model);
  auto leaving = std::vector<plan::command>{};
  for (auto i = std::size_t{0}; i < n; ++i) {
    auto& commands = in_flight_.front().commands;
    leaving.insert(leaving.end(), commands.begin(), commands.end());
    in_flight_.pop_front();
  }
  release(leaving);
  if (!walked_before_)
    count_jobs_in_memory();
}

void planner_world::commit_all() {
  commit(in_flight_.size());
}

void planner_world::crash() {
  if (!ok())
    return;
  in_flight_.clear();
  held_.clear();
  agents_.clear();
  sweeps_ = 0;
  for (const auto& j : on_disk_.jobs())
    unchecked_.insert(j.number);
  model_ = on_disk_;
  model_.covers = options_.covers;
  auto expected = model_.restart(options_.scope == plan::scope::every_job, now);
  auto first = plan::effects{};
  auto disk = store_->read();
  planner_.reset();
  auto made =
    plan::planner::restore(*disk, {options_.scope, options_.retention, options_.pool}, now, first);
  if (!made)
    return fail("restore: " + to_string(made.error()));
  planner_.emplace(std::move(*made));
  if (options_.tamper)
    options_.tamper(first);
  take(std::move(first), std::move(expected), "restore");
}

void planner_world::join(plan::agent_joined x) {
  std::erase_if(agents_, [&](const auto& a) { return a.agent == x.agent; });
  agents_.push_back(x);
  apply(x);
}

void planner_world::lose(const std::string& agent) {
  std::erase_if(agents_, [&](const auto& a) { return a.agent == agent; });
  std::erase_if(held_, [&](const auto& h) { return h.agent == agent; });
  apply(plan::agent_lost{agent});
}

namespace {

/// Most histories submit the same few jobs; hashing one costs more than planning it.
std::string remembered_hash(const plan::job_spec& spec) {
  static auto known = std::vector<std::pair<plan::job_spec, std::string>>{};
  for (const auto& [other, hash] : known)
    if (other == spec)
      return hash;
  if (known.size() == 8)
    known.erase(known.begin());
  return known.emplace_back(spec, plan::hash_of(spec)).second;
}

} // namespace

void planner_world::submit(plan::job_spec spec) {
  auto hash = remembered_hash(spec);
  apply(plan::job_submitted{std::make_shared<const plan::job_spec>(std::move(spec)),
                            std::move(hash), ++last_client});
}

void planner_world::resume(const std::string& id) {
  apply(plan::job_resumed{id, ++last_client});
}

void planner_world::report(const started& which, plan::report x) {
  x.attempt = which.id;
  for (auto i = held_.begin(); i != held_.end(); ++i) {
    if (i->id != x.attempt)
      continue;
    if (std::holds_alternative<plan::abandoned>(x.outcome))
      i->abandoned = true;
    else
      held_.erase(i);
    break;
  }
  apply(plan::tasks_reported{{std::move(x)}});
}

void planner_world::report(const started& which, decltype(plan::report::outcome) outcome) {
  auto x = plan::report{};
  x.outcome = std::move(outcome);
  report(which, std::move(x));
}

void planner_world::time_passes_to(timestamp when) {
  now = std::max(now, when);
  apply(plan::time_passed{});
}

void planner_world::sweep() {
  --sweeps_;
  apply(plan::sweep_due{});
}

void planner_world::release(const std::vector<plan::command>& commands) {
  for (const auto& c : commands) {
    if (const auto* a = std::get_if<plan::assign>(&c))
      for (const auto& t : a->tasks)
        if (is_here(a->agent))
          held_.push_back({t.attempt, a->agent, t.job_id, t.task_name});
    if (const auto* s = std::get_if<plan::stop>(&c))
      for (auto& h : held_)
        if (h.id == s->attempt)
          h.stopped = true;
    answers_ += std::holds_alternative<plan::answer>(c) ? 1 : 0;
    sweeps_ += std::holds_alternative<plan::sweep>(c) ? 1 : 0;
  }
}

// -- what stands --------------------------------------------------------------

std::optional<started>
planner_world::holding(const std::function<bool(const started&)>& wanted) const {
  for (const auto& h : held_)
    if (!h.abandoned && wanted(h))
      return h;
  return std::nullopt;
}

std::optional<started> planner_world::holding(const std::string& task) const {
  return holding([&](const started& h) { return h.task == task; });
}

std::optional<started> planner_world::holding() const {
  return holding([](const started&) { return true; });
}

bool planner_world::is_here(const std::string& agent) const {
  return std::ranges::count(agents_, agent, &plan::agent_joined::agent) > 0;
}

const model::job* planner_world::job(const std::string& id) const {
  for (const auto& j : model_.jobs())
    if (j.id == id && !j.purged)
      return &j;
  return nullptr;
}

// -- comparisons --------------------------------------------------------------

void planner_world::compare_memory(const std::string& when) {
  // A look at what is to be forgotten may come early.
  const auto at = planner_->wake_at();
  const auto expected = model_.wake_at();
  const auto early =
    options_.retention > duration::zero() && at && (!expected || *at <= std::max(*expected, now));
  if (at != expected && !early)
    fail(when + ": wakes at " + text_of(planner_->wake_at()) + ", expected "
         + text_of(model_.wake_at()));
  if (planner_->running() != model_.slots_out())
    fail(when + ": " + std::to_string(planner_->running()) + " attempts out, expected "
         + std::to_string(model_.slots_out()));
}

/// One row of the log and one of the job for each job that was touched, one for each task.
void planner_world::compare_rows(const store::batch& writes, const std::set<std::uint64_t>& touched,
                                 const std::string& by) {
  auto events = std::size_t{0};
  auto jobs = std::set<std::string>{};
  auto tasks = std::set<std::string>{};
  auto twice = false;
  for (auto i = std::size_t{0}; i < writes.size(); ++i) {
    const auto c = writes[i];
    if (c.verb == store::batch::verb::append)
      ++events;
    else if (c.table == store::table::jobs && c.verb == store::batch::verb::put)
      twice |= !jobs.emplace(c.key).second;
    else if (c.table == store::table::tasks && c.verb == store::batch::verb::put)
      twice |= !tasks.emplace(c.key).second;
  }
  if (events != touched.size() || jobs.size() != touched.size())
    fail(by + ": " + std::to_string(events) + " rows of the log and " + std::to_string(jobs.size())
         + " of jobs, expected " + std::to_string(touched.size()));
  if (twice)
    fail(by + ": a row is written twice in one batch");
}

void planner_world::count_jobs_in_memory() {
  auto expected = std::set<std::uint64_t>{};
  for (const auto& j : model_.jobs())
    if (model::planner::is_active(j))
      expected.insert(j.number);
  for (const auto& b : in_flight_)
    expected.insert(b.touched.begin(), b.touched.end());
  for (const auto& j : model_.jobs())
    if (j.purged) // gone at once
      expected.erase(j.number);
  // One that was loaded for nothing stays until what is in flight is confirmed.
  const auto got = planner_->jobs_in_memory();
  if (in_flight_.empty() ? got != expected.size() : got < expected.size())
    fail("confirm: " + std::to_string(got) + " jobs in memory, expected "
         + std::to_string(expected.size()));
}

void planner_world::check() {
  if (!ok())
    return;
  auto disk = store_->read();
  for (auto number : unchecked_) {
    if (number > on_disk_.jobs().size())
      continue;
    const auto& j = on_disk_.jobs()[number - 1];
    auto d = std::string{};
    if (!j.purged)
      d = difference(*disk, j);
    else if (!on_disk_.doomed().contains(number))
      d = difference_of_purged(*disk, number);
    if (!d.empty())
      return fail(d);
  }
  unchecked_.clear();
  for (const auto& b : in_flight_)
    unchecked_.insert(b.touched.begin(), b.touched.end());
  const auto there =
    static_cast<std::size_t>(std::ranges::count(on_disk_.jobs(), false, &model::job::purged));
  auto count = std::size_t{0};
  auto last = ~std::uint64_t{0};
  auto listed = plan::list_jobs(*disk, [&](const plan::job_status& x) {
    if (x.number >= last)
      fail("list_jobs: not the newest first");
    last = x.number;
    return ++count <= there;
  });
  if (!listed)
    return fail("list_jobs: " + to_string(listed.error()));
  if (count != there)
    return fail("list_jobs: " + std::to_string(count) + " jobs, expected " + std::to_string(there));
  if (auto d = difference_of_lists(*disk, on_disk_); !d.empty())
    return fail(d);
  if (in_flight_.empty() && model_.slots_out() == 0 && options_.scope == plan::scope::every_job)
    compare_restored();
}

void planner_world::compare_restored() {
  auto first = plan::effects{};
  auto disk = store_->read();
  auto copy = plan::planner::restore(
    *disk, {plan::scope::every_job, options_.retention, options_.pool}, now, first);
  if (!copy)
    return fail("restore: " + to_string(copy.error()));
  std::erase_if(first.commands,
                [](const auto& c) { return std::holds_alternative<plan::sweep>(c); });
  if (!first.writes.empty() || !first.commands.empty())
    return fail("restore: something is to be done although nothing ran");
  if (copy->dump() != planner_->dump())
    return fail("disk and memory differ\ndisk:\n" + copy->dump() + "\nmemory:\n"
                + planner_->dump());
  // To look for old jobs both may wake too early.
  const auto expected = options_.retention.count() > 0 ? model_.wake_at() : planner_->wake_at();
  const auto early_enough =
    options_.retention.count() > 0
    && (!expected || (copy->wake_at() && *copy->wake_at() <= std::max(*expected, now)));
  if (copy->wake_at() != expected && !early_enough)
    return fail("restored: wakes at " + text_of(copy->wake_at()) + ", memory at "
                + text_of(planner_->wake_at()));
}

void planner_world::check_at_rest() {
  const auto all = agents_;
  for (const auto& a : all)
    lose(a.agent);
  commit_all();
  check();
  for (const auto& a : all)
    join(a);
}

namespace {

/// A task of a job on which the engine works waits for this one.
bool is_awaited(const std::deque<model::job>& all, std::uint64_t number) {
  for (const auto& j : all)
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        if (j.taken && t.state == task_state::suspended && std::ranges::count(c.jobs, number) > 0)
          return true;
  return false;
}

} // namespace

void planner_world::finish() {
  auto missing = std::set<std::string>{};
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& agent : {t.agent, t.compensate})
        if (!agent.empty())
          missing.insert(agent);
  const auto here = agents_;
  for (const auto& a : here)
    lose(a.agent);
  for (const auto& name : missing)
    join({.agent = name, .slots = 2, .retry = {}, .timeout = {}});
  for (auto turn = 0; ok() && turn < 10'000; ++turn) {
    commit_all();
    if (auto h = holding()) {
      report(*h, plan::completed{payload::from_bytes("1")});
    } else if (is_to_sweep()) {
      sweep();
    } else if (resume_a_paused_job()) {
      continue;
    } else if (!answer_a_wait()) {
      if (const auto when = model_.wake_at())
        time_passes_to(*when);
      else if (!cancel_a_stalled_job())
        break;
    }
  }
  commit_all();
  check();
  for (const auto& j : model_.jobs())
    if (ok() && j.taken && !j.purged && !finished(j.state))
      fail("job " + j.id + " never ends");
}

/// Also one that this engine does not work on, if one on which it does waits for that.
bool planner_world::resume_a_paused_job() {
  for (const auto& j : model_.jobs())
    if (!j.purged && !finished(j.state)
        && (j.taken ? j.state == job_state::paused : is_awaited(model_.jobs(), j.number))) {
      resume(j.id);
      return true;
    }
  return false;
}

/// Sends a signal that is waited for, or accepts what is in review.
bool planner_world::answer_a_wait() {
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        if (j.taken && c.mode == wait_mode::signal) {
          apply(plan::signal_received{j.id, c.signal, payload::from_bytes("2"), true, someone()});
          return true;
        } else if (j.taken && c.mode == wait_mode::review) {
          apply(plan::review_decided{.job = j.id, .task = t.name, .client = someone()});
          return true;
        }
  return false;
}

/// One that waits for tasks that nobody adds, of which somebody has been told.
bool planner_world::cancel_a_stalled_job() {
  for (const auto& j : model_.jobs())
    for (const auto& t : j.tasks)
      for (const auto& c : t.conditions)
        if (j.taken && !c.expected.empty()) {
          apply(plan::job_cancelled{j.id, someone()});
          return true;
        }
  return false;
}

} // namespace dagger::test
