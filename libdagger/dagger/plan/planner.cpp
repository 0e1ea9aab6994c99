// The fold itself: events are handed out, time passes, rows are written at the end.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/check.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

error no_row(std::uint64_t job) {
  return {code::store_corrupt, "job " + std::to_string(job) + " has no row"};
}

template <class T>
T read(result<T> x) {
  if (!x)
    throw unreadable{x.error()};
  return std::move(*x);
}

/// Inside of a handler: why an event could not be applied. Rows with a right checksum may still
/// hold what we never wrote.
error what_is_unreadable() {
  try {
    throw;
  } catch (const unreadable& x) {
    return x.why;
  } catch (const std::exception& x) {
    return {code::store_corrupt, std::string{"a stored record makes no sense: "} + x.what()};
  }
}

} // namespace

// -- one event ----------------------------------------------------------------

void planner::impl::begin(store::view& v, timestamp at) {
  disk = &v;
  now = at;
  out = {};
}

effects planner::impl::end() {
  look_at_stalls();
  for (auto* asked : {&dirty_jobs, &attended_jobs})
    for (auto number : *asked)
      if (auto j = jobs.find(number); j != jobs.end())
        answer_if_paused(j->second);
  attended_jobs.clear();
  dispatch();
  for (auto number : dirty_jobs)
    write(jobs.at(number));
  if (!out.writes.empty()) {
    ++batches_given;
    for (auto number : dirty_jobs) {
      jobs.at(number).last_batch = batches_given;
      touched.emplace_back(batches_given, number);
    }
  }
  dirty_jobs.clear();
  forget_idle();
  if (auto filled = timers.refill(*disk); !filled)
    throw unreadable{filled.error()};
  disk = nullptr;
  return std::move(out);
}

void planner::impl::touch(job& j) {
  if (!std::exchange(j.dirty, true))
    dirty_jobs.push_back(j.number);
}

void planner::impl::touch(job& j, std::uint32_t t) {
  touch(j);
  if (!std::exchange(j.tasks[t].dirty, true))
    j.dirty_tasks.push_back(t);
}

// -- jobs in memory -------------------------------------------------------------

job* planner::impl::find_or_load(std::uint64_t number) {
  if (auto found = jobs.find(number); found != jobs.end())
    return &found->second;
  if (doomed.contains(number))
    return nullptr;
  auto stored = read(disk->get(store::table::jobs, store::key::job(number)));
  if (!stored)
    return nullptr;
  auto& j = jobs[number] = read(load_job(*disk, number));
  ids.emplace(j.row.id, number);
  enter(j);
  return &j;
}

job* planner::impl::take_over(std::uint64_t number) {
  auto is_new = options.which == scope::named && ours.insert(number).second;
  auto was_there = jobs.contains(number);
  auto* j = find_or_load(number);
  if (j && is_new && was_there)
    take_up(*j);
  return j;
}

/// Some of the active jobs, those first that came first.
void planner::impl::take(const load_due&) {
  for (auto tasks = std::size_t{0}; !unread.empty() && tasks < options.tasks_at_once;) {
    auto number = unread.front();
    unread.pop_front();
    // One that has come to its end in the meantime may be gone.
    if (!jobs.contains(number)
        && !read(disk->get(store::table::active, store::key::active(number))))
      continue;
    auto* j = find_or_load(number);
    if (!j)
      throw unreadable{no_row(number)};
    tasks += j->tasks.size();
  }
}

void planner::impl::follow_or_write(const timer_table::timer& x) {
  if (is_ours(x.job))
    timers.add(x, out.writes, this_batch());
  else
    timers.only_write(x, out.writes);
}

/// What all jobs in memory need.
void planner::impl::enter(job& j) {
  auto number = j.number;
  touched.emplace_back(batches_given, number); // to be forgotten if nothing comes of it
  j.row.counts = {};
  for (auto& t : j.tasks) {
    if (!t.row.rare().replaced)
      ++j.row.counts[static_cast<std::size_t>(t.row.state)];
    if (t.spec.parent)
      j.tasks[*t.spec.parent].children_running += t.row.state == task_state::running;
  }
  refresh_hold(j);
  for (auto t = std::uint32_t{0}; t < j.tasks.size() && j.row.waits_for_jobs > 0; ++t)
    if (auto& row = j.tasks[t].row; waits_for_jobs(row)) {
      count_jobs(j, t);
      for (auto& c : row.wait->any_of)
        for (auto other : c.jobs)
          watchers[other].emplace(number, t);
    }
  if (is_ours(number))
    take_up(j);
}

