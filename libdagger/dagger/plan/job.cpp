// Loading a job and entering it in its own lists.
#include <dagger/plan/job.hpp>

#include <algorithm>
#include <charconv>

namespace dagger::plan {

std::optional<std::uint32_t> job::find(std::string_view name) const {
  if (auto i = names.find(std::string{name}); i != names.end())
    return i->second;
  auto dash = name.rfind('-');
  if (dash == std::string_view::npos)
    return std::nullopt;
  auto at = std::uint32_t{0};
  auto digits = name.substr(dash + 1);
  auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), at);
  if (failure != std::errc{} || end != digits.data() + digits.size() || at >= tasks.size()
      || task_name(at) != name || tasks[at].row.rare().replaced)
    return std::nullopt;
  return at;
}

std::optional<wake_call> next_call(const task_row& row) {
  auto first = std::optional<wake_call>{};
  auto consider = [&](const std::optional<timestamp>& when, wake_call::kind what) {
    if (when && (!first || wake_call{*when, what} < *first))
      first = wake_call{*when, what};
  };
  consider(row.total_deadline, wake_call::kind::total);
  consider(row.wait->deadline, wake_call::kind::deadline);
  for (auto& c : row.wait->any_of)
    if (c.mode == wait_mode::time)
      consider(c.until, wake_call::kind::condition);
  return first;
}

void listen(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  if (t.row.state == task_state::waiting) {
    t.pending = 0;
    j.for_each_after(number, [&](std::uint32_t on) {
      if (settled(j.tasks[on].row))
        return;
      ++t.pending;
      j.tasks[on].listeners.push_back({number, 0, 0});
    });
    if (t.row.rare().waits_again)
      for_each(t.row.waited, [&](std::uint32_t on) {
        if (settled(j.tasks[on].row) || contains(t.row.rare().spared, on))
          return;
        ++t.pending;
        j.tasks[on].listeners.push_back({number, 0, 0});
      });
    return;
  }
  t.waiting.assign(t.row.wait->any_of.size(), {});
  for (auto c = std::uint32_t{0}; c < t.waiting.size(); ++c) {
    auto& clause = t.row.wait->any_of[c];
    for (auto& name : clause.expected) {
      ++t.waiting[c].unsettled;
      j.expected[name].insert({number, t.row.visit, c});
    }
    if (clause.mode == wait_mode::signal)
      j.signal_waits[clause.signal].insert(number);
    for_each(clause.tasks, [&](std::uint32_t on) {
      auto& other = j.tasks[on].row;
      auto& p = t.waiting[c];
      if (!settled(other)) {
        ++p.unsettled;
        j.tasks[on].listeners.push_back({number, t.row.visit, c});
        return;
      }
      p.completed |= other.state == task_state::completed;
      p.failed |= other.state == task_state::failed || other.state == task_state::cancelled
               || other.failed_upstream;
    });
  }
}

namespace {

/// Whether who listens still is where it was when it began to.
bool listens(const job& j, const listener& l) {
  auto& row = j.tasks[l.task].row;
  return l.visit == 0 ? row.state == task_state::waiting
                      : row.state == task_state::suspended && row.visit == l.visit;
}

/// One listener of `t` has moved on. They are swept out when they are many, so that each costs
/// little however many there are.
void count_stale(job& j, task& t, std::uint32_t leaving) {
  if (++t.stale <= t.listeners.size() / 2)
    return;
  std::erase_if(t.listeners, [&](auto& l) { return l.task == leaving || !listens(j, l); });
  t.stale = 0;
}

} // namespace

void unlisten(job& j, std::uint32_t number) {
  auto& t = j.tasks[number];
  for (auto c = std::uint32_t{0}; auto& clause : t.row.wait->any_of) {
    // Those that are still to settle need not tell this visit any more.
    for_each(clause.tasks, [&](std::uint32_t on) {
      if (!settled(j.tasks[on].row))
        count_stale(j, j.tasks[on], number);
    });
    for (auto& name : clause.expected)
      if (auto at = j.expected.find(name); at != j.expected.end()) {
        at->second.erase({number, t.row.visit, c});
        if (at->second.empty())
          j.expected.erase(at);
      }
    if (auto at = j.signal_waits.find(clause.signal); at != j.signal_waits.end()) {
      at->second.erase(number);
      if (at->second.empty())
        j.signal_waits.erase(at);
    }
    ++c;
  }
}

bool undoes(const job& j, std::uint32_t t) {
  if (j.row.undoing == undoing::no)
    return false;
  auto up = std::optional{t};
  while (up && !j.tasks[*up].spec.rare().compensates)
    up = j.tasks[*up].spec.parent;
  return up.has_value();
}

