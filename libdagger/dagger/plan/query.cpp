// Reading jobs for users.
#include <dagger/plan/query.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/plan/job.hpp>

#include <algorithm>
#include <map>
#include <numeric>

namespace dagger::plan {

namespace {

result<job_status> status_of(store::view& v, std::uint64_t number, const job_row& row) {
  auto stored = v.get(store::table::definitions, store::key::definition(row.id));
  if (!stored)
    return fail(stored.error());
  if (!*stored)
    return fail(code::store_corrupt, "job '" + row.id + "' has no definition");
  auto definition = decode_definition((*stored)->body);
  if (!definition)
    return fail(definition.error());
  auto x = job_status{};
  x.number = number;
  x.id = row.id;
  x.name = definition->name;
  x.state = row.state;
  x.created = row.created;
  x.ended = row.ended;
  x.counts = row.counts;
  x.tasks = std::accumulate(row.counts.begin(), row.counts.end(), std::uint32_t{0});
  x.task_numbers = row.tasks;
  x.tags = definition->tags;
  x.priority = definition->priority;
  x.inputs = definition->inputs;
  x.outputs = definition->outputs;
  x.code = row.code;
  x.parent = definition->parent;
  x.stalled = row.stall != 0 && row.state == job_state::running
           && definition->stall_action == stall_action::callback && row.counts[1] == 0
           && row.counts[2] == 0 && row.counts[3] == 0;
  x.is_flow = definition->is_flow;
  x.retry = definition->retry;
  x.folder = std::move(definition->folder);
  return x;
}

result<job_row> row_of(store::view& v, std::uint64_t number) {
  auto stored = v.get(store::table::jobs, store::key::job(number));
  if (!stored)
    return fail(stored.error());
  if (!*stored)
    return fail(code::not_found, "there is no job number " + std::to_string(number));
  return decode_job((*stored)->body);
}

/// The task rows and specs that a status needs, found one by one.
class task_reader {
public:
  task_reader(store::view& v, std::uint64_t job) : view_(v), job_(job) {}

  result<void> open() {
    auto row = row_of(view_, job_);
    if (!row)
      return fail(row.error());
    auto stored = view_.get(store::table::definitions, store::key::definition(row->id));
    if (!stored)
      return fail(stored.error());
    if (!*stored)
      return fail(code::store_corrupt, "job '" + row->id + "' has no definition");
    auto definition = decode_definition((*stored)->body);
    if (!definition)
      return fail(definition.error());
    specs_ = std::move(definition->tasks);
    first_ = 0;
    return {};
  }

  /// Appends the tasks of a range to `to`.
  result<void> read(const task_range& range, std::vector<task_status>& to) {
    auto next = range.first;
    auto end = range.first + range.count;
    auto problem = std::optional<error>{};
    auto add = [&](const task_row& row) {
      if (auto found = find_spec(next); !found)
        problem = found.error();
      else
        to.push_back(plan::status_of(specs_[next - first_], row, next));
      ++next;
      return !problem;
    };
    auto take = [&](std::string_view key, const store::record& r) {
      auto at = store::key::task_of(key);
      if (at.job != job_ || at.task >= end)
        return false;
      while (next < at.task) // without a row: it never left `waiting`
        if (!add({}))
          return false;
      auto row = decode_task(r.body);
      if (!row)
        problem = row.error();
      return row && add(*row);
    };
    if (auto done = view_.scan(store::table::tasks, store::key::task(job_, range.first),
                               store::direction::up, take);
        !done)
      return done;
    while (!problem && next < end)
      add({});
    return problem ? result<void>{fail(*problem)} : result<void>{};
  }