/// Enters a job that was loaded among those that are worked on.
void planner::impl::take_up(job& j) {
  auto follows = options.which == scope::named;
  if (follows || (j.listed && j.active == 0))
    taken_up.push_back(j.number);
  if (j.row.due && follows)
    timers.follow({*j.row.due, j.number, store::job_itself});
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& row = j.tasks[t].row;
    if (row.state == task_state::ready)
      enqueue(j, t);
    else if (row.state == task_state::backoff)
      set_alarm(alarm::kind::backoff, *row.due, j, t);
    if (active(row.state) && row.total_deadline)
      set_alarm(alarm::kind::total, *row.total_deadline, j, t);
    if (row.state == task_state::running)
      interrupt(j, t); // by the end of the engine that ran it
    else if (row.state == task_state::suspended && follows)
      if (auto call = next_call(row))
        timers.follow({call->when, j.number, t});
  }
}

std::shared_ptr<const job> planner::impl::look_at(std::uint64_t number) {
  if (auto found = jobs.find(number); found != jobs.end())
    return {std::shared_ptr<void>{}, &found->second};
  return std::make_shared<job>(read(load_job(*disk, number)));
}

std::optional<known_job> planner::impl::find(const std::string& id) {
  if (auto found = ids.find(id); found != ids.end())
    return known_job{found->second, jobs.at(found->second).definition.hash};
  if (id.size() > limits::id_bytes)
    return std::nullopt;
  auto stored = read(disk->get(store::table::definitions, store::key::definition(id)));
  if (!stored)
    return std::nullopt;
  auto definition = read(decode_definition(stored->body));
  if (doomed.contains(definition.number))
    return std::nullopt; // that it is gone is on its way to the disk
  return known_job{definition.number, std::move(definition.hash)};
}

std::optional<job_row> planner::impl::stored_row(std::uint64_t number) {
  if (auto found = jobs.find(number); found != jobs.end())
    return found->second.row;
  if (doomed.contains(number))
    return std::nullopt;
  auto stored = read(disk->get(store::table::jobs, store::key::job(number)));
  if (!stored)
    return std::nullopt;
  return read(decode_job(stored->body));
}

job_state planner::impl::state_of(std::uint64_t number) {
  auto row = stored_row(number);
  if (!row)
    throw unreadable{no_row(number)};
  return row->state;
}

void planner::impl::forget_idle() {
  while (!touched.empty() && touched.front().first <= batches_confirmed) {
    auto j = jobs.find(touched.front().second);
    touched.pop_front();
    if (j == jobs.end() || (j->second.active > 0 && is_ours(j->first))
        || j->second.last_batch > batches_confirmed)
      continue;
    if (j->second.row.waits_for_jobs > 0)
      for (auto t = std::uint32_t{0}; t < j->second.tasks.size(); ++t)
        unwatch(j->second, t, true);
    for (auto& [name, a] : agents)
      if (j->second.held)
        a.ready.release(j->first);
    forget_groups(j->first);
    ids.erase(j->second.row.id);
    jobs.erase(j);
  }
}

// -- rows ---------------------------------------------------------------------------

/// The specs of tasks that came into being, unless they stand in the definition.
void planner::impl::write_specs(job& j) {
  auto total = static_cast<std::uint32_t>(j.tasks.size());
  auto is_new = j.row.events_end == 0;
  if (is_new && total <= tasks_in_definition)
    j.inline_specs = total;
  if (is_new || std::exchange(j.definition_changed, false)) {
    auto definition = j.definition;
    for (auto t = std::uint32_t{0}; t < j.inline_specs; ++t)
      definition.tasks.push_back(j.tasks[t].spec);
    out.writes.put(store::table::definitions, store::key::definition(j.row.id),
                   store::kind::definition, encode(definition));
  }
  if (!is_new || total > tasks_in_definition)
    for (auto first = j.first_new_task; first < total;) {
      auto specs = std::vector<const spec_row*>{};
      auto key = store::key::spec(j.number, first);
      for (; first < total && specs.size() < limits::specs_per_row; ++first)
        specs.push_back(&j.tasks[first].spec);
      out.writes.put(store::table::specs, key, store::kind::specs, encode(specs));
    }
  j.first_new_task = total;
}

