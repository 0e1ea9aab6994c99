// What a user's retry does in the slow model.
#include <model/planner_model.hpp>

#include <algorithm>

namespace dagger::model {

using enum task_state;

namespace {

/// What did not complete and is not to stay so.
bool is_to_run_again(const task& t) {
  return !t.replaced && (is_failure(t) || t.state == compensated);
}

/// What has been undone is so whatever is retried.
std::set<std::uint32_t> undone(const job& j) {
  auto all = std::set<std::uint32_t>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (j.tasks[i].state == compensated && !j.tasks[i].replaced)
      all.insert(i);
  return all;
}

bool one_of(const std::vector<std::uint32_t>& list, const std::set<std::uint32_t>& set) {
  return std::ranges::any_of(list, [&](auto n) { return set.contains(n); });
}

/// All that a replaced task has added is replaced.
void replace_children(job& j) {
  for (auto& t : j.tasks) // parents have lower numbers
    t.replaced |= t.parent && j.tasks[*t.parent].replaced;
}

/// The tasks that `number` added, those that they added, and so on.
std::set<std::uint32_t> below(const job& j, const std::set<std::uint32_t>& tops) {
  auto all = std::set<std::uint32_t>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (const auto p = j.tasks[i].parent; p && (tops.contains(*p) || all.contains(*p)))
      all.insert(i);
  return all;
}

/// Whether `later` came after `earlier` or waited for it, over however many others.
bool came_after(const job& j, std::uint32_t later, std::uint32_t earlier) {
  auto those = std::set{earlier};
  for (auto size = std::size_t{0}; size != those.size();) {
    size = those.size();
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
      if (!j.tasks[i].replaced
          && (one_of(j.tasks[i].after, those) || one_of(j.tasks[i].waited, those)))
        those.insert(i);
  }
  return later != earlier && those.contains(later);
}

/// Who has added the replaced tasks that `number` came after or waited for.
std::set<std::uint32_t> who_stands_in(const job& j, std::uint32_t number,
                                      const std::set<std::uint32_t>& replaced) {
  auto found = std::set<std::uint32_t>{};
  for (const auto* list : {&j.tasks[number].after, &j.tasks[number].waited})
    for (auto n : *list) {
      if (!replaced.contains(n))
        continue;
      while (replaced.contains(n))
        n = *j.tasks[n].parent;
      if (n != number && !came_after(j, n, number))
        found.insert(n);
    }
  return found;
}

} // namespace

void planner::on(const plan::job_retried& x) {
  auto* j = by_id(x.id);
  if (j == nullptr)
    return refuse(x.client, code::not_found);
  if (!x.from.empty() && x.with)
    return refuse(x.client, code::misuse);
  if (!finished(j->state))
    return refuse(x.client, code::conflict);
  // A copy, which takes the job's place if nothing is wrong with it.
  const auto before = *j;
  if (const auto from = find(*j, 0, task_ref{x.from}); from && undoes(*j, *from))
    return refuse(x.client, code::conflict);
  for (auto i = std::uint32_t{0}; i < j->tasks.size(); ++i)
    j->tasks[i].replaced |= undoes(*j, i);
  auto wrong = x.with          ? retry_with(*j, *x.with, x.hash)
             : !x.from.empty() ? retry_from(*j, x.from)
                               : retry_all(*j);
  if (wrong) {
    *j = before;
    return refuse(x.client, wrong->code);
  }
  j->state = job_state::running;
  record(*j).state = j->state;
  j->ended.reset();
  j->code.clear();
  j->situation.clear();
  j->stopping = false;
  j->undo = job::undoing::no;
  j->deadline.reset();
  if (j->limits.deadline)
    j->deadline = now_ + *j->limits.deadline;
  settle(*j);
  done(x.client);
}

std::optional<error> planner::retry_all(job& j) {
  auto numbers = std::set<std::uint32_t>{};
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (is_to_run_again(j.tasks[i]))
      numbers.insert(i);
  if (numbers.empty())
    return error{code::conflict, "nothing is left to begin anew"};
  for (auto n : numbers)
    begin_anew(j, n, false);
  spare(j, numbers);
  return std::nullopt;
}

std::optional<error> planner::retry_from(job& j, const std::string& from) {
  const auto start = find(j, 0, task_ref{from});
  if (!start)
    return error{code::not_found, "no such task"};
  auto scratch = std::set{*start}; // from scratch
  auto again = std::set<std::uint32_t>{};
  auto anew = std::set<std::uint32_t>{}; // with what it had waited for, if it had
  auto replaced = std::set<std::uint32_t>{};
  for (auto grown = true; grown;) {
    const auto before = std::tuple{scratch, again, replaced};
    replaced = below(j, scratch);
    const auto begins = [&](const std::vector<std::uint32_t>& list) {
      return one_of(list, scratch) || one_of(list, again) || one_of(list, replaced);
    };
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
      const auto& t = j.tasks[i];
      if (t.replaced || scratch.contains(i))
        continue;
      if (begins(t.after))
        scratch.insert(i);
      else if (begins(t.waited))
        again.insert(i);
    }
    for (auto n : scratch)
      again.erase(n);
    grown = before != std::tuple{scratch, again, replaced};
  }
  for (auto n : undone(j))
    if (!scratch.contains(n) && !again.contains(n))
      anew.insert(n);
  const auto was = j; // whom they came after
  for (auto n : replaced)
    j.tasks[n].replaced = true;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    if (replaced.contains(i) || (!scratch.contains(i) && !again.contains(i) && !anew.contains(i)))
      continue;
    begin_anew(j, i, scratch.contains(i));
    for (auto top : who_stands_in(was, i, replaced)) {
      auto& t = j.tasks[i];
      if (scratch.contains(i))
        once_each(t.after, top);
      else if (std::ranges::count(t.after, top) == 0)
        once_each(t.waited, top);
    }
  }
  again.merge(anew);
  for (auto n : replaced)
    again.erase(n);
  spare(j, again);
  return std::nullopt;
}

