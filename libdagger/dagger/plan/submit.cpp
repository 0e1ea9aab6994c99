// Jobs come in: new ones are written, known ones are recognised.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>

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
  auto text = [](const stored_payload& x, const payload& other) {
    if (!x.present)
      return payload{};
    auto same_size = other.bytes().size() == x.size;
    return x.is_inline() ? payload::from_bytes(x.bytes) : same_size ? other : payload{};
  };
  before.inputs = text(found.definition.inputs, given.inputs);
  before.outputs = text(found.definition.outputs, given.outputs);
  for (auto i = std::uint32_t{0}; i < found.tasks.size() && !found.tasks[i].spec.parent; ++i) {
    auto& row = found.tasks[i].spec;
    auto other = i < given.tasks.size() ? given.tasks[i] : task_spec{};
    auto x = task_spec{};
    x.name = row.name;
    x.agent = row.agent;
    x.description = row.description;
    x.kind = row.kind;
    x.priority = row.priority;
    x.optional = row.optional;
    x.at_most_once = row.at_most_once;
    x.templated = row.templated;
    if (row.retry)
      x.retry = *row.retry;
    x.timeout = row.timeout;
    x.total_timeout = row.total_timeout;
    for_each(row.after, [&](std::uint32_t on) { x.after.push_back(task_ref::nth(on)); });
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
    create(x);
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
}

/// A job that has ended is answered without being loaded.
void planner::impl::expect_end(std::uint64_t number, client_id client) {
  auto state = state_of(number);
  if (finished(state)) {
    out.commands.push_back(answer{client, number, state});
    return;
  }
  clients[number].push_back(client); // first: what is taken up may end by that
  check(find_or_load(number) != nullptr, "a job's id has no job");
}

std::optional<error> planner::impl::refusal_of(const job_spec& spec) const {
  if (auto wrong = problems(spec); !wrong.empty())
    return wrong.front();
  for (auto& t : spec.tasks) {
    auto a = agents.find(t.agent);
    if (a == agents.end() || !a->second.known)
      return error{code::not_found, "there is no agent '" + t.agent + "'", "task '" + t.name + "'"};
    auto& names = spec.allowed_agents;
    if (!names.empty() && std::find(names.begin(), names.end(), t.agent) == names.end())
      return error{code::limit, "agent '" + t.agent + "' is not among the job's allowed agents",
                   "task '" + t.name + "'"};
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

void planner::impl::create(const job_submitted& x) {
  auto number = next_job++;
  auto& j = jobs[number];
  auto& spec = *x.spec;
  j.number = number;
  j.row.id = spec.id;
  j.row.created = now;
  ids.emplace(spec.id, number);
  auto& d = j.definition;
  d.number = number;
  d.hash = x.hash;
  d.name = spec.name;
  d.description = spec.description;
  d.priority = spec.priority;
  d.tags = spec.tags;
  d.created_by = spec.created_by;
  d.traceparent = spec.traceparent;
  d.created = now;
  d.allowed_agents = spec.allowed_agents;
  d.inputs = keep(j, store::job_itself, store::slot::input, spec.inputs);
  d.outputs = keep(j, store::job_itself, store::slot::output, spec.outputs);
  j.tasks.resize(spec.tasks.size());
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    if (!spec.tasks[i].name.empty())
      j.names.emplace(spec.tasks[i].name, i);
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    auto& row = j.tasks[i].spec = row_of(j, spec.tasks[i], i);
    if (row.name != spec.tasks[i].name)
      j.names.emplace(row.name, i);
    for (auto& ref : spec.tasks[i].after) {
      auto on = ref.added == task_ref::by_name ? j.find(ref.name) : ref.added;
      check(on && *on < j.tasks.size(), "a checked definition names no such task");
      if (!contains(row.after, *on))
        add_to(row.after, *on);
    }
  }
  j.state_changed = true;
  out.commands.push_back(accept{x.client, number, true});
  clients[number].push_back(x.client);
  enter_new(j);
  if (j.tasks.empty())
    finish(j);
}

/// Counts the tasks from `row.tasks` on and makes ready what is.
void planner::impl::enter_new(job& j) {
  auto first = j.row.tasks;
  touch(j);
  j.row.tasks = static_cast<std::uint32_t>(j.tasks.size());
  j.unsettled += j.row.tasks - first;
  j.row.counts[static_cast<std::size_t>(task_state::waiting)] += j.row.tasks - first;
  for (auto t = first; t < j.row.tasks; ++t)
    listen(j, t);
  for (auto t = first; t < j.row.tasks; ++t)
    if (j.tasks[t].row.state == task_state::waiting)
      look_at_dependencies(j, t);
}

} // namespace dagger::plan