  result<task_spec> definition(std::uint32_t number) {
    if (auto found = find_spec(number); !found)
      return fail(found.error());
    return spec_of(specs_[number - first_]);
  }

private:
  /// Makes `specs_` the group that the task stands in.
  result<void> find_spec(std::uint32_t number) {
    if (number >= first_ && number - first_ < specs_.size())
      return {};
    auto problem = std::optional<error>{};
    auto prefix = store::key::of(job_);
    specs_.clear();
    auto take = [&](std::string_view key, const store::record& r) {
      if (!key.starts_with(prefix))
        return false;
      auto specs = decode_specs(r.body);
      if (!specs) {
        problem = specs.error();
      } else {
        specs_ = std::move(*specs);
        first_ = store::key::task_of(key).task;
      }
      return false;
    };
    if (auto x = view_.scan(store::table::specs, store::key::spec(job_, number),
                            store::direction::down, take);
        !x)
      return x;
    if (problem)
      return fail(*problem);
    if (specs_.empty()) // one of the first few, in the definition
      if (auto x = open(); !x)
        return x;
    if (number < first_ || number - first_ >= specs_.size())
      return fail(code::store_corrupt, "task " + std::to_string(number) + " of job "
                                         + std::to_string(job_) + " has no spec");
    return {};
  }

  store::view& view_;
  std::uint64_t job_;
  std::vector<spec_row> specs_;
  std::uint32_t first_ = 0;
};

class output_reader {
public:
  output_reader(store::view& v, std::uint64_t job, const std::vector<task_status>& tasks)
    : view_(v),
      job_(job) {
    for (auto replaced : {false, true}) // what has been removed may still be named
      for (auto& t : tasks)
        if (t.replaced == replaced)
          by_name_.emplace(t.name, &t);
  }

  result<json> of(const task_status& t) {
    return load_value(view_, job_, t.number, store::slot::output, t.output);
  }