std::optional<error> planner::retry_with(job& j, const plan::job_spec& spec,
                                         const std::string& hash) {
  if (auto no = refusal(spec))
    return no;
  for (auto& t : j.tasks)
    t.replaced |= !t.parent && t.state != completed;
  replace_children(j);
  const auto base = static_cast<std::uint32_t>(j.tasks.size());
  auto numbers = std::vector<std::uint32_t>{}; // of the tasks of `spec`
  for (auto i = std::uint32_t{0}; i < spec.tasks.size(); ++i) {
    const auto& s = spec.tasks[i];
    const auto there = find(j, 0, task_ref{made_of(s, i).name});
    if (there && *there < base && j.tasks[*there].state == completed) {
      numbers.push_back(*there);
      continue;
    }
    const auto number = static_cast<std::uint32_t>(j.tasks.size());
    auto t = made_of(s, number);
    t.created = now_;
    if (find(j, 0, task_ref{t.name}))
      return error{code::conflict, "the name is in use"};
    numbers.push_back(number);
    j.tasks.push_back(std::move(t));
  }
  for (auto i = std::uint32_t{0}; i < spec.tasks.size(); ++i)
    for (const auto& ref : spec.tasks[i].after) {
      if (numbers[i] < base)
        continue;
      auto on = ref.added;
      for (auto k = std::uint32_t{0}; on == task_ref::by_name && k < spec.tasks.size(); ++k)
        if (made_of(spec.tasks[k], k).name == ref.name)
          on = k;
      once_each(j.tasks[numbers[i]].after, numbers[on]);
    }
  const auto added = static_cast<std::uint32_t>(j.tasks.size()) - base;
  if (retry_all(j) && added == 0)
    return error{code::conflict, "nothing is left to begin anew"};
  if (added > 0) {
    auto& row = record(j);
    row.first_added = base;
    row.added = added;
  }
  j.hash = hash;
  j.priority = spec.priority;
  j.allowed_agents = spec.allowed_agents;
  j.limits = spec.limits;
  j.stall_action = spec.stall_action;
  j.planning_agent = spec.planning_agent;
  j.on_failure = spec.on_failure;
  j.resources = spec.resources;
  return std::nullopt;
}

void planner::begin_anew(job& j, std::uint32_t number, bool from_scratch) {
  auto& t = j.tasks[number];
  const auto had_waited = !t.waited.empty() || t.visit > t.first_visit;
  ++t.visit;
  t.attempt = 0;
  t.failures = 0;
  t.interruptions = 0;
  t.cause = {};
  t.why = {};
  t.first_start.reset();
  t.skipped_by_failure = false;
  t.skipped_by_upstream = false;
  t.waits_for_slot = false;
  t.open = false;
  t.spared.clear();
  t.completion = 0;
  t.fresh = true;
  t.output = {};
  t.feedback = {};
  t.answer = {};
  t.progress = {};
  go(j, number, waiting);
  if (from_scratch) {
    t.waited.clear();
    t.summary.clear();
    ++t.round;
  }
  if (from_scratch || !had_waited) {
    t.first_visit = t.visit;
    t.saved = {};
  } else {
    t.waits_again = true;
  }
}

} // namespace dagger::model
