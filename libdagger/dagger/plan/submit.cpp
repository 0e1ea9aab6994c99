// Jobs come in: new ones are written, known ones are recognised.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>
#include <numeric>

namespace dagger::plan {

namespace {

/// What `found` and `given` differ in, read back from the store.
std::string what_differs(const job& found, const job_spec& given) {
  auto before = job_spec{};
  before.name = found.definition.name;
  before.description = found.definition.description;
  before.priority = found.definition.priority;
  before.tags = found.definition.tags;
  before.allowed_agents = found.definition.allowed_agents;
  before.limits = found.definition.limits;
  before.stall_action = found.definition.stall_action;
  before.planning_agent = found.definition.planning_agent;
  before.on_failure = found.definition.on_failure;
  before.resources = found.definition.resources;
  auto text = [](const stored_payload& x, const payload& other) {
    if (!x.present)
      return payload{};
    auto same_size = other.bytes().size() == x.size;
    return x.is_inline() ? payload::from_bytes(x.bytes) : same_size ? other : payload{};
  };
  before.inputs = text(found.definition.inputs, given.inputs);
  before.outputs = text(found.definition.outputs, given.outputs);
  for (auto i = std::uint32_t{0}; i < found.tasks.size(); ++i) {
    auto& row = found.tasks[i].spec;
    if (row.parent || row.rare().compensates)
      break; // from here on they were added
    auto other = i < given.tasks.size() ? given.tasks[i] : task_spec{};
    auto x = spec_of(row);
    x.input = text(row.input, other.input);
    before.tasks.push_back(std::move(x));
  }
  return difference(before, given);
}

} // namespace

void planner::impl::take(const job_submitted& x) {
  auto known = find(x.spec->id);
  if (known && known->hash == x.hash) {
    out.commands.push_back(accept{x.client, known->number, false});
    expect_end(known->number, x.client);
  } else if (known) {
    auto differs = what_differs(*look_at(known->number), *x.spec);
    out.commands.push_back(
      refuse{x.client, error{code::id_conflict,
                             "job '" + x.spec->id + "' is there already and is not the same"
                               + (differs.empty() ? "" : ": " + differs + " differs"),
                             {},
                             "use another id, or submit what was submitted before"}});
  } else if (auto refused = refusal_of(*x.spec)) {
    out.commands.push_back(refuse{x.client, std::move(*refused)});
  } else {
    auto& j = create(*x.spec, x.hash, nullptr, on_parent_end::cancel);
    enter_new(j);
    out.commands.push_back(accept{x.client, j.number, true});
    if (finished(j.row.state))
      out.commands.push_back(answer{x.client, j.number, j.row.state});
    else
      clients[j.number].push_back(x.client);
  }
}

void planner::impl::take(const job_resumed& x) {
  auto known = find(x.id);
  if (!known) {
    out.commands.push_back(
      refuse{x.client, error{code::not_found, "there is no job '" + x.id + "'"}});
    return;
  }
  out.commands.push_back(accept{x.client, known->number, false});
  expect_end(known->number, x.client);
  if (auto j = jobs.find(known->number);
      j != jobs.end() && j->second.row.state == job_state::paused) {
    change_state(j->second, job_state::running);
    reopen(j->second);
  }
}

/// A job that has ended is answered without being loaded.
void planner::impl::expect_end(std::uint64_t number, client_id client) {
  auto state = state_of(number);
  if (finished(state)) {
    if (options.which == scope::named)
      ours.insert(number); // should it be retried
    out.commands.push_back(answer{client, number, state});
    return;
  }
  clients[number].push_back(client); // first: what is taken up may end by that
  check(take_over(number) != nullptr, "a job's id has no job");
  attended_jobs.push_back(number);
}

std::optional<error> planner::impl::refusal_of(const job_spec& spec) const {
  if (auto wrong = problems(spec); !wrong.empty())
    return wrong.front();
  auto is_known = [&](const std::string& name) {
    auto a = agents.find(name);
    return a != agents.end() && a->second.known;
  };
  if (auto& planning = spec.planning_agent; !planning.empty() && !is_known(planning))
    return error{code::not_found, "there is no agent '" + planning + "'", "planning_agent"};
  auto wrong_with = [&](const std::string& name) -> std::optional<error> {
    auto& names = spec.allowed_agents;
    if (!is_known(name))
      return error{code::not_found, "there is no agent '" + name + "'"};
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end())
      return error{code::limit, "agent '" + name + "' is not among the job's allowed agents"};
    return std::nullopt;
  };
  for (auto& t : spec.tasks) {
    auto wrong = wrong_with(t.agent);
    if (!wrong && !t.compensate.empty())
      wrong = wrong_with(t.compensate);
    if (!wrong)
      wrong = lacks(t.resources, options.pool, spec.resources);
    if (wrong) {
      wrong->where = "task '" + t.name + "'";
      return wrong;
    }
  }
  return std::nullopt;
}