  /// What "TASK.path" names; null for a task without an output.
  result<json> of(std::string_view reference) {
    auto parsed = graph::parse_reference(
      reference, [this](std::string_view id) { return by_name_.contains(id); });
    if (!parsed)
      return fail(parsed.error());
    auto task = by_name_.find(parsed->node);
    if (task == by_name_.end())
      return fail(code::not_found, "no task for the output '" + std::string{reference} + "'");
    if (!task->second->output.present || task->second->replaced)
      return graph::read_output(*parsed, nullptr);
    auto whole = of(*task->second);
    return whole ? graph::read_output(*parsed, &*whole) : whole;
  }

private:
  store::view& view_;
  std::uint64_t job_;
  std::map<std::string, const task_status*, std::less<>> by_name_;
};

/// Which tasks of the job wait for a signal. Of all others little is read: there may be many.
result<std::vector<task_range>> tasks_with_signals(store::view& v, const job_status& job) {
  auto found = std::vector<task_range>{};
  auto suspended = job.counts[static_cast<std::size_t>(task_state::suspended)];
  if (suspended == 0)
    return found;
  auto problem = std::optional<error>{};
  auto is_signal = [](const clause& c) { return c.mode == wait_mode::signal; };
  auto take = [&](std::string_view key, const store::record& r) {
    if (!is_suspended(r.body))
      return true;
    auto row = decode_task(r.body);
    if (!row)
      problem = row.error();
    else if (row->wait && std::ranges::any_of(row->wait->any_of, is_signal))
      found.push_back({store::key::task_of(key).task, 1});
    return !problem && --suspended > 0;
  };
  auto done = scan_prefix(v, store::table::tasks, store::key::of(job.number), take);
  if (!done || problem)
    return fail(problem ? std::move(*problem) : done.error());
  return found;
}

} // namespace

result<std::optional<job_status>> find_job(store::view& v, std::string_view id) {
  if (id.size() > limits::id_bytes)
    return std::nullopt;
  auto stored = v.get(store::table::definitions, store::key::definition(id));
  if (!stored)
    return fail(stored.error());
  if (!*stored)
    return std::nullopt;
  auto definition = decode_definition((*stored)->body);
  if (!definition)
    return fail(definition.error());
  auto row = row_of(v, definition->number);
  if (!row)
    return fail(row.error());
  auto status = status_of(v, definition->number, *row);
  if (!status)
    return fail(status.error());
  return std::optional{std::move(*status)};
}

result<void> list_jobs(store::view& v, const std::function<bool(const job_status&)>& visit,
                       std::uint64_t newest) {
  auto problem = std::optional<error>{};
  auto take = [&](std::string_view key, const store::record& r) {
    auto row = decode_job(r.body);
    if (!row) {
      problem = row.error();
      return false;
    }
    auto status = status_of(v, store::key::job_of(key), *row);
    if (!status) {
      problem = status.error();
      return false;
    }
    return visit(*status);
  };
  auto done = v.scan(store::table::jobs, store::key::job(newest), store::direction::down, take);
  return problem ? result<void>{fail(*problem)} : done;
}

result<job_status> job_of(store::view& v, std::uint64_t number) {
  auto row = row_of(v, number);
  if (!row)
    return fail(row.error());
  return status_of(v, number, *row);
}

result<std::vector<job_status>> children_of(store::view& v, std::uint64_t number) {
  auto all = std::vector<job_status>{};
  auto problem = std::optional<error>{};
  auto scanned = scan_prefix(v, store::table::children, store::key::of(number),
                             [&](std::string_view key, const store::record&) {
                               auto child = job_of(v, store::key::child_of(key));
                               if (child)
                                 all.push_back(std::move(*child));
                               else if (child.error().code != code::not_found)
                                 problem = child.error(); // else it has been purged
                               return !problem;
                             });
  if (!scanned)
    return fail(scanned.error());
  if (problem)
    return fail(*problem);
  return all;
}

result<std::vector<signal_wait>> signal_waits(store::view& v, std::string_view job_id) {
  auto job = find_job(v, job_id);
  if (!job)
    return fail(job.error());
  if (!*job)
    return fail(code::not_found, "there is no job '" + std::string{job_id} + "'");
  auto waiting = tasks_with_signals(v, **job);
  if (!waiting)
    return fail(waiting.error());
  auto tasks = tasks_of(v, (*job)->number, *waiting);
  if (!tasks)
    return fail(tasks.error());
  auto found = std::vector<signal_wait>{};
  for (auto& t : *tasks)
    for (auto& w : t.waits)
      if (w.mode == wait_mode::signal)
        found.push_back({t.number, t.name, w.signal, w.schema});
  return found;
}

result<void> read_stream(store::view& v, std::uint64_t job, std::uint32_t task, std::uint64_t from,
                         const std::function<bool(const stream_entry&)>& visit) {
  auto problem = std::optional<error>{};
  auto prefix = store::key::task(job, task);
  auto scanned = v.scan(store::table::stream, store::key::chunk(job, task, from),
                        store::direction::up, [&](std::string_view key, const store::record& r) {
                          if (!key.starts_with(prefix))
                            return false;
                          auto row = decode_chunk(r.body);
                          if (!row) {
                            problem = row.error();
                            return false;
                          }
                          return visit({store::key::chunk_of(key), row->visit, row->attempt,
                                        row->time, row->restarted, std::move(row->value)});
                        });
  return problem ? result<void>{fail(*problem)} : scanned;
}

result<std::uint64_t> stream_end(store::view& v, std::uint64_t job, std::uint32_t task) {
  auto end = std::uint64_t{0};
  auto prefix = store::key::task(job, task);
  auto last = store::key::chunk(job, task, ~std::uint64_t{0});
  auto done = v.scan(store::table::stream, last, store::direction::down,
                     [&](std::string_view key, const store::record&) {
                       if (key.starts_with(prefix))
                         end = store::key::chunk_of(key) + 1;
                       return false;
                     });
  return done ? result<std::uint64_t>{end} : fail(done.error());
}

result<std::vector<task_status>> tasks_of(store::view& v, std::uint64_t number) {
  auto j = load_job(v, number);
  if (!j)
    return fail(j.error());
  auto all = std::vector<task_status>{};
  all.reserve(j->tasks.size());
  for (auto t = std::uint32_t{0}; t < j->tasks.size(); ++t)
    all.push_back(status_of(j->tasks[t].spec, j->tasks[t].row, t));
  return all;
}

result<task_spec> definition_of(store::view& v, std::uint64_t job, std::uint32_t task) {
  return task_reader{v, job}.definition(task);
}

result<std::vector<task_status>> tasks_of(store::view& v, std::uint64_t number,
                                          const std::vector<task_range>& which) {
  auto reader = task_reader{v, number};
  if (auto opened = reader.open(); !opened)
    return fail(opened.error());
  auto some = std::vector<task_status>{};
  auto count = std::size_t{0};
  for (auto& range : which)
    count += range.count;
  some.reserve(count);
  for (auto& range : which)
    if (auto done = reader.read(range, some); !done)
      return fail(done.error());
  return some;
}

result<payload> load(store::view& v, std::uint64_t job, std::uint32_t task, store::slot which,
                     const stored_payload& from) {
  if (!from.present)
    return payload{};
  if (from.is_inline())
    return payload::from_bytes(from.bytes);
  auto bytes = std::string{};
  bytes.reserve(from.size);
  for (auto chunk = std::uint32_t{0}; bytes.size() < from.size; ++chunk) {
    auto row = v.get(store::table::payloads, store::key::payload(job, task, which, chunk));
    if (!row)
      return fail(row.error());
    if (!*row || (*row)->body.empty())
      return fail(code::store_corrupt, "a payload of job " + std::to_string(job) + ", task "
                                         + std::to_string(task) + " lacks its part "
                                         + std::to_string(chunk));
    bytes.append((*row)->body);
  }
  if (bytes.size() != from.size)
    return fail(code::store_corrupt, "a payload of job " + std::to_string(job) + ", task "
                                       + std::to_string(task) + " has the wrong size");
  return payload::from_bytes(std::move(bytes));
}

result<json> load_value(store::view& v, std::uint64_t job, std::uint32_t task, store::slot which,
                        const stored_payload& from) {
  if (!from.present)
    return json{};
  if (from.is_inline())
    return parse_json(from.bytes);
  auto text = load(v, job, task, which, from);
  if (!text)
    return fail(text.error());
  return parse_json(text->bytes());
}

result<std::vector<job_event>> history(store::view& v, std::uint64_t number) {
  auto row = row_of(v, number);
  if (!row)
    return fail(row.error());
  auto events = std::vector<job_event>{};
  auto next = row->events_end > 0 ? std::optional{row->events_end - 1} : std::nullopt;
  while (next) {
    auto stored = v.get(store::table::log, store::key::log(store::log_id::jobs, *next));
    if (!stored)
      return fail(stored.error());
    if (!*stored)
      break; // older ones are gone by retention
    auto row_of_event = decode_event((*stored)->body);
    if (!row_of_event)
      return fail(row_of_event.error());
    row_of_event->event.position = *next;
    events.push_back(std::move(row_of_event->event));
    next = row_of_event->previous;
  }
  std::reverse(events.begin(), events.end());
  return events;
}

result<json> outputs_of(store::view& v, const job_status& job) {
  auto tasks = tasks_of(v, job.number);
  if (!tasks)
    return fail(tasks.error());
  auto reader = output_reader{v, job.number, *tasks};
  auto wanted = load(v, job.number, store::job_itself, store::slot::output, job.outputs);
  if (!wanted)
    return fail(wanted.error());
  auto outputs = json::object();
  if (!wanted->empty()) {
    for (auto& [name, reference] : wanted->value().items()) {
      auto value = reader.of(reference.get_ref<const std::string&>());
      if (!value)
        return value;
      outputs[name] = std::move(*value);
    }
    return outputs;
  }
  auto needed = std::vector<bool>(tasks->size());
  for (auto& t : *tasks)
    if (!t.parent && !t.replaced)
      for (auto on : t.after)
        needed[on] = true;
  for (auto& t : *tasks)
    if (!t.parent && !t.replaced && !needed[t.number] && t.state == task_state::completed) {
      auto value = reader.of(t);
      if (!value)
        return value;
      outputs[t.name] = std::move(*value);
    }
  return outputs;
}

} // namespace dagger::plan