void planner::impl::write(job& j) {
  j.dirty = false;
  auto news = event_row{};
  if (auto total = static_cast<std::uint32_t>(j.tasks.size()); total > j.first_new_task)
    news.event.added.push_back({j.first_new_task, total - j.first_new_task});
  if (j.row.events_end == 0 || !news.event.added.empty() || j.definition_changed)
    write_specs(j);
  for (auto t : std::exchange(j.dirty_tasks, {})) {
    auto& x = j.tasks[t];
    x.dirty = false;
    out.writes.put(store::table::tasks, store::key::task(j.number, t), store::kind::task,
                   encode(x.row));
  }
  if (auto list = j.active > 0 || has_unseen_stall(j); list != j.listed) {
    if (list)
      out.writes.put(store::table::active, store::key::active(j.number), store::kind::active, {});
    else
      out.writes.erase(store::table::active, store::key::active(j.number));
    j.listed = list;
  }
  news.event.job = j.number;
  news.event.id = j.row.id;
  news.event.time = now;
  news.event.transitions = std::exchange(j.transitions, {});
  if (std::exchange(j.state_changed, false))
    news.event.state = j.row.state;
  if (j.row.events_end > 0)
    news.previous = j.row.events_end - 1;
  out.writes.append(store::log_id::jobs, store::kind::job_event, encode(news), {}, next_event);
  j.row.events_end = ++next_event;
  out.writes.put(store::table::jobs, store::key::job(j.number), store::kind::job, encode(j.row));
}

// -- the public face ----------------------------------------------------------------

planner::planner(std::unique_ptr<impl> self) : impl_(std::move(self)) {}
planner::planner(planner&&) noexcept = default;
planner& planner::operator=(planner&&) noexcept = default;
planner::~planner() = default;

result<planner> planner::restore(store::view& disk, planner_options options, timestamp now,
                                 effects& first) {
  auto self = std::make_unique<impl>();
  self->options = options;
  try {
    self->begin(disk, now);
    self->next_event = read(store::end_of(disk, store::log_id::jobs));
    auto last_job = [&](std::string_view key, const store::record&) {
      self->next_job = store::key::job_of(key) + 1;
      return false;
    };
    if (auto x = disk.scan(store::table::jobs, store::key::job(~std::uint64_t{0}),
                           store::direction::down, last_job);
        !x)
      return fail(x.error());
    if (options.which == scope::every_job)
      if (auto x = scan_prefix(disk, store::table::active, store::key::of(),
                               [&](std::string_view key, const store::record&) {
                                 self->unread.push_back(store::key::job_of(key));
                                 return true;
                               });
          !x)
        return fail(x.error());
    self->begin_retention();
    if (options.which == scope::every_job)
      if (auto x = self->timers.restore(disk); !x)
        return fail(x.error());
    self->take(load_due{});
    first = self->end();
    return planner{std::move(self)};
  } catch (...) {
    return fail(what_is_unreadable());
  }
}

effects planner::apply(const event& what, store::view& committed, timestamp now) {
  if (impl_->dead)
    return {};
  try {
    impl_->begin(committed, now);
    std::visit([this](auto& x) { impl_->take(x); }, what);
    return impl_->end();
  } catch (...) {
    impl_->dead = true; // half of the event is in memory, and must not reach the disk
    auto out = effects{};
    out.commands.push_back(give_up{what_is_unreadable()});
    return out;
  }
}

void planner::confirm(std::size_t n) {
  impl_->batches_confirmed += n;
  check(impl_->batches_confirmed <= impl_->batches_given, "a batch was confirmed twice");
  impl_->timers.confirm(impl_->batches_confirmed);
  auto& ends = impl_->recent_ends;
  while (!ends.empty() && ends.front().batch <= impl_->batches_confirmed)
    ends.pop_front();
  impl_->forget_idle();
}

bool planner::has_unread() const {
  return !impl_->unread.empty();
}

std::optional<timestamp> planner::wake_at() {
  auto& alarms = impl_->alarms;
  while (!alarms.empty() && !impl_->is_due(alarms.top()))
    alarms.pop();
  auto first = alarms.empty() ? std::nullopt : std::optional{alarms.top().when};
  if (auto timer = impl_->timers.first(); timer && (!first || timer->when < *first))
    first = timer->when;
  if (auto at = impl_->retention_at; at && (!first || *at < *first))
    first = at;
  return first;
}

std::size_t planner::running() const {
  return impl_->running.size();
}

std::size_t planner::jobs_in_memory() const {
  return impl_->jobs.size();
}

} // namespace dagger::plan