stored_payload planner::impl::keep(const job& j, std::uint32_t t, store::slot which,
                                   const payload& x, const stored_payload& before) {
  auto rows = [](const stored_payload& p) {
    constexpr auto chunk = limits::payload_chunk_bytes;
    return p.present && !p.is_inline() ? (p.size + chunk - 1) / chunk : 0;
  };
  auto made = stored_payload{!x.empty(), x.bytes().size(), {}};
  if (made.present && made.is_inline())
    made.bytes = x.bytes();
  for (auto i = std::uint32_t{0}; i < std::max(rows(made), rows(before)); ++i) {
    auto key = store::key::payload(j.number, t, which, i);
    if (i < rows(made))
      out.writes.put(
        store::table::payloads, key, store::kind::payload,
        x.bytes().substr(i * limits::payload_chunk_bytes, limits::payload_chunk_bytes));
    else
      out.writes.erase(store::table::payloads, key);
  }
  return made;
}

/// Null if it says nothing of it.
std::shared_ptr<const rare_spec> rarely_said(const task_spec& x) {
  auto made = rare_spec{x.run_if, x.on_failure, x.max_children, x.resources, x.compensate, {}};
  return made == rare_spec{} ? nullptr : std::make_shared<const rare_spec>(std::move(made));
}

spec_row planner::impl::row_of(const job& j, const task_spec& x, std::uint32_t number) {
  auto row = spec_row{};
  row.name = x.name;
  row.agent = x.agent;
  row.description = x.description;
  row.kind = x.kind;
  row.priority = x.priority;
  row.optional = x.optional;
  row.at_most_once = x.at_most_once;
  row.templated = x.templated;
  if (x.retry)
    row.retry = std::make_shared<retry_policy>(*x.retry);
  row.timeout = x.timeout;
  row.total_timeout = x.total_timeout;
  row.heartbeat = x.heartbeat;
  row.more = rarely_said(x);
  row.created = now;
  row.input = keep(j, number, store::slot::input, x.input);
  // A name that was given may look like one that would be made.
  auto name = name_of(row, number);
  while (row.name.empty() && j.names.contains(name))
    name += '_';
  if (name != name_of(row, number))
    row.name = name;
  return row;
}

/// What is the job's own of a definition.
void planner::impl::define(job& j, const job_spec& spec, const std::string& hash) {
  auto& d = j.definition;
  d.hash = hash;
  d.name = spec.name;
  d.description = spec.description;
  d.priority = spec.priority;
  d.tags = spec.tags;
  d.created_by = spec.created_by;
  d.traceparent = spec.traceparent;
  d.allowed_agents = spec.allowed_agents;
  d.limits = spec.limits;
  d.stall_action = spec.stall_action;
  d.planning_agent = spec.planning_agent;
  d.on_failure = spec.on_failure;
  d.resources = spec.resources;
  d.is_flow = spec.is_flow;
  d.retry = spec.retry;
  if (!spec.folder.empty()) // else a new definition goes on where the one before was
    d.folder = spec.folder;
  d.inputs = keep(j, store::job_itself, store::slot::input, spec.inputs, d.inputs);
  d.outputs = keep(j, store::job_itself, store::slot::output, spec.outputs, d.outputs);
  if (spec.limits.deadline) {
    j.row.due = later(now, *spec.limits.deadline);
    follow_or_write({*j.row.due, j.number, store::job_itself});
  }
}

