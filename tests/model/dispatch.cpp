// Who runs next in the slow model: slots, rings, tasks that run alone.
#include <model/planner_model.hpp>

#include <dagger/limits.hpp>

#include <algorithm>
#include <tuple>

namespace dagger::model {

using enum task_state;

std::int64_t planner::free_slots(const std::string& name) const {
  const auto it = agents_.find(name);
  if (it == agents_.end() || !it->second.here)
    return 0;
  return it->second.slots
       - std::ranges::count_if(out_, [&](const auto& x) { return x.second.agent == name; });
}

bool planner::may_start(const job& j, std::uint32_t number) const {
  const auto still_runs = std::ranges::any_of(
    over_, [&](const auto& id) { return id.job == j.number && out_.contains(id); });
  return j.tasks[number].state == ready && j.taken && !is_held(j) && !is_out(j, number)
      && !(j.undo == job::undoing::begun && still_runs);
}

bool planner::has_room(const job& j, std::uint32_t number) const {
  const auto& t = j.tasks[number];
  if (t.parent && j.tasks[*t.parent].max_children > 0) {
    const auto run = std::ranges::count_if(j.tasks, [&](const task& other) {
      return other.parent == t.parent && other.state == running;
    });
    if (run >= j.tasks[*t.parent].max_children)
      return false;
  }
  auto all = t.resources;
  auto of_this = t.resources;
  for (const auto& [id, slot] : out_)
    for (const auto& [name, amount] : slot.takes) {
      all[name] += amount;
      of_this[name] += id.job == j.number ? amount : 0;
    }
  return std::ranges::all_of(t.resources, [&](const auto& x) {
    const auto& name = x.first;
    if (pool.empty())
      return of_this[name] <= (j.resources.contains(name) ? j.resources.at(name) : 0);
    return all[name] <= (pool.contains(name) ? pool.at(name) : 0)
        && (!j.resources.contains(name) || of_this[name] <= j.resources.at(name));
  });
}

/// More than there ever is.
std::optional<error> planner::lacks(const dagger::resources& wanted,
                                    const dagger::resources& share) const {
  const auto& there = pool.empty() ? share : pool;
  for (const auto& [name, amount] : wanted)
    if (!there.contains(name) || amount > there.at(name)
        || (share.contains(name) && amount > share.at(name)))
      return error{code::limit, "so much is not there"};
  return std::nullopt;
}

bool planner::is_out(const job& j, std::uint32_t number) const {
  return returning_.contains({j.number, number}) || std::ranges::any_of(out_, [&](const auto& x) {
           return x.first.job == j.number && x.first.task == number;
         });
}

/// The slot of an attempt that was over before its report.
void planner::slot_is_back(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  if (j.purged || is_out(j, number))
    return;
  t.waits_for_slot = false;
  if (t.state == backoff && t.retry_at <= now_)
    go(j, number, ready);
  keep_rings(j);
}

void planner::stop(job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  const auto it = out_.find({j.number, number, t.visit, t.attempt});
  if (it == out_.end() || it->second.stopped)
    return;
  it->second.stopped = true;
  result_.commands.push_back(plan::stop{it->second.agent, it->first});
}

void planner::cut_off(job& j, std::uint32_t number) {
  const auto& t = j.tasks[number];
  if (t.state != running)
    return;
  stop(j, number);
  over_.insert({j.number, number, t.visit, t.attempt});
}

void planner::start(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  auto& a = agents_[t.agent];
  ++t.attempt;
  ++t.starts;
  t.fresh = false;
  if (!t.first_start)
    t.first_start = now_;
  const auto limit = t.timeout ? t.timeout : a.settings.timeout;
  t.attempt_ends = limit ? std::optional{now_ + *limit} : std::nullopt;
  t.beat = t.heartbeat ? t.heartbeat : a.settings.heartbeat;
  t.beat_ends = t.beat ? std::optional{now_ + *t.beat} : std::nullopt;
  t.progress_written.reset();
  t.emits = false;
  t.was_at_most_once = t.at_most_once || a.settings.at_most_once;
  t.max_interruptions = a.settings.max_interruptions;
  const auto by_itself = t.interruptions >= limits::interruptions_before_alone;
  if (!by_itself)
    std::erase(ring_of(j, t), j.number); // to the end of it, if there are more
  go(j, number, running);
  const auto id = plan::attempt_id{j.number, number, t.visit, t.attempt};
  out_[id] = {t.agent, by_itself, false, t.resources};
  if (!t.resources.empty())
    keep_all_rings();

  auto made = plan::assignment{};
  made.attempt = id;
  made.at = now_;
  made.job_id = j.id;
  made.task_name = t.name;
  made.first_visit = t.visit == t.first_visit;
  made.cause = t.cause;
  made.input = stored(t.input);
  made.state = stored(t.saved);
  made.feedback = stored(t.feedback);
  made.answer = stored(t.answer);
  made.progress = stored(t.progress);
  made.round = t.round;
  for (const auto& list : {t.after, t.waited})
    for (auto n : list)
      if (!j.tasks[n].replaced)
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
      if (!may_start(j, i))
        continue;
      if (t.interruptions < limits::interruptions_before_alone) {
        if (has_room(j, i))
          all.push_back({&j, i});
      } else if (a.here && a.slots > 0 && !lacks(t.resources, j.resources))
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

std::vector<std::uint64_t>& planner::ring_of(const job& j, const task& t) {
  return rings_[{t.agent, j.priority, t.priority}];
}

void planner::keep_all_rings() {
  for (const auto& j : jobs_)
    if (!j.purged)
      keep_rings(j);
}

/// The job stands once in the ring of every agent and priority of which it has a task that may
/// start.
void planner::keep_rings(const job& j) {
  auto wanted = std::set<std::vector<std::uint64_t>*>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].interruptions < limits::interruptions_before_alone && may_start(j, i)
        && has_room(j, i))
      wanted.insert(&ring_of(j, j.tasks[i]));
  for (auto& [where, ring] : rings_) {
    const auto stands = std::ranges::count(ring, j.number) > 0;
    const auto is_wanted = wanted.contains(&ring);
    if (is_wanted && !stands)
      ring.push_back(j.number);
    if (!is_wanted && stands)
      std::erase(ring, j.number);
  }
}

} // namespace dagger::model