bool is_review(const task_row& row) {
  return row.wait && !row.wait->any_of.empty()
      && row.wait->any_of.front().mode == wait_mode::review;
}

bool waits_for_jobs(const task_row& row) {
  return row.wait && std::any_of(row.wait->any_of.begin(), row.wait->any_of.end(), [](auto& c) {
           return !c.jobs.empty();
         });
}

namespace {

/// Dependencies of all tasks of a job together.
constexpr auto most_edges = std::uint64_t{1} << 30;

/// The definition of a job's id and the job's own row.
result<void> load_head(store::view& disk, job& j) {
  auto row = disk.get(store::table::jobs, store::key::job(j.number));
  if (!row)
    return fail(row.error());
  if (!*row)
    return fail(code::store_corrupt, "job " + std::to_string(j.number) + " has no row");
  auto head = decode_job((*row)->body);
  if (!head)
    return fail(head.error());
  j.row = std::move(*head);
  auto stored = disk.get(store::table::definitions, store::key::definition(j.row.id));
  if (!stored)
    return fail(stored.error());
  if (!*stored)
    return fail(code::store_corrupt, "job '" + j.row.id + "' has no definition");
  auto definition = decode_definition((*stored)->body);
  if (!definition)
    return fail(definition.error());
  j.definition = std::move(*definition);
  return {};
}

result<void> load_specs(store::view& disk, job& j) {
  j.tasks.reserve(std::min(j.row.tasks, limits::tasks_per_job));
  auto add = [&](std::vector<spec_row>&& specs) {
    for (auto& s : specs) {
      j.tasks.emplace_back();
      j.tasks.back().spec = std::move(s);
    }
  };
  add(std::exchange(j.definition.tasks, {}));
  j.inline_specs = static_cast<std::uint32_t>(j.tasks.size());
  auto problem = std::optional<error>{};
  auto scanned = scan_prefix(disk, store::table::specs, store::key::of(j.number),
                             [&](std::string_view, const store::record& r) {
                               auto specs = decode_specs(r.body);
                               if (!specs)
                                 problem = specs.error();
                               else
                                 add(std::move(*specs));
                               return !problem;
                             });
  if (!scanned)
    return scanned;
  if (!problem && j.tasks.size() != j.row.tasks)
    problem =
      error{code::store_corrupt, "job '" + j.row.id + "' has " + std::to_string(j.tasks.size())
                                   + " task specs for " + std::to_string(j.row.tasks) + " tasks"};
  return problem ? result<void>{fail(*problem)} : result<void>{};
}

result<void> load_rows(store::view& disk, job& j) {
  auto problem = std::optional<error>{};
  auto scanned = scan_prefix(disk, store::table::tasks, store::key::of(j.number),
                             [&](std::string_view key, const store::record& r) {
                               auto at = store::key::task_of(key).task;
                               auto row = decode_task(r.body);
                               if (!row)
                                 problem = row.error();
                               else if (at >= j.tasks.size())
                                 problem = error{code::store_corrupt,
                                                 "job '" + j.row.id + "' has a row for task "
                                                   + std::to_string(at) + ", which it has not"};
                               else
                                 j.tasks[at].row = std::move(*row);
                               return !problem;
                             });
  if (!scanned)
    return scanned;
  return problem ? result<void>{fail(*problem)} : result<void>{};
}

result<void> load_signals(store::view& disk, job& j) {
  if (j.row.signals_end == 0)
    return {};
  auto problem = std::optional<error>{};
  auto scanned =
    scan_prefix(disk, store::table::signals, store::key::of(j.number),
                [&](std::string_view key, const store::record& r) {
                  auto row = decode_signal(r.body);
                  if (!row) {
                    problem = row.error();
                    return false;
                  }
                  j.queued_bytes += row->value.size();
                  j.signals[row->name].push_back({store::key::signal_of(key), row->value});
                  ++j.queued_signals;
                  return true;
                });
  return problem ? result<void>{fail(*problem)} : scanned;
}

result<void> load_children(store::view& disk, job& j) {
  if (j.row.submitted == 0)
    return {};
  return scan_prefix(disk, store::table::children, store::key::of(j.number),
                     [&](std::string_view key, const store::record& r) {
                       auto leave = r.body == std::string_view{"\1", 1};
                       j.children.push_back({store::key::child_of(key),
                                             leave ? on_parent_end::leave : on_parent_end::cancel});
                       return true;
                     });
}

/// Whether the rows fit each other: what a checksum cannot tell.
bool makes_sense(const job& j) {
  auto named = std::uint64_t{0};
  auto ok = [&](const std::vector<task_range>& xs) {
    for (auto& x : xs) {
      named += x.count;
      if (std::uint64_t{x.first} + x.count > j.tasks.size())
        return false;
    }
    return named <= most_edges;
  };
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    auto& t = j.tasks[i];
    if (!ok(t.spec.after) || !ok(t.row.added_after) || !ok(t.row.waited)
        || (t.spec.parent && *t.spec.parent >= i)
        || (t.spec.rare().compensates && *t.spec.rare().compensates >= i)
        || !ok(t.row.rare().spared) || (t.row.state == task_state::backoff && !t.row.due)
        || (t.row.state == task_state::suspended) != t.row.wait.has_value())
      return false;
    if (t.row.wait)
      for (auto& c : t.row.wait->any_of)
        if (!ok(c.tasks))
          return false;
  }
  return true;
}