/// Makes the tasks of a definition rows of the job, each under its number; those below
/// `j.row.tasks` are there already.
void planner::impl::add_defined(job& j, const job_spec& spec,
                                const std::vector<std::uint32_t>& numbers) {
  for (auto i = std::size_t{0}; i < numbers.size(); ++i)
    if (numbers[i] >= j.row.tasks && !spec.tasks[i].name.empty())
      j.names.emplace(spec.tasks[i].name, numbers[i]);
  for (auto i = std::size_t{0}; i < numbers.size(); ++i) {
    if (numbers[i] < j.row.tasks)
      continue;
    auto& row = j.tasks[numbers[i]].spec = row_of(j, spec.tasks[i], numbers[i]);
    if (row.name != spec.tasks[i].name)
      j.names.emplace(row.name, numbers[i]);
    for (auto& ref : spec.tasks[i].after) {
      auto on = ref.added == task_ref::by_name ? j.find(ref.name) : numbers.at(ref.added);
      check(on && *on < j.tasks.size(), "a checked definition names no such task");
      if (!contains(row.after, *on))
        add_to(row.after, *on);
    }
  }
}

job& planner::impl::create(const job_spec& spec, const std::string& hash, const job* parent,
                           on_parent_end at_its_end) {
  auto number = next_job++;
  if (options.which == scope::named)
    ours.insert(number);
  auto& j = jobs[number];
  j.number = number;
  j.row.id = spec.id;
  j.row.created = now;
  ids.emplace(spec.id, number);
  j.definition.number = number;
  j.definition.created = now;
  if (parent) {
    j.definition.parent = parent->number;
    j.definition.on_parent_end = at_its_end;
    j.definition.depth = parent->definition.depth + 1;
    j.definition.folder = parent->definition.folder;
  }
  define(j, spec, hash);
  j.tasks.resize(spec.tasks.size());
  auto numbers = std::vector<std::uint32_t>(spec.tasks.size());
  std::iota(numbers.begin(), numbers.end(), 0u);
  add_defined(j, spec, numbers);
  j.state_changed = true;
  touch(j);
  return j;
}

/// Counts the tasks from `row.tasks` on and makes ready what is.
void planner::impl::enter_new(job& j) {
  auto first = j.row.tasks;
  touch(j);
  j.row.tasks = static_cast<std::uint32_t>(j.tasks.size());
  j.unsettled += j.row.tasks - first;
  j.row.counts[static_cast<std::size_t>(task_state::waiting)] += j.row.tasks - first;
  for (auto t = first; t < j.row.tasks; ++t)
    arrive(j, t);
  for (auto t = first; t < j.row.tasks; ++t)
    listen(j, t);
  for (auto t = first; t < j.row.tasks; ++t)
    if (j.tasks[t].row.state == task_state::waiting)
      look_at_dependencies(j, t);
}

/// Those who expected a task of this name wait for it as for any other.
void planner::impl::arrive(job& j, std::uint32_t t) {
  if (j.expected.empty())
    return;
  auto name = j.task_name(t); // also one that was made
  auto waiting = j.expected.extract(name);
  if (waiting.empty())
    return;
  for (auto& l : waiting.mapped()) {
    auto& row = j.tasks[l.task].row;
    auto& clause = row.wait->any_of[l.clause];
    std::erase(clause.expected, name);
    add_to(clause.tasks, t);
    if (!contains(row.waited, t))
      add_to(row.waited, t);
    j.tasks[t].listeners.push_back(l);
    touch(j, l.task);
  }
}

} // namespace dagger::plan