/// Reads all parts. Throws where bytes make no sense.
result<job> load_parts(store::view& disk, std::uint64_t number) {
  auto j = job{};
  j.number = number;
  for (auto part : {load_head, load_specs, load_rows, load_signals, load_children})
    if (auto done = part(disk, j); !done)
      return fail(done.error());
  if (!makes_sense(j))
    return fail(code::store_corrupt, "the rows of job '" + j.row.id + "' contradict each other");
  return j;
}

} // namespace

result<job> load_job(store::view& disk, std::uint64_t number) try {
  auto loaded = load_parts(disk, number);
  if (!loaded)
    return loaded;
  auto& j = *loaded;
  j.first_new_task = j.row.tasks;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
    auto& t = j.tasks[i];
    if (!t.spec.name.empty() && !t.row.rare().replaced)
      j.names.emplace(t.spec.name, i);
    if (t.row.state == task_state::waiting || t.row.state == task_state::suspended)
      listen(j, i);
    // On disk, `waiting` stands for both: readiness follows from the dependencies.
    if (t.row.state == task_state::waiting && t.pending == 0)
      t.row.state = task_state::ready;
    j.replaced += t.row.rare().replaced;
    j.unsettled += !settled(t.row);
    j.active += active(t.row.state);
  }
  auto listed = disk.get(store::table::active, store::key::active(number));
  if (!listed)
    return fail(listed.error());
  j.listed = listed->has_value();
  return loaded;
} catch (const std::exception& x) {
  return fail(code::store_corrupt,
              "the rows of job " + std::to_string(number) + " make no sense: " + x.what());
}

task_status status_of(const spec_row& spec, const task_row& row, std::uint32_t number) {
  auto x = task_status{};
  x.number = number;
  x.name = name_of(spec, number);
  x.agent = spec.agent;
  x.description = spec.description;
  x.kind = spec.kind;
  x.parent = spec.parent;
  x.templated = spec.templated;
  for_each(spec.after, [&](std::uint32_t t) { x.after.push_back(t); });
  for_each(row.added_after, [&](std::uint32_t t) { x.after.push_back(t); });
  for_each(row.waited, [&](std::uint32_t t) { x.waited.push_back(t); });
  x.state = row.state;
  x.visit = row.visit;
  x.attempt = row.attempt;
  x.starts = row.starts;
  x.interruptions = row.interruptions;
  x.optional = spec.optional;
  x.created = spec.created;
  x.started = row.started;
  x.ended = row.ended;
  x.due = row.due;
  if (row.wait)
    if (auto call = next_call(row))
      x.due = call->when;
  if (row.state == task_state::completed && row.code == code::cached)
    x.cached = row.message;
  else if (!row.code.empty() || !row.message.empty())
    x.error = dagger::error{row.code, row.message};
  x.summary = row.summary;
  x.input = row.rare().has_input ? row.rare().input : spec.input;
  x.output = row.output;
  x.saved_state = row.saved_state;
  x.answer = row.rare().answer;
  x.progress = row.rare().progress;
  x.replaced = row.rare().replaced;
  x.disabled = row.rare().disabled;
  x.has_new_input = row.rare().has_input;
  if (row.wait)
    for (auto& c : row.wait->any_of) {
      auto& w = x.waits.emplace_back();
      w.mode = c.mode;
      for_each(c.tasks, [&](std::uint32_t t) { w.tasks.push_back(t); });
      w.until = c.until;
      w.jobs = c.jobs;
      w.expected = c.expected;
      w.signal = c.signal;
      w.schema = c.schema;
    }
  return x;
}

} // namespace dagger::plan
